/** `npm start`: where the student stands, and on a terminal the verdict at each save. */

import { runCommand } from '../start/run-command.ts';
import { startCommand } from '../start/start-command.ts';

await runCommand(startCommand);
