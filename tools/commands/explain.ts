/** `npm run explain`: what a scheduler thought of each node for a pod. */

import { explainCommand } from '../start/explain-command.ts';
import { runCommand } from '../start/run-command.ts';

await runCommand(explainCommand);
