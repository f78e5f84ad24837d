/** `npm run component`: one component's main as a process of its own. */

import { componentCommand } from '../start/component-command.ts';
import { runCommand } from '../start/run-command.ts';

await runCommand(componentCommand);
