/** `npm run unborrow`: gives a borrowed exercise's own file back. */

import { unborrowCommand } from '../start/exercise-commands.ts';
import { runCommand } from '../start/run-command.ts';

await runCommand(unborrowCommand);
