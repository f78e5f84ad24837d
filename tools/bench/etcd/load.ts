/**
 * The process that makes the load: one job from its arguments, one line of JSON as the outcome.
 */

import type { Outcome } from '../measure.ts';
import { afterSeconds, Meter } from '../meter.ts';
import { type PreparedCall, RawConnection } from './raw-connection.ts';
import { firstWatch, KEYS, nextWatch, type UnaryLoad, unaryLoads, watchedPut } from './requests.ts';

/** What to do. */
export interface Job {
  readonly kind: 'unary' | 'fill' | 'watch latency' | 'fan-out';
  readonly endpoint: string;
  readonly load?: UnaryLoad;
  readonly clients?: number;
  readonly seconds: number;
}

const MAX_CONNECTIONS = 10;
const FAN_OUT_STREAMS = 10;
const FAN_OUT_WATCHES_PER_STREAM = 100;
/** How many puts may be on their way to all watchers at once. */
const FAN_OUT_DEPTH = 4;

async function connectAll(endpoint: string, count: number): Promise<RawConnection[]> {
  return Promise.all(Array.from({ length: count }, () => RawConnection.open(endpoint)));
}

/** Each client sends its next call when the last is answered. */
async function runUnary(
  connections: readonly RawConnection[],
  calls: readonly PreparedCall[],
  clients: number,
  until: (sent: number) => boolean,
): Promise<Outcome> {
  const meter = new Meter();
  let sent = 0;
  await Promise.all(
    Array.from({ length: clients }, (_, client) => {
      const connection = connections[client % connections.length] as RawConnection;
      return new Promise<void>((resolve) => {
        const next = () => {
          if (until(sent)) {
            resolve();
            return;
          }
          const call = calls[sent++ % calls.length] as PreparedCall;
          const begin = performance.now();
          connection.call(call, {
            end: (isAnswered) => {
              meter.add(performance.now() - begin);
              if (!isAnswered) meter.errors += 1;
              next();
            },
          });
        };
        next();
      });
    }),
  );
  return meter.outcome();
}

/** Opens a stream of watches; resolves when all are created. */
function openWatches(
  connection: RawConnection,
  count: number,
  onEvents: (events: number) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let created = 0;
    const stream = connection.call(firstWatch(), {
      message: (bytes) => {
        const events = countEvents(bytes);
        if (events > 0) onEvents(events);
        else if (++created === count) resolve();
      },
      end: () => reject(new Error('the server ended the stream of watches')),
    });
    const next = nextWatch();
    for (let i = 1; i < count; i++) connection.send(next, stream);
  });
}

/** Counts the fields number 11 of a message, without decoding them. */
function countEvents(bytes: Buffer): number {
  let events = 0;
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] ?? 0;
      if (shift < 28) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    if (tag >>> 3 === 11) events += 1;
    const value = varint();
    if ((tag & 7) === 2) at += value;
  }
  return events;
}

/** One watcher, one writer: from sending the put to hearing of it. */
async function runWatchLatency(endpoint: string, seconds: number): Promise<Outcome> {
  const [writer, watcher] = (await connectAll(endpoint, 2)) as [RawConnection, RawConnection];
  let onEvent = () => {};
  await openWatches(watcher, 1, () => onEvent());
  const meter = new Meter();
  const put = watchedPut();
  const isOver = afterSeconds(seconds);
  while (!isOver()) {
    const begin = performance.now();
    await new Promise<void>((resolve) => {
      let left = 2;
      const one = () => (--left === 0 ? resolve() : undefined);
      onEvent = () => {
        meter.add(performance.now() - begin);
        one();
      };
      writer.call(put, { end: one });
    });
  }
  return meter.outcome();
}

/** A thousand watchers on ten streams; operations are events that arrived. */
async function runFanOut(endpoint: string, seconds: number): Promise<Outcome> {
  const connections = await connectAll(endpoint, FAN_OUT_STREAMS + 1);
  const [writer, ...watchers] = connections as [RawConnection, ...RawConnection[]];
  const watches = FAN_OUT_STREAMS * FAN_OUT_WATCHES_PER_STREAM;
  const put = watchedPut();
  let events = 0;
  let puts = 0;
  let isOver = () => false;
  let done = () => {};
  const putMore = () => {
    while (!isOver() && (puts - FAN_OUT_DEPTH) * watches < events) {
      puts += 1;
      writer.call(put, { end: () => {} });
    }
    if (isOver() && events === puts * watches) done();
  };
  const onEvents = (count: number) => {
    events += count;
    putMore();
  };
  await Promise.all(
    watchers.map((watcher) => openWatches(watcher, FAN_OUT_WATCHES_PER_STREAM, onEvents)),
  );
  const meter = new Meter();
  isOver = afterSeconds(seconds);
  await new Promise<void>((resolve) => {
    done = resolve;
    putMore();
  });
  return meter.outcome(events);
}

async function run(job: Job): Promise<Outcome> {
  if (job.kind === 'watch latency') return runWatchLatency(job.endpoint, job.seconds);
  if (job.kind === 'fan-out') return runFanOut(job.endpoint, job.seconds);
  const clients = job.clients ?? 1;
  const connections = await connectAll(job.endpoint, Math.min(clients, MAX_CONNECTIONS));
  const calls = unaryLoads[job.load ?? 'put']();
  if (job.kind === 'fill') return runUnary(connections, calls, clients, (sent) => sent >= KEYS);
  const warmUp = Math.min(0.5, job.seconds / 4);
  await runUnary(connections, calls, clients, afterSeconds(warmUp));
  process.send?.('warm');
  return runUnary(connections, calls, clients, afterSeconds(job.seconds));
}

const outcome = await run(JSON.parse(process.argv[2] ?? '{}') as Job);
process.stdout.write(`${JSON.stringify(outcome)}\n`, () => process.exit(0));
