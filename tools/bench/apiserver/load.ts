/**
 * The process that makes the load: one job from its arguments, one line of JSON as the outcome.
 */

import type { Outcome } from '../measure.ts';
import { afterSeconds, Meter } from '../meter.ts';
import { RawHttp } from './raw-http.ts';
import {
  type Counted,
  createRequest,
  getRequest,
  NAMESPACE,
  numbered,
  PODS,
  patchRequest,
  podBody,
  podName,
  podsPath,
  setUpRequests,
  updateRequest,
  WATCHED_NAMESPACE,
  WATCHED_PODS,
  writeRequest,
} from './requests.ts';

/** Kinds of load with one answer each. */
export const UNARY_LOADS = ['create', 'get', 'list', 'list 500', 'update', 'patch'] as const;
export type UnaryLoad = (typeof UNARY_LOADS)[number];

/** What to do. */
export interface Job {
  readonly kind: 'fill' | 'unary' | 'watch latency' | 'fan-out';
  readonly endpoint: string;
  readonly load?: UnaryLoad;
  readonly connections?: number;
  readonly seconds: number;
}

const WATCHERS = 1000;
/** How many changes may be on their way to all watchers at once. */
const FAN_OUT_DEPTH = 2 * WATCHED_PODS;
const FILL_CONNECTIONS = 20;

/** Gives the bytes of the next request on one of the connections. */
type NextRequest = () => Buffer;

async function openAll(endpoint: string, count: number): Promise<RawHttp[]> {
  return Promise.all(Array.from({ length: count }, () => RawHttp.open(endpoint)));
}

/** Each connection sends its next request when the last is answered. */
async function run(
  connections: readonly RawHttp[],
  requests: readonly NextRequest[],
  isOver: () => boolean,
): Promise<Outcome> {
  const meter = new Meter();
  await Promise.all(
    connections.map((connection, i) => {
      const request = requests[i % requests.length] as NextRequest;
      return new Promise<void>((resolve) => {
        let begin = 0;
        const done = (isOk: boolean) => {
          meter.add(performance.now() - begin);
          if (!isOk) meter.errors += 1;
          next();
        };
        const next = () => {
          if (isOver()) {
            resolve();
            return;
          }
          begin = performance.now();
          connection.call(request(), done);
        };
        next();
      });
    }),
  );
  return meter.outcome();
}

/** The requests of each connection. */
async function requestsOf(
  load: UnaryLoad,
  connections: readonly RawHttp[],
): Promise<NextRequest[]> {
  const path = podsPath(NAMESPACE);
  let count = 0;
  if (load === 'create') {
    const request = createRequest(`${process.pid}-${Date.now().toString(36)}`);
    return [() => numbered(request, count++)];
  }
  if (load === 'get') {
    const all = Array.from({ length: PODS }, (_, i) => getRequest(`${path}/${podName(i)}`));
    return [() => all[count++ % PODS] as Buffer];
  }
  if (load === 'list') return [always(getRequest(path))];
  if (load === 'list 500') return [always(getRequest(`${path}?limit=500`))];
  // Every connection has a pod of its own: that they do not fight for one is not the question here.
  const pods = connections.map((_, i) => `${path}/${podName(i)}`);
  const salt = Date.now() % 1e7;
  const requests = await Promise.all(
    pods.map(async (pod, i) =>
      load === 'patch'
        ? patchRequest(pod)
        : updateRequest(pod, await textOf(connections[i] as RawHttp, getRequest(pod))),
    ),
  );
  return requests.map((request) => () => numbered(request, salt + count++));
}

function always(request: Buffer): NextRequest {
  return () => request;
}

async function textOf(connection: RawHttp, request: Buffer): Promise<string> {
  const pieces: Buffer[] = [];
  const isOk = await new Promise<boolean>((resolve) =>
    connection.call(request, resolve, (piece) => pieces.push(piece)),
  );
  const text = Buffer.concat(pieces).toString();
  if (!isOk) throw new Error(`refused: ${text}`);
  return text;
}

/** Makes the namespaces and the pods that are there before anything is measured. */
async function fill(endpoint: string): Promise<Outcome> {
  const connections = await openAll(endpoint, FILL_CONNECTIONS);
  const [first] = connections as [RawHttp];
  for (const { method, target, body = '' } of setUpRequests()) {
    await textOf(first, writeRequest(method, target, body));
  }
  let count = 0;
  const next = () => writeRequest('POST', podsPath(NAMESPACE), podBody(podName(count++)));
  return run(connections, [next], () => count >= PODS);
}

async function runUnary({ endpoint, load = 'get', connections = 1, seconds }: Job) {
  const all = await openAll(endpoint, connections);
  const requests = await requestsOf(load, all);
  await run(all, requests, afterSeconds(Math.min(0.5, seconds / 2)));
  process.send?.('warm');
  return run(all, requests, afterSeconds(seconds));
}

const watchedPath = podsPath(WATCHED_NAMESPACE);

/** Opens watches that begin after all that has happened. */
async function openWatches(
  endpoint: string,
  count: number,
  onEvents: (events: number) => void,
): Promise<void> {
  const [reader, ...watchers] = (await openAll(endpoint, count + 1)) as [RawHttp, ...RawHttp[]];
  const { metadata } = JSON.parse(await textOf(reader, getRequest(watchedPath)));
  const request = getRequest(`${watchedPath}?watch=1&resourceVersion=${metadata.resourceVersion}`);
  await Promise.all(watchers.map((watcher) => watcher.watch(request, onEvents)));
}

/** One watcher, one writer: from sending a change to hearing of it. */
async function runWatchLatency({ endpoint, seconds }: Job): Promise<Outcome> {
  let onEvent = () => {};
  await openWatches(endpoint, 1, () => onEvent());
  const writer = await RawHttp.open(endpoint);
  const change = patchRequest(`${watchedPath}/${podName(0)}`);
  let count = Date.now() % 1e7;
  const changeFor = async (meter: Meter, isOver: () => boolean): Promise<Outcome> => {
    while (!isOver()) {
      const begin = performance.now();
      await new Promise<void>((resolve) => {
        let left = 2;
        const one = () => (--left === 0 ? resolve() : undefined);
        onEvent = () => {
          meter.add(performance.now() - begin);
          one();
        };
        writer.call(numbered(change, count++), (isOk) => {
          if (!isOk) meter.errors += 1;
          one();
        });
      });
    }
    return meter.outcome();
  };
  await changeFor(new Meter(), afterSeconds(seconds / 2));
  process.send?.('warm');
  return changeFor(new Meter(), afterSeconds(seconds));
}

/**
 * A thousand watchers, each on a connection of its own; operations are events that arrived.
 *
 * Every writer changes a pod of its own, and waits while watchers have not heard of changes before.
 */
async function runFanOut({ endpoint, seconds }: Job): Promise<Outcome> {
  let events = 0;
  let changes = 0;
  let whenHeard = () => {};
  await openWatches(endpoint, WATCHERS, (count) => {
    events += count;
    whenHeard();
  });
  const writers = await openAll(endpoint, WATCHED_PODS);
  const requests = writers.map((_, i) => patchRequest(`${watchedPath}/${podName(i)}`));
  const salt = Date.now() % 1e7;
  const changeFor = async (meter: Meter): Promise<Outcome> => {
    const before = events;
    const isOver = afterSeconds(seconds);
    const idle = writers.map((_, i) => i);
    await new Promise<void>((resolve) => {
      whenHeard = () => {
        while (!isOver() && idle.length > 0 && events >= (changes - FAN_OUT_DEPTH) * WATCHERS) {
          const writer = idle.pop() as number;
          changes += 1;
          const request = numbered(requests[writer] as Counted, salt + changes);
          (writers[writer] as RawHttp).call(request, (isOk) => {
            if (!isOk) meter.errors += 1;
            idle.push(writer);
            whenHeard();
          });
        }
        const isAllHeard = idle.length === writers.length && events === changes * WATCHERS;
        if (isOver() && isAllHeard) resolve();
      };
      whenHeard();
    });
    return meter.outcome(events - before);
  };
  await changeFor(new Meter());
  process.send?.('warm');
  return changeFor(new Meter());
}

const RUN: Readonly<Record<Job['kind'], (job: Job) => Promise<Outcome>>> = {
  fill: ({ endpoint }) => fill(endpoint),
  unary: runUnary,
  'watch latency': runWatchLatency,
  'fan-out': runFanOut,
};

const job = JSON.parse(process.argv[2] ?? '{}') as Job;
const outcome = await RUN[job.kind](job);
process.stdout.write(`${JSON.stringify(outcome)}\n`, () => process.exit(0));
