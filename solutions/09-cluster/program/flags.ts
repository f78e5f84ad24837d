/** The flags of the cluster program. Whose components run was decided before: by `npm run cluster`. */

import { resolve } from 'node:path';
import { Command } from 'commander';
import { checked, parseCount, parsePort } from '#apimachinery/program';

/** The program's name, for messages. */
export const NAME = 'cluster';

/** What was said. */
export interface Flags {
  nodes: number;
  port: number;
  dataDir: string;
  /** Absent: `kubeconfig` in the data folder. */
  kubeconfig?: string;
  processes: boolean;
  /** Where the page to watch it is served; 0: any port. */
  pagePort: number;
  page: boolean;
  v: number;
}

const MAX_NODES = 200;
const COMMANDS = `
With a cluster that runs (each has its own --help):
  token create|list|delete  tokens with which nodes join
  join SERVER --token …     be one more node
  leave NODE                empty a node and take it out`;

/**
 * Reads flags.
 *
 * @throws CommanderError after it has said in one line what is wrong; with exit code 0 after `--help`
 */
export function parseFlags(argv: readonly string[]): Flags {
  const program = new Command(NAME)
    .description('A whole cluster: a control plane, nodes, their network, and a page to watch it.')
    .option('--nodes <n>', 'how many nodes', checked(parseNodes), 3)
    .option('--port <port>', 'where the API server serves HTTPS, on 127.0.0.1', parsePort, 6443)
    .option('--data-dir <folder>', 'keep everything here', '.course/cluster')
    .option('--kubeconfig <file>', 'write how to reach it here (default: in the data folder)')
    .option('--processes', 'one process for each component, speaking the real protocols', false)
    .option('--page-port <port>', 'where the page is served; 0: any', parsePort, 0)
    .option('--no-page', 'serve no page')
    .option('-v, --v <level>', 'how much to log: 0, 2, 4', parseCount, 0)
    .addHelpText('after', COMMANDS)
    .allowExcessArguments(false)
    .exitOverride();
  program.parse([...argv], { from: 'user' });
  const flags = program.opts<Flags>();
  if (flags.port === 0) program.error("error: option '--port <port>': 0 is no port to be found at");
  return {
    ...flags,
    dataDir: resolve(flags.dataDir),
    ...(flags.kubeconfig && { kubeconfig: resolve(flags.kubeconfig) }),
  };
}

function parseNodes(text: string): number {
  if (/^\d{1,3}$/.test(text) && Number(text) >= 1 && Number(text) <= MAX_NODES) return Number(text);
  throw new Error(`expected a number from 1 to ${MAX_NODES}`);
}
