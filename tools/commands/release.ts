/** `npm run release`: makes a student repository, or brings one up to date. */

import { releaseCommand } from '../release/release-command.ts';
import { runCommand } from '../start/run-command.ts';

await runCommand(releaseCommand);
