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
  const watchers = await openWatches(ask, WATCHERS[load] ?? 1);
  const measure = load === 'fan-out' ? fanOut : latency;
  await measure(ask, watchers, seconds / 2);
  const outcome = await measure(ask, watchers, seconds);
  await Promise.all(watchers.map((watcher) => watcher.cancel()));
  return outcome;
}

/** Opens watches that begin after all that has happened. */
async function openWatches(ask: Ask, count: number): Promise<Reader[]> {
  const path = podsPath(WATCHED_NAMESPACE);
  const { body } = await ask({ method: 'GET', target: path });
  const text = body instanceof Uint8Array ? new TextDecoder().decode(body) : String(body);
  const { resourceVersion } = JSON.parse(text).metadata;
  const target = `${path}?watch=1&resourceVersion=${resourceVersion}`;
  const open = async (): Promise<Reader> => {
    const answer = await ask({ method: 'GET', target });
    if (!(answer.body instanceof ReadableStream)) throw new Error('a watch is no stream');
    return answer.body.getReader();
  };
  return Promise.all(Array.from({ length: count }, open));
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
async function latency(ask: Ask, [watcher]: Reader[], seconds: number): Promise<Outcome> {
  const meter = new Meter();
  const isOver = afterSeconds(seconds);
  while (!isOver()) {
    const begin = performance.now();
    const heard = watcher?.read().then(() => meter.add(performance.now() - begin));
    await Promise.all([ask(change(0)), heard]);
  }
  return meter.outcome();
}

/** Operations are events that arrived; writers wait while watchers have not heard of changes before. */
async function fanOut(ask: Ask, watchers: Reader[], seconds: number): Promise<Outcome> {
  const meter = new Meter();
  const isOver = afterSeconds(seconds);
  let sent = 0;
  let heard = 0;
  let isDone = false;
  const write = async (pod: number): Promise<void> => {
    while (!isOver()) {
      if (heard < (sent - FAN_OUT_DEPTH) * watchers.length) {
        await new Promise(setImmediate);
        continue;
      }
      sent += 1;
      await ask(change(pod));
    }
  };
  const listen = async (watcher: Reader): Promise<void> => {
    for (let own = 0; !isDone || own < sent; own++) {
      await watcher.read();
      heard += 1;
      if (isDone && own + 1 >= sent) return;
    }
  };
  const listening = watchers.map(listen);
  await Promise.all(Array.from({ length: WATCHED_PODS }, (_, pod) => write(pod)));
  isDone = true;
  await Promise.all(listening);
  return meter.outcome(heard);
}
