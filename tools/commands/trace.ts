/** `npm run trace`: a packet's way through a node's rules. */

import { runCommand } from '../start/run-command.ts';
import { traceCommand } from '../start/trace-command.ts';

await runCommand(traceCommand);
