/** `npm run grade`: grades chapters and exercises. */

import { gradeCommand } from '../judge/grade-command.ts';
import { runCommand } from '../start/run-command.ts';

await runCommand(gradeCommand);
