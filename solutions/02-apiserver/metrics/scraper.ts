/**
 * Asks every kubelet what its node and pods use, again and again. Given.
 *
 * In a real cluster metrics-server does, which the API server passes requests on to; here the API
 * server does it itself. What is made of the answers is in `usage.ts`.
 *
 * @see metrics-server pkg/scraper/scraper.go (0.7)
 */

import type { Clock, Logger, Node } from '#apimachinery';
import type { NodeDialer } from '../proxy/backend.ts';
import { parseResourceMetrics } from './resource-metrics.ts';
import type { UsageBatch, UsageStore } from './usage.ts';

/** From one round to the next. */
export const SCRAPE_INTERVAL_MS = 15_000;
/** The same while there is a node of which nothing can be said yet: usage takes two points. */
const EAGER_INTERVAL_MS = 1000;
/** How long one kubelet may take. */
const TIMEOUT_MS = 10_000;
const PATH = '/metrics/resource';
/** So many rounds in a row without an answer are worth a word. */
const ROUNDS_TO_WARN = 2;

/** A node that does not answer: why, and for how many rounds. */
interface Silence {
  readonly why: string;
  readonly rounds: number;
}

/** What asking needs. */
export interface ScraperOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly nodes: () => Promise<readonly Node[]>;
  readonly dialer: NodeDialer;
  /** Where the answers go. */
  readonly store: UsageStore;
}

/** Runs until `signal` aborts; a kubelet that does not answer is left out of that round. */
export async function runScraper(options: ScraperOptions, signal: AbortSignal): Promise<void> {
  const { clock, log, store } = options;
  const silent = new Map<string, Silence>();
  while (!signal.aborted) {
    const began = clock.monotonic();
    let intervalMs = SCRAPE_INTERVAL_MS;
    try {
      const ready = (await options.nodes()).filter(isNodeReady);
      const batch = await scrape(options, ready, silent, signal);
      if (!signal.aborted) store.add(batch);
      const names = [...batch.nodes.keys()];
      if (names.some((name) => store.node(name) === undefined)) intervalMs = EAGER_INTERVAL_MS;
      if (ready.length === 0) intervalMs = EAGER_INTERVAL_MS;
    } catch (error) {
      if (!signal.aborted) log.warn('metrics: listing nodes failed', { error });
    }
    const restMs = intervalMs - (clock.monotonic() - began);
    await clock.sleep(restMs, signal).catch(() => {});
  }
}

/**
 * @param silent - nodes that did not answer the last time: that is said once, and not of the first
 * time, because after a restart a kubelet is still known by its old port
 */
async function scrape(
  options: ScraperOptions,
  ready: readonly Node[],
  silent: Map<string, Silence>,
  signal: AbortSignal,
): Promise<UsageBatch> {
  // One listener for all: a signal that very many listen to looks like a leak.
  const stops = new Set<() => void>();
  const onStop = (): void => {
    for (const stop of stops) stop();
  };
  signal.addEventListener('abort', onStop, { once: true });
  const asked = ready.map((node) => ask(options, node, silent, stops));
  if (signal.aborted) onStop();
  const batches = await Promise.all(asked);
  signal.removeEventListener('abort', onStop);
  const [first, ...others] = [...silent].filter(([, { rounds }]) => rounds === ROUNDS_TO_WARN);
  if (first && !signal.aborted) {
    const [node, { why }] = first;
    options.log.warn('metrics: a kubelet did not answer', { node, why, others: others.length });
  }
  const found = batches.flatMap((batch) => batch ?? []);
  return {
    nodes: new Map(found.flatMap(({ nodes }) => [...nodes])),
    pods: new Map(found.flatMap(({ pods }) => [...pods])),
  };
}

function isNodeReady({ status }: Node): boolean {
  return (
    status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false
  );
}

async function ask(
  { clock, dialer }: ScraperOptions,
  node: Node,
  silent: Map<string, Silence>,
  stops: Set<() => void>,
): Promise<UsageBatch | undefined> {
  const name = node.metadata?.name ?? '';
  const giveUp = new AbortController();
  const onStop = () => giveUp.abort(new Error('stopped'));
  stops.add(onStop);
  const timer = clock.after(TIMEOUT_MS, () => giveUp.abort(new Error('timeout')));
  try {
    const answer = read(dialer, name, clock.now(), giveUp.signal);
    const batch = await untilAborted(answer, giveUp.signal);
    silent.delete(name);
    return batch;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    silent.set(name, { why, rounds: (silent.get(name)?.rounds ?? 0) + 1 });
    return undefined;
  } finally {
    timer.cancel();
    stops.delete(onStop);
  }
}

async function read(
  dialer: NodeDialer,
  name: string,
  nowMs: number,
  signal: AbortSignal,
): Promise<UsageBatch> {
  const kubelet = await dialer.dial(name);
  const request = { method: 'GET', path: PATH, headers: {}, signal };
  const { status, body } = await kubelet.request(request);
  const text = await new Response(body).text();
  if (status !== 200) throw new Error(`request failed, status: "${status}"`);
  return parseResourceMetrics(text, name, nowMs);
}

/** A kubelet in the same process may not look at the signal. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
