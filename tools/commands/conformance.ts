/** `npm run conformance`: a wire suite against anything that listens. */

import { conformanceCommand } from '../start/dispatch.ts';
import { runCommand } from '../start/run-command.ts';

await runCommand(conformanceCommand);
