/** The flags of `kube-scheduler`, with upstream's names. What becomes of them is `main.ts`. */

import { Command } from 'commander';
import {
  addElection,
  addServing,
  type ElectionFlags,
  electionOf,
  parseCount,
  parseRate,
  type ServingFlags,
} from '#apimachinery/program';
import { newElectionTiming } from '#client';

/** The program's name. */
export const NAME = 'kube-scheduler';

/** What was said. */
export interface Flags extends ElectionFlags, ServingFlags {
  kubeconfig?: string;
  config?: string;
  kubeApiQps: number;
  kubeApiBurst: number;
  decisionTraces: number;
  v: number;
}

/**
 * Reads flags.
 *
 * @throws CommanderError after it has said in one line what is wrong; with exit code 0 after `--help`
 */
export function parseFlags(argv: readonly string[]): Flags {
  const program = new Command(NAME)
    .description('Gives each pod a node.')
    .allowExcessArguments(false)
    .exitOverride()
    .option('--kubeconfig <file>', 'how to reach the API server (default: as in a pod)')
    .option('--config <file>', 'a KubeSchedulerConfiguration, kubescheduler.config.k8s.io/v1')
    .option('--kube-api-qps <n>', 'requests in a second; 0: no limit', parseRate, 50)
    .option('--kube-api-burst <n>', 'requests that may go out at once', parseCount, 100)
    .option(
      '--decision-traces <n>',
      'of how many pods to remember what was thought of each node; needs --secure-port',
      parseCount,
      0,
    )
    .option('-v, --v <level>', 'how much to log: 0, 2, 4', parseCount, 0);
  addElection(program, NAME);
  addServing(program);
  program.parse([...argv], { from: 'user' });
  const flags = program.opts<Flags>();
  const fault = faultOf(flags);
  if (fault !== undefined) program.error(`error: ${fault}`);
  return flags;
}

/** What flags say together. */
function faultOf(flags: Flags): string | undefined {
  if ((flags.tlsCertFile === undefined) !== (flags.tlsPrivateKeyFile === undefined)) {
    return '--tls-cert-file and --tls-private-key-file go together';
  }
  if (flags.decisionTraces > 0 && flags.securePort === 0) {
    return '--decision-traces needs --secure-port, where they can be asked for';
  }
  try {
    if (flags.leaderElect) newElectionTiming(electionOf(flags));
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
