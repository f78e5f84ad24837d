/**
 * The `kube-controller-manager` program: its flags, a real clock and connection, one leader, and a
 * clean end.
 *
 * `npm run component -- --ref kube-controller-manager --kubeconfig F`
 */

import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { consoleLogger, RealClock, realRandom } from '#apimachinery';
import { LEASES, LeaderElector } from '#client';
import { openClient } from '#client/node';
import { type ControllerWorld, newControllerContext } from './controller.ts';
import { type ControllerOptions, controllersFor, selectControllers } from './controllers.ts';
import { parseCidr } from './node/cidr.ts';
import { runControllers } from './run-controllers.ts';
import { type AddressRange, parseAddressRange } from './service/address-range.ts';

const NAME = 'kube-controller-manager';
/** How often a child looks whether its parent still lives. */
const PARENT_CHECK_MS = 500;
const LEVELS = ['warn', 'info', 'info', 'info', 'debug'] as const;

interface Flags {
  kubeconfig?: string;
  controllers: string[];
  leaderElect: boolean;
  leaderElectLeaseDuration: number;
  leaderElectRenewDeadline: number;
  leaderElectRetryPeriod: number;
  rootCaFile?: string;
  allocateNodeCidrs: boolean;
  clusterCidr?: string[];
  nodeCidrMaskSizeIpv4: number;
  nodeCidrMaskSizeIpv6: number;
  loadBalancerPool?: AddressRange[];
  serviceAccountPrivateKeyFile?: string;
  v: number;
}

function parseBoolean(text: string): boolean {
  if (/^(?:true|t|1)$/i.test(text)) return true;
  if (/^(?:false|f|0)$/i.test(text)) return false;
  throw new InvalidArgumentError('expected true or false');
}

function parseCount(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('expected a number from 0 on');
  return Number(text);
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A duration as Go writes it: `15s`, `1m30s`. */
function parseDurationMs(text: string): number {
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) {
    throw new InvalidArgumentError('expected a duration such as 15s or 1m30s');
  }
  let totalMs = 0;
  for (const [, amount, unit = ''] of text.matchAll(/([\d.]+)(ms|s|m|h)/g)) {
    totalMs += Number(amount) * (UNITS[unit] ?? 0);
  }
  return totalMs;
}

/** What does not fit is an error of this one flag. */
function checked<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
    }
  };
}

function parseCidrs(text: string): string[] {
  const cidrs = text.split(',');
  for (const cidr of cidrs) parseCidr(cidr);
  return cidrs;
}

function optionsOf(flags: Flags): ControllerOptions {
  const { allocateNodeCidrs, clusterCidr, loadBalancerPool } = flags;
  return {
    ...(allocateNodeCidrs && clusterCidr
      ? {
          nodeIpam: {
            clusterCidrs: clusterCidr,
            nodeMaskSizeIpv4: flags.nodeCidrMaskSizeIpv4,
            nodeMaskSizeIpv6: flags.nodeCidrMaskSizeIpv6,
          },
        }
      : {}),
    ...(loadBalancerPool && { loadBalancerPool }),
  };
}

function parseFlags(argv: readonly string[]): Flags {
  const program = new Command(NAME)
    .description('The loops that make a cluster what its objects say.')
    .option('--kubeconfig <file>', 'how to reach the API server (default: as in a pod)')
    .option(
      '--controllers <names>',
      "which ones: '*' is all, 'foo' is foo, '-foo' is not foo",
      (text) => text.split(','),
      ['*'],
    )
    .option(
      '--leader-elect [boolean]',
      'work only while no other of this name does',
      (text) => parseBoolean(text),
      true,
    )
    .option(
      '--leader-elect-lease-duration <duration>',
      'for how long others stand back',
      parseDurationMs,
      15_000,
    )
    .option(
      '--leader-elect-renew-deadline <duration>',
      'after how long without renewal to give up',
      parseDurationMs,
      10_000,
    )
    .option('--leader-elect-retry-period <duration>', 'how often to try', parseDurationMs, 2000)
    .option(
      '--allocate-node-cidrs [boolean]',
      'give nodes ranges of pod addresses; needs --cluster-cidr',
      (text) => parseBoolean(text),
      false,
    )
    .option('--cluster-cidr <ranges>', 'all pod addresses: 10.244.0.0/16', checked(parseCidrs))
    .option('--node-cidr-mask-size-ipv4 <n>', "how long nodes' ranges are", parseCount, 24)
    .option('--node-cidr-mask-size-ipv6 <n>', 'the same for IPv6', parseCount, 64)
    .option(
      '--load-balancer-pool <ranges>',
      'addresses for Services of type LoadBalancer: 192.0.2.10-192.0.2.99',
      checked((text) => text.split(',').map(parseAddressRange)),
    )
    .option('--root-ca-file <file>', 'certificates to give to every namespace')
    .option(
      '--service-account-private-key-file <file>',
      'taken for compatibility: the API server signs tokens',
    )
    .option('-v, --v <level>', 'how much to log: 0, 2, 4', parseCount, 0)
    .allowExcessArguments(false)
    .exitOverride();
  program.parse([...argv], { from: 'user' });
  const flags = program.opts<Flags>();
  if (flags.allocateNodeCidrs && !flags.clusterCidr) {
    program.error('error: --allocate-node-cidrs needs --cluster-cidr');
  }
  return flags;
}

async function run(flags: Flags): Promise<void> {
  const clock = new RealClock();
  const random = realRandom();
  const log = consoleLogger({ clock, level: LEVELS[flags.v] ?? 'debug' });
  const { kubeconfig } = flags;
  const userAgent = NAME;
  const { client, config, close } = await openClient({ kubeconfig, clock, log, userAgent });
  const rootCa = flags.rootCaFile
    ? readFileSync(flags.rootCaFile, 'utf8')
    : config.certificateAuthority;
  const all = controllersFor({ ...optionsOf(flags), ...(rootCa && { rootCa }) });
  const makers = selectControllers(all, flags.controllers);
  const stopped = new AbortController();
  const stop = (): void => stopped.abort();
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  whenOrphaned(stop);
  const world = { client, clock, random, log };
  const work = (signal: AbortSignal) => runControllers(newControllerContext(world), makers, signal);
  process.stdout.write('ready\n');
  if (flags.leaderElect) await lead(flags, world, work, stopped.signal);
  else await work(stopped.signal);
  await close();
  process.stdout.write('stopped\n', () => process.exit(0));
}

/** Works while this one leads. Who loses the lead must not go on: the process ends. */
async function lead(
  flags: Flags,
  world: ControllerWorld,
  work: (signal: AbortSignal) => Promise<void>,
  stopped: AbortSignal,
): Promise<void> {
  const identity = `${hostname()}_${randomUUID()}`;
  const lost = new AbortController();
  const elector = new LeaderElector({
    ...world,
    leases: world.client.resource(LEASES, 'kube-system'),
    name: NAME,
    identity,
    releaseOnCancel: true,
    leaseDurationMs: flags.leaderElectLeaseDuration,
    renewDeadlineMs: flags.leaderElectRenewDeadline,
    retryPeriodMs: flags.leaderElectRetryPeriod,
    callbacks: {
      onStartedLeading: (signal) => {
        process.stdout.write(`leading as ${identity}\n`);
        return work(signal);
      },
      onStoppedLeading: () => lost.abort(),
    },
  });
  await elector.run(stopped);
  if (lost.signal.aborted && !stopped.aborted) throw new Error('leader election lost');
}

/** Calls `stop` when the process that started this one is gone. */
function whenOrphaned(stop: () => void): void {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) stop();
  }, PARENT_CHECK_MS).unref();
}

function fail(error: unknown): void {
  process.stderr.write(`${NAME}: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

try {
  run(parseFlags(process.argv.slice(2))).catch(fail);
} catch (error) {
  // Commander has said what is wrong.
  process.exitCode = error instanceof CommanderError && error.exitCode === 0 ? 0 : 2;
}
