/** `npm run bench`: measures a component beside the real one. */

import { benchCommand } from '../start/dispatch.ts';
import { runCommand } from '../start/run-command.ts';

await runCommand(benchCommand);
