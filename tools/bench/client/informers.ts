/**
 * The process that measures informers: one job from its arguments, one line of JSON as the outcome.
 * It runs with `--expose-gc`.
 */

import type { Pod } from 'kubernetes-types/core/v1.js';
import { type Clock, RealClock, realRandom, silentLogger } from '#apimachinery';
import {
  CONFIG_MAPS,
  decodeWatch,
  Indexer,
  type ListerWatcher,
  newInformerFactory,
  newRestClient,
  SharedInformer,
  type WatchEvent,
} from '#client';
import { newHttpTransport } from '#client/node';
import { NAMESPACE, podBody, podName } from '../apiserver/requests.ts';
import { afterSeconds, Meter } from '../meter.ts';

/** What to measure. */
export interface InformerJob {
  /**
   * `latency`: from sending a write to the handler. `memory`: of a cache of so many pods. `events`:
   * through a reflector and its informer to a handler, as objects; `stream`: the same, as bytes.
   */
  readonly kind: 'latency' | 'memory' | 'events' | 'stream';
  readonly endpoint: string;
  readonly objects: number;
  readonly seconds: number;
}

/** What came of it, in words. */
export interface InformerOutcome {
  readonly title: string;
  readonly figures: readonly string[];
}

const clock: Clock = new RealClock();
const world = { clock, random: realRandom(), log: silentLogger };

async function measureLatency({ endpoint, seconds }: InformerJob): Promise<InformerOutcome> {
  const config = { server: endpoint, namespace: NAMESPACE, user: {} };
  const { transport, close } = newHttpTransport(config, world);
  const client = newRestClient({ transport, server: endpoint, ...world });
  const stop = new AbortController();
  const factory = newInformerFactory(client, world);
  let onEvent = (_name: string) => {};
  factory.informer(CONFIG_MAPS).addEventHandler({
    onAdd: ({ metadata }) => onEvent(metadata?.name ?? ''),
  });
  factory.start(stop.signal);
  await factory.waitForSync(stop.signal);
  const maps = client.resource(CONFIG_MAPS, NAMESPACE);
  const meter = new Meter();
  const isOver = afterSeconds(seconds);
  for (let count = 0; !isOver(); count++) {
    const name = `latency-${process.pid}-${count}`;
    const begin = performance.now();
    const heard = new Promise<void>((resolve) => {
      onEvent = (seen) => {
        if (seen === name) resolve();
      };
    });
    await maps.create({ metadata: { name } });
    await heard;
    meter.add(performance.now() - begin);
  }
  stop.abort();
  await factory.whenStopped();
  await close();
  const { medianMs, p99Ms, operations } = meter.outcome();
  return {
    title: 'write to handler, over HTTP',
    figures: [`p50 ${medianMs.toFixed(2)} ms`, `p99 ${p99Ms.toFixed(2)} ms`, `of ${operations}`],
  };
}

/** As it comes from a server, with what that adds. */
function podText(i: number): string {
  const pod = JSON.parse(podBody(podName(i))) as Pod;
  const metadata = {
    ...pod.metadata,
    ...{ namespace: NAMESPACE, uid: `uid-${i}`, resourceVersion: String(i + 1) },
    creationTimestamp: '2025-01-01T00:00:00Z',
  };
  return JSON.stringify({
    ...pod,
    metadata,
    status: { phase: 'Running', podIP: `10.0.0.${i % 256}` },
  });
}

function heapBytes(): number {
  const { gc } = globalThis as { gc?: () => void };
  gc?.();
  gc?.();
  return process.memoryUsage().heapUsed;
}

async function measureMemory({ objects }: InformerJob): Promise<InformerOutcome> {
  const before = heapBytes();
  const begin = performance.now();
  const indexer = new Indexer<Pod>({});
  for (let i = 0; i < objects; i++) indexer.put(JSON.parse(podText(i)) as Pod);
  const took = performance.now() - begin;
  const bytes = heapBytes() - before;
  const json = podText(0).length;
  return {
    title: `a cache of ${indexer.list().length} pods of ${json} bytes of JSON`,
    figures: [
      `${(bytes / 2 ** 20).toFixed(0)} MiB of heap`,
      `${(bytes / objects).toFixed(0)} bytes a pod`,
      `parsed and put there in ${took.toFixed(0)} ms`,
    ],
  };
}

/** A source whose watch brings events as fast as they are taken. */
function sourceOf(events: () => AsyncIterable<WatchEvent<Pod>>): ListerWatcher<Pod> {
  return {
    list: async () => ({ items: [], metadata: { resourceVersion: '1' } }),
    watch: async () => ({
      [Symbol.asyncIterator]: () => events()[Symbol.asyncIterator](),
      stop: () => {},
    }),
  };
}

async function measureThroughput(
  { seconds }: InformerJob,
  title: string,
  events: (isOver: () => boolean) => AsyncIterable<WatchEvent<Pod>>,
): Promise<InformerOutcome> {
  const stop = new AbortController();
  const isOver = afterSeconds(seconds);
  let ended = () => {};
  const end = new Promise<void>((resolve) => {
    ended = resolve;
  });
  async function* untilOver() {
    yield* events(isOver);
    ended();
    await new Promise<void>((resolve) => stop.signal.addEventListener('abort', () => resolve()));
  }
  const informer = new SharedInformer(sourceOf(untilOver), { ...world, name: 'pods' });
  let handled = 0;
  const handler = { onAdd: () => void handled++, onUpdate: () => void handled++ };
  informer.addEventHandler(handler);
  const begin = performance.now();
  const running = informer.run(stop.signal);
  await end;
  const took = (performance.now() - begin) / 1000;
  stop.abort();
  await running;
  return { title, figures: [`${Math.round(handled / took)} events/s`, `${handled} handled`] };
}

const KNOWN = 1000;

async function* changes(isOver: () => boolean): AsyncGenerator<WatchEvent<Pod>> {
  const pods = Array.from({ length: KNOWN }, (_, i) => JSON.parse(podText(i)) as Pod);
  for (let version = 10; !isOver(); version++) {
    const pod = pods[version % KNOWN] as Pod;
    const metadata = { ...pod.metadata, resourceVersion: String(version) };
    const type = version < KNOWN + 10 ? 'ADDED' : 'MODIFIED';
    yield { type, object: { ...pod, metadata } };
  }
}

function changesAsBytes(isOver: () => boolean): AsyncIterable<WatchEvent<Pod>> {
  const lines = Array.from(
    { length: KNOWN },
    (_, i) => `{"type":"ADDED","object":${podText(i)}}\n`,
  );
  // Chunks as large as those of a socket.
  const chunk = new TextEncoder().encode(lines.join('').slice(0, 64 * 1024));
  const whole = chunk.slice(0, chunk.lastIndexOf(10) + 1);
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      if (isOver()) controller.close();
      else controller.enqueue(whole.slice());
    },
  });
  return decodeWatch<Pod>(stream);
}

const argument = process.argv[2];
if (argument?.startsWith('{') && import.meta.filename === process.argv[1]) {
  const job = JSON.parse(argument) as InformerJob;
  const run: Readonly<Record<InformerJob['kind'], () => Promise<InformerOutcome>>> = {
    latency: () => measureLatency(job),
    memory: () => measureMemory(job),
    events: () =>
      measureThroughput(job, 'objects through reflector and informer to a handler', changes),
    stream: () =>
      measureThroughput(
        job,
        'bytes through decoder, reflector and informer to a handler',
        changesAsBytes,
      ),
  };
  process.stdout.write(`${JSON.stringify(await run[job.kind]())}\n`, () => process.exit(0));
}
