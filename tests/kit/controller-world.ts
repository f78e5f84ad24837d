/**
 * A cluster around controllers under test: an API server, nodes that run pods, and a clock.
 *
 * What a test can do to it: stop and start controllers, make their writes fail, keep their caches
 * stale, and see whether they come to rest. The API server is `#apiserver/testing`, the nodes are
 * `test-nodes.ts`.
 */

import type { FakeClock, KubernetesObject, Logger, Random } from '#apimachinery';
import type { ApiRequest, TestApi, TestClient } from '#apiserver/testing';
import { type LogBook, newLogBook } from './log-book.ts';
import { newTestNodes, type TestNodes } from './test-nodes.ts';
import { type FaultOptions, failEachWriteOnce, type WriteFaults } from './write-faults.ts';

/** What controllers are made from; a new one for each start. */
export interface ControllersAround {
  readonly client: TestClient;
  readonly clock: FakeClock;
  readonly random: Random;
  readonly log: Logger;
}

/** What a world is made with. */
export interface ControllerTestOptions {
  readonly clock: FakeClock;
  readonly random: Random;
  readonly newTestApi: (options: {
    readonly clock: FakeClock;
    readonly random: Random;
  }) => Promise<TestApi>;
  /** Runs the controllers under test until the signal aborts. */
  readonly run: (around: ControllersAround, signal: AbortSignal) => Promise<void>;
  /** Do pods run and go by themselves? Absent: yes. */
  readonly auto?: boolean;
  /** Where pods go, one after another; absent: `node-1`. */
  readonly nodes?: readonly string[];
  /** Absent: controllers run from the beginning, and have synced. */
  readonly started?: boolean;
}

/** A cluster in which controllers are tested. */
export interface ControllerTestWorld {
  readonly clock: FakeClock;
  readonly api: TestApi;
  /** The test's own client: never interfered with, never recorded. */
  readonly admin: TestClient;
  readonly nodes: TestNodes;
  /** What the controllers logged. */
  readonly log: LogBook;
  /** Starts the controllers, with empty caches, and lets them sync. */
  start(): Promise<void>;
  /** Stops them as a SIGTERM does, and waits until they have ended. */
  stop(): Promise<void>;
  restart(): Promise<void>;
  /** Lets happen what is due now, also what follows from it; no time passes. */
  settle(): Promise<void>;
  /** Lets time pass, in milliseconds. */
  advance(ms: number): Promise<void>;
  /**
   * Lets time pass until the controllers have written nothing for six minutes, longer than any of them
   * waits for its cache.
   *
   * @throws Error when they do not come to rest within two hours
   */
  converge(): Promise<void>;
  /** Lets an hour, or so long, pass and says what the controllers wrote meanwhile. */
  writesWithin(ms?: number): Promise<string[]>;
  /** What the controllers wrote so far, events left out: `create pods default/web-*`. */
  writes(): string[];
  /** Makes each write fail the first time; see `write-faults.ts`. */
  failEachWriteOnce(options?: FaultOptions): WriteFaults;
  /** What was told: `Normal SuccessfulCreate Created pod: web-x7k2p`, oldest first. */
  events(namespace?: string): Promise<string[]>;
  /** Stops everything, once; then no timer is left. */
  end(): Promise<void>;
}

const EVENTS = { group: '', version: 'v1', resource: 'events', kind: 'Event', namespaced: true };
const QUIET_MS = 6 * 60 * 1000;
const HOUR_MS = 60 * 60 * 1000;
const LONGEST_STOP_MS = 60_000;

/** Makes a cluster with the controllers that `run` runs. */
export async function newControllerWorld(
  options: ControllerTestOptions,
): Promise<ControllerTestWorld> {
  const { clock, random, run, started = true } = options;
  const api = await options.newTestApi({ clock, random });
  const nodes = await newTestNodes(api, options);
  const log = newLogBook();
  let hasEnded = false;
  let running: { readonly stop: AbortController; readonly ended: Promise<void> } | undefined;

  const settle = async (): Promise<void> => {
    for (let before = -1; before !== api.requests.length; ) {
      before = api.requests.length;
      await clock.advance(0);
      await clock.advance(0);
    }
  };
  const start = async (): Promise<void> => {
    const stop = new AbortController();
    const ended = run({ client: api.client, clock, random, log }, stop.signal);
    // Whoever stops them is told; nobody else looks at it.
    ended.catch(() => {});
    running = { stop, ended };
    await settle();
    await clock.advance(1000);
  };
  const stop = async (): Promise<void> => {
    const { stop: stopping, ended } = running ?? {};
    running = undefined;
    if (!stopping || !ended) return;
    let hasStopped = false;
    const noted = ended.finally(() => {
      hasStopped = true;
    });
    noted.catch(() => {});
    stopping.abort();
    await settle();
    // What tells events may have some left to write.
    for (let waited = 0; !hasStopped && waited < LONGEST_STOP_MS; waited += 1000) {
      await clock.advance(1000);
    }
    if (!hasStopped) throw new Error('the controllers do not stop');
    await ended;
  };
  const writes = (): string[] => api.writes.filter(isNoEvent).map(describeWrite);
  const writesWithin = async (ms = HOUR_MS): Promise<string[]> => {
    await settle();
    const before = api.writes.length;
    await clock.advance(ms);
    return api.writes.slice(before).map(describeWrite);
  };
  const converge = async (): Promise<void> => {
    let last: string[] = [];
    for (let waited = 0; waited < 2 * HOUR_MS; waited += QUIET_MS) {
      last = await writesWithin(QUIET_MS);
      if (last.length === 0) return;
    }
    throw new Error(`the controllers did not come to rest; last they wrote ${last.join(', ')}`);
  };

  const world: ControllerTestWorld = {
    clock,
    api,
    admin: api.admin,
    nodes,
    log,
    start,
    stop,
    restart: async () => {
      await stop();
      await start();
    },
    settle,
    advance: (ms) => clock.advance(ms),
    converge,
    writesWithin,
    writes,
    failEachWriteOnce: (faults) => failEachWriteOnce(api, faults),
    events: async (namespace = 'default') => {
      await settle();
      const { items } = await api.admin.resource(EVENTS, namespace).list();
      return items.map(describeEvent);
    },
    end: async () => {
      if (hasEnded) return;
      hasEnded = true;
      await stop();
      nodes.stop();
      await settle();
      await api.stop();
    },
  };
  if (started) await start();
  return world;
}

function isNoEvent({ resource }: ApiRequest): boolean {
  return resource !== 'events';
}

function describeWrite({ verb, resource, subresource, namespace, name, body }: ApiRequest): string {
  const { name: called, generateName } = (body as KubernetesObject | undefined)?.metadata ?? {};
  const what = name || called || `${generateName ?? ''}*`;
  const path = subresource ? `${resource}/${subresource}` : resource;
  return `${verb} ${path} ${namespace ? `${namespace}/` : ''}${what}`;
}

function describeEvent(event: KubernetesObject): string {
  const { type, reason, message } = event as { type?: string; reason?: string; message?: string };
  return `${type} ${reason} ${message}`;
}
