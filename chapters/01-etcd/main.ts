/**
 * The `etcd` program: flags, a real clock and disk, a port, and a clean end.
 *
 * `npm run component -- --ref etcd --listen-client-urls http://127.0.0.1:2379 --data-dir D`
 */

import { Command, InvalidArgumentError } from 'commander';
import { consoleLogger, RealClock, realRandom } from '#apimachinery';
import { failureOf, sayStopped, startProgram, whenOrphaned } from '#apimachinery/program';
import { Etcd, MAX_REQUEST_BYTES } from './etcd.ts';
import { newMember } from './grpc/member.ts';
import { GrpcServer } from './grpc/server.ts';
import { newServices } from './grpc/services.ts';
import { NodeDisk } from './node-disk.ts';
import { MAX_TXN_OPS } from './txn.ts';

/** The shortest interval of progress reports, as etcd. */
const MIN_PROGRESS_NOTIFY_MS = 100;

interface Flags {
  name: string;
  dataDir?: string;
  listenClientUrls: URL[];
  advertiseClientUrls?: URL[];
  maxRequestBytes: number;
  maxTxnOps: number;
  experimentalWatchProgressNotifyInterval: number;
}

const durationUnits: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

function parseUrls(text: string): URL[] {
  return text.split(',').map((one) => {
    const url = URL.canParse(one) ? new URL(one) : undefined;
    if (url?.protocol !== 'http:' || url.port === '' || url.pathname !== '/') {
      throw new InvalidArgumentError(`expected http://HOST:PORT, found ${one}`);
    }
    return url;
  });
}

function parseCount(text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new InvalidArgumentError(`expected a number above 0`);
  return Number(text);
}

/** A duration as Go writes it: `10m`, `1m30s`, `500ms`. */
function parseDurationMs(text: string): number {
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) {
    throw new InvalidArgumentError('expected a duration such as 10m or 500ms');
  }
  let totalMs = 0;
  for (const [, amount, unit = ''] of text.matchAll(/([\d.]+)(ms|s|m|h)/g)) {
    totalMs += Number(amount) * (durationUnits[unit] ?? 0);
  }
  return totalMs;
}

function parseFlags(argv: readonly string[]): Flags {
  const program = new Command('etcd')
    .description('A key-value store with revisions and watch, speaking etcd v3 over gRPC.')
    .option('--name <name>', "this member's name", 'default')
    .option('--data-dir <folder>', 'where the log and the snapshots are (default: NAME.etcd)')
    .option('--listen-client-urls <urls>', 'where to listen; port 0 takes any', parseUrls, [
      new URL('http://127.0.0.1:2379'),
    ])
    .option('--advertise-client-urls <urls>', 'what to tell clients (default: as above)', parseUrls)
    .option('--max-request-bytes <n>', 'the largest write', parseCount, MAX_REQUEST_BYTES)
    .option('--max-txn-ops <n>', 'the most operations in a transaction', parseCount, MAX_TXN_OPS)
    .option(
      '--experimental-watch-progress-notify-interval <duration>',
      'how often quiet watches hear of the revision',
      parseDurationMs,
      600_000,
    )
    .allowExcessArguments(false)
    .exitOverride();
  program.parse([...argv], { from: 'user' });
  return program.opts<Flags>();
}

async function run(flags: Flags): Promise<void> {
  const clock = new RealClock();
  const log = consoleLogger({ clock, level: 'warn' });
  const disk = await NodeDisk.open(flags.dataDir ?? `${flags.name}.etcd`);
  const etcd = await Etcd.open({
    clock,
    random: realRandom(),
    log,
    disk,
    maxRequestBytes: flags.maxRequestBytes,
    maxTxnOps: flags.maxTxnOps,
    watchProgressNotifyIntervalMs: Math.max(
      flags.experimentalWatchProgressNotifyInterval,
      MIN_PROGRESS_NOTIFY_MS,
    ),
  });
  const server = await listen(etcd, flags, log);

  let isStopping = false;
  const stop = () => {
    if (isStopping) return;
    isStopping = true;
    server
      .stop()
      .then(() => etcd.stop())
      .then(() => disk.close())
      .then(sayStopped, failureOf('etcd'));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  whenOrphaned(stop);
  process.stdout.write('ready\n');
}

async function listen(etcd: Etcd, flags: Flags, log: ReturnType<typeof consoleLogger>) {
  const addresses: string[] = [];
  // Clients learn the addresses from the member, which is asked only once they are known.
  const clientUrls = flags.advertiseClientUrls?.map((url) => url.origin) ?? addresses;
  const services = newServices(etcd, {
    member: newMember(flags.name, clientUrls),
    maxRequestBytes: flags.maxRequestBytes,
  });
  const server = new GrpcServer({ ...services, log });
  for (const { hostname, port } of flags.listenClientUrls) {
    const chosen = await server.listen(hostname.replace(/^\[|\]$/g, ''), Number(port));
    addresses.push(`http://${hostname}:${chosen}`);
    process.stdout.write(`listening on http://${hostname}:${chosen}\n`);
  }
  return server;
}

startProgram({ name: 'etcd', parseFlags, run });
