/** Watches without a wire: how soon one watcher hears, and how many events reach a thousand. */

import type { Answer } from '../../../solutions/02-apiserver/context.ts';
import type { Outcome } from '../measure.ts';
import { afterSeconds, Meter } from '../meter.ts';
import {
  type PlainRequest,
  podName,
  podsPath,
  WATCHED_NAMESPACE,
  WATCHED_PODS,
} from './requests.ts';

/** Loads of which there is one number of watchers. */
export const WATCHERS: Readonly<Record<string, number>> = { 'watch latency': 1, 'fan-out': 1000 };

/** How many changes may be on their way to all watchers at once. */
const FAN_OUT_DEPTH = 2 * WATCHED_PODS;

type Ask = (request: PlainRequest) => Promise<Answer>;
type Reader = ReadableStreamDefaultReader<Uint8Array>;

/** Measures one of the two. */
export async function measureWatches(load: string, ask: Ask, seconds: number): Promise<Outcome> {
  const watches = new Watches();
  await watches.open(ask, WATCHERS[load] ?? 1);
  const measure = load === 'fan-out' ? fanOut : latency;
  await measure(ask, watches, seconds / 2);
  const outcome = await measure(ask, watches, seconds);
  await watches.close();
  return outcome;
}

/** Watches that begin after all that has happened, and what they have heard. */
class Watches {
  readonly #readers: Reader[] = [];
  /** By all of them together. */
  heard = 0;
  onEvent = (): void => {};

  get count(): number {
    return this.#readers.length;
  }

  async open(ask: Ask, count: number): Promise<void> {
    const path = podsPath(WATCHED_NAMESPACE);
    const { body } = await ask({ method: 'GET', target: path });
    const text = body instanceof Uint8Array ? new TextDecoder().decode(body) : String(body);
    const { resourceVersion } = JSON.parse(text).metadata;
    const target = `${path}?watch=1&resourceVersion=${resourceVersion}`;
    for (let i = 0; i < count; i++) {
      const answer = await ask({ method: 'GET', target });
      if (!(answer.body instanceof ReadableStream)) throw new Error('a watch is no stream');
      const reader = answer.body.getReader();
      this.#readers.push(reader);
      void this.#listen(reader);
    }
  }

  async #listen(reader: Reader): Promise<void> {
    while (!(await reader.read()).done) {
      this.heard += 1;
      this.onEvent();
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#readers.map((reader) => reader.cancel()));
  }
}

let changes = 0;

/** Gives one of the watched pods a label that is different each time. */
function change(pod: number): PlainRequest {
  return {
    method: 'PATCH',
    target: `${podsPath(WATCHED_NAMESPACE)}/${podName(pod)}`,
    type: 'application/merge-patch+json',
    body: JSON.stringify({ metadata: { labels: { count: `n${process.pid}-${changes++}` } } }),
  };
}

/** From asking for a change to hearing of it. */
async function latency(ask: Ask, watches: Watches, seconds: number): Promise<Outcome> {
  const meter = new Meter();
  const isOver = afterSeconds(seconds);
  while (!isOver()) {
    const begin = performance.now();
    const heard = new Promise<void>((resolve) => {
      watches.onEvent = () => {
        meter.add(performance.now() - begin);
        resolve();
      };
    });
    await Promise.all([ask(change(0)), heard]);
  }
  return meter.outcome();
}

/** Operations are events that arrived; writers wait while watchers have not heard of changes before. */
async function fanOut(ask: Ask, watches: Watches, seconds: number): Promise<Outcome> {
  const meter = new Meter();
  const isOver = afterSeconds(seconds);
  const before = watches.heard;
  let sent = 0;
  const lag = () => sent * watches.count - (watches.heard - before);
  const write = async (pod: number): Promise<void> => {
    while (!isOver()) {
      if (lag() > FAN_OUT_DEPTH * watches.count) {
        await new Promise(setImmediate);
        continue;
      }
      sent += 1;
      await ask(change(pod));
    }
  };
  await Promise.all(Array.from({ length: WATCHED_PODS }, (_, pod) => write(pod)));
  while (lag() > 0) await new Promise(setImmediate);
  return meter.outcome(watches.heard - before);
}
