/** `npm run cluster`: the whole cluster, of what the student has passed and the reference. */

import { clusterCommand } from '../start/cluster-command.ts';
import { runCommand } from '../start/run-command.ts';

await runCommand(clusterCommand);
