/** `npm run borrow`: uses the reference's file for an exercise, at no points. */

import { borrowCommand } from '../start/exercise-commands.ts';
import { runCommand } from '../start/run-command.ts';

await runCommand(borrowCommand);
