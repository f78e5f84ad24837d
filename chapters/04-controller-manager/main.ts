/**
 * The `kube-controller-manager` program: a real clock and connection, one leader, and a clean end.
 * Its flags are in `program/flags.ts`.
 *
 * `npm run component -- --ref kube-controller-manager --kubeconfig F`
 */

import { readFileSync } from 'node:fs';
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
import type { SigningOptions } from './certificate/csr-signing-controller.ts';
import { type ControllerWorld, newControllerContext } from './controller.ts';
import { asOwnAccounts } from './controller-accounts.ts';
import { controllersFor, selectControllers } from './controllers.ts';
import { newAccountClients } from './program/account-clients.ts';
import { certificateReader, newCertificateSigner } from './program/certificate-signer.ts';
import { type Flags, NAME, optionsOf, parseFlags } from './program/flags.ts';
import { countFailures, countRequests } from './program/metrics.ts';
import { runControllers } from './run-controllers.ts';

const LEVELS = ['warn', 'info', 'info', 'info', 'debug'] as const;

async function run(flags: Flags): Promise<void> {
  const clock = new RealClock();
  const random = realRandom();
  const metrics = new Metrics(clock);
  const log = countFailures(consoleLogger({ clock, level: LEVELS[flags.v] ?? 'debug' }), metrics);
  const { kubeconfig, kubeApiQps: qps, kubeApiBurst: burst } = flags;
  const connection = { kubeconfig, clock, log, userAgent: NAME, qps, burst };
  const { client, config, close } = await openClient(connection);
  const rootCa = flags.rootCaFile
    ? readFileSync(flags.rootCaFile, 'utf8')
    : config.certificateAuthority;
  const signing = await signingOf(flags);
  const all = controllersFor({
    ...optionsOf(flags),
    ...(rootCa && { rootCa }),
    certificateReader,
    ...(signing && { signing }),
  });
  const accounts = flags.useServiceAccountCredentials
    ? newAccountClients({ config, client, clock, log })
    : undefined;
  const own = accounts
    ? asOwnAccounts(all, (account) => countRequests(accounts.clientAs(account), metrics))
    : all;
  const makers = selectControllers(own, flags.controllers);
  const stopped = new AbortController();
  const stop = (): void => stopped.abort();
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  whenOrphaned(stop);
  const serving = await serveIfAsked(flags, metrics);
  if (serving) process.stdout.write(`listening on ${serving.address}\n`);
  const world = { client: countRequests(client, metrics), clock, random, log };
  const work = (signal: AbortSignal) => runControllers(newControllerContext(world), makers, signal);
  process.stdout.write('ready\n');
  if (flags.leaderElect) await lead(flags, world, work, metrics, stopped.signal);
  else await work(stopped.signal);
  await serving?.close();
  await accounts?.close();
  await close();
  sayStopped();
}

async function signingOf(flags: Flags): Promise<SigningOptions | undefined> {
  const { clusterSigningCertFile: certFile, clusterSigningKeyFile: keyFile } = flags;
  if (certFile === undefined || keyFile === undefined) return undefined;
  const [certificate, key] = [certFile, keyFile].map((file) => readFileSync(file, 'utf8'));
  const signer = await newCertificateSigner(certificate ?? '', key ?? '');
  return { reader: certificateReader, signer, longestMs: flags.clusterSigningDuration };
}

async function serveIfAsked(flags: Flags, metrics: Metrics): Promise<Serving | undefined> {
  const { securePort: port, bindAddress, tlsCertFile, tlsPrivateKeyFile } = flags;
  if (port === 0) return undefined;
  return serve({
    port,
    bindAddress,
    ...(tlsCertFile !== undefined &&
      tlsPrivateKeyFile !== undefined && {
        certificate: { certFile: tlsCertFile, keyFile: tlsPrivateKeyFile },
      }),
    metrics: () => metrics.text(),
  });
}

/** Works while this one leads. */
function lead(
  flags: Flags,
  world: ControllerWorld,
  work: (signal: AbortSignal) => Promise<void>,
  metrics: Metrics,
  stopped: AbortSignal,
): Promise<void> {
  const { leaderElectResourceName: leaseName, leaderElectResourceNamespace } = flags;
  const help = 'Whether this one leads: 1, or stands by: 0.';
  const note = (isLeading: boolean): void =>
    metrics.set('leader_election_master_status', help, { name: leaseName }, isLeading ? 1 : 0);
  const election = { timing: electionOf(flags), leaseName, note };
  const options = { ...world, ...election, leaseNamespace: leaderElectResourceNamespace, work };
  return runAsLeader(options, stopped);
}

startProgram({ name: NAME, parseFlags, run });
