/**
 * The `kube-scheduler` program: a real clock and connection, one leader, and a clean end. Its flags are
 * in `program/flags.ts`.
 *
 * `npm run component -- --ref kube-scheduler --kubeconfig F`
 */

import { consoleLogger, RealClock, realRandom } from '#apimachinery';
import {
  electionOf,
  Metrics,
  type Serving,
  sayStopped,
  serve,
  startProgram,
  whenOrphaned,
} from '#apimachinery/program';
import { openClient, runAsLeader } from '#client/node';
import { DecisionTracer } from './decision-trace.ts';
import { DEFAULT_CONFIGURATION } from './profiles/configuration.ts';
import { readConfiguration } from './program/configuration-file.ts';
import { type Flags, NAME, parseFlags } from './program/flags.ts';
import { newScheduler, type Scheduler } from './scheduler.ts';

const LEVELS = ['warn', 'info', 'info', 'info', 'debug'] as const;
const DECISIONS = /^\/debug\/decisions\/([^/]+)\/([^/]+)$/;

async function run(flags: Flags): Promise<void> {
  const clock = new RealClock();
  const random = realRandom();
  const metrics = new Metrics(clock);
  const log = consoleLogger({ clock, level: LEVELS[flags.v] ?? 'debug' });
  const configuration = flags.config ? readConfiguration(flags.config) : DEFAULT_CONFIGURATION;
  const said = configuration.clientConnection;
  const { kubeconfig = said.kubeconfig, kubeApiQps, kubeApiBurst } = flags;
  const limits = { qps: said.qps ?? kubeApiQps, burst: said.burst ?? kubeApiBurst };
  const connection = { kubeconfig, clock, log, userAgent: NAME, ...limits };
  const { client, close } = await openClient(connection);
  const tracer =
    flags.decisionTraces > 0 ? new DecisionTracer(clock, flags.decisionTraces) : undefined;
  const world = { client, clock, random, log };
  // Made once before anything runs: what is wrong with the configuration is said at once.
  let scheduler = newScheduler({ ...world, configuration, ...(tracer && { tracer }) });
  const stopped = new AbortController();
  const stop = (): void => stopped.abort();
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  whenOrphaned(stop);
  const serving = await serveIfAsked(flags, metrics, () => scheduler, tracer);
  if (serving) process.stdout.write(`listening on ${serving.address}\n`);
  const work = async (signal: AbortSignal): Promise<void> => {
    scheduler = newScheduler({ ...world, configuration, ...(tracer && { tracer }) });
    await scheduler.run(signal);
  };
  process.stdout.write('ready\n');
  if (flags.leaderElect) {
    const { leaderElectResourceName: leaseName, leaderElectResourceNamespace } = flags;
    const help = 'Whether this one leads: 1, or stands by: 0.';
    const note = (isLeading: boolean): void =>
      metrics.set('leader_election_master_status', help, { name: leaseName }, isLeading ? 1 : 0);
    const election = { timing: electionOf(flags), leaseName, note };
    const options = { ...world, ...election, leaseNamespace: leaderElectResourceNamespace, work };
    await runAsLeader(options, stopped.signal);
  } else await work(stopped.signal);
  await serving?.close();
  await close();
  sayStopped();
}

async function serveIfAsked(
  flags: Flags,
  metrics: Metrics,
  scheduler: () => Scheduler,
  tracer: DecisionTracer | undefined,
): Promise<Serving | undefined> {
  const { securePort: port, bindAddress, tlsCertFile, tlsPrivateKeyFile } = flags;
  if (port === 0) return undefined;
  return serve({
    port,
    bindAddress,
    ...(tlsCertFile !== undefined &&
      tlsPrivateKeyFile !== undefined && {
        certificate: { certFile: tlsCertFile, keyFile: tlsPrivateKeyFile },
      }),
    metrics: () => {
      note(metrics, scheduler());
      return metrics.text();
    },
    more: (path) => {
      const [, namespace = '', name = ''] = DECISIONS.exec(path) ?? [];
      const trace = name && tracer?.find(namespace, name);
      return trace ? JSON.stringify(trace) : undefined;
    },
  });
}

/** What the scheduler counts, in upstream's names. */
function note(metrics: Metrics, { counts }: Scheduler): void {
  const help = 'Attempts to schedule pods, by what came of them.';
  for (const result of ['scheduled', 'unschedulable', 'error'] as const) {
    metrics.set('scheduler_schedule_attempts_total', help, { result }, counts[result]);
  }
  const pending = 'Pods that wait, by the pool they are in.';
  for (const [queue, pods] of Object.entries(counts.pending())) {
    metrics.set('scheduler_pending_pods', pending, { queue }, pods);
  }
}

startProgram({ name: NAME, parseFlags, run });
