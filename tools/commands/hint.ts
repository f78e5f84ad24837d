/** `npm run hint`: shows the next hint of an exercise. */

import { hintCommand } from '../start/hint-command.ts';
import { runCommand } from '../start/run-command.ts';

await runCommand(hintCommand);
