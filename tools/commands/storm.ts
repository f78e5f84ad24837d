/** `npm run storm`: the whole cluster under faults in virtual time. */

import { runCommand } from '../start/run-command.ts';
import { stormCommand } from '../start/storm-command.ts';

await runCommand(stormCommand);
