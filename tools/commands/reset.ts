/** `npm run reset`: puts one exercise's stub back; the old text is kept. */

import { resetCommand } from '../start/exercise-commands.ts';
import { runCommand } from '../start/run-command.ts';

await runCommand(resetCommand);
