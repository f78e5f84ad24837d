/**
 * The API server without a wire, in a process of its own: requests go to its `handle`, answers stay
 * here. The store is an etcd in this process whose log is synced on a disk.
 *
 * Argument: `{"seconds": S, "connections": [1, 10, 50], "loads": ["get", …], "rounds": R}`. Prints an
 * outcome for each, as a line of JSON. The loads of `watches.ts` have their own number of watchers.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RealClock, realRandom, silentLogger } from '#apimachinery';
import type { Connection } from '../../../solutions/02-apiserver/connection.ts';
import type { Answer, Incoming } from '../../../solutions/02-apiserver/context.ts';
import type { ApiServer } from '../../../solutions/02-apiserver/server.ts';
import { openEmbeddedEtcd } from '../../../solutions/02-apiserver/storage/open-etcd.ts';
import { newStore } from '../../../solutions/02-apiserver/storage/open-storage.ts';
import { startTestServer } from '../../../tests/02-apiserver/given/test-server.ts';
import type { Outcome } from '../measure.ts';
import { afterSeconds, Meter } from '../meter.ts';
import {
  bodyOf,
  CREATED_NAMESPACE,
  NAMESPACE,
  type PlainRequest,
  PODS,
  podBody,
  podName,
  podsPath,
  setUpRequests,
} from './requests.ts';
import { measureWatches, WATCHERS } from './watches.ts';

/** What to measure. */
export interface HandlerJob {
  readonly seconds: number;
  readonly rounds: number;
  readonly connections: readonly number[];
  readonly loads: readonly string[];
}

/** One line of what is printed. */
export interface HandlerOutcome extends Outcome {
  readonly load: string;
  readonly connections: number;
}

/** Asks the server; rejects when the answer is not a 2xx. */
type Ask = (request: PlainRequest) => Promise<Answer>;

function askOf(server: ApiServer): Ask {
  return async ({ method, target, body, type = 'application/json' }) => {
    const [path = '', query = ''] = target.split('?');
    const headers: Record<string, string> = { 'content-type': type, 'user-agent': 'bench/1.0' };
    const incoming: Incoming = {
      method,
      headers: { get: (name) => headers[name] ?? null },
      // As on the wire: made only for whoever asks.
      get signal() {
        return new AbortController().signal;
      },
      arrayBuffer: async () => new TextEncoder().encode(body ?? '').buffer as ArrayBuffer,
    };
    const connection: Connection = {
      rawTarget: target,
      peerCertificates: [],
      remoteAddress: '127.0.0.1',
      secure: false,
      trusted: true,
    };
    const answer = await server.handle(incoming, { path, query }, connection);
    if (!('body' in answer) || answer.status >= 300) {
      throw new Error(`${method} ${target}: ${'body' in answer ? String(answer.body) : 'upgrade'}`);
    }
    return answer;
  };
}

async function nextOf(load: string, ask: Ask): Promise<(client: number) => PlainRequest> {
  const path = podsPath(NAMESPACE);
  const run = `${process.pid}-${Math.round(performance.now())}`;
  let count = 0;
  const pod = (client: number) => `${path}/${podName(client)}`;
  switch (load) {
    case 'create':
      return () => {
        const body = podBody(`pod-${run}-${count++}`);
        return { method: 'POST', target: podsPath(CREATED_NAMESPACE), body };
      };
    case 'get':
      return () => ({ method: 'GET', target: pod(count++ % PODS) });
    case 'list':
      return () => ({ method: 'GET', target: path });
    case 'list 500':
      return () => ({ method: 'GET', target: `${path}?limit=500` });
    case 'update': {
      const texts = new Map<number, string>();
      for (let client = 0; client < 50; client++) {
        const { body } = await ask({ method: 'GET', target: pod(client) });
        texts.set(client, bodyOf(String(body), `n${run}-XXX`));
      }
      return (client) => {
        const body = (texts.get(client) ?? '').replace('XXX', String(count++));
        return { method: 'PUT', target: pod(client), body };
      };
    }
    default:
      return (client) => ({
        method: 'PATCH',
        target: pod(client),
        type: 'application/merge-patch+json',
        body: JSON.stringify({ metadata: { labels: { count: `n${run}-${count++}` } } }),
      });
  }
}

async function measureLoad(
  ask: Ask,
  next: (client: number) => PlainRequest,
  clients: number,
  isOver: () => boolean,
): Promise<Outcome> {
  const meter = new Meter();
  const runClient = async (client: number) => {
    while (!isOver()) {
      const begin = performance.now();
      await ask(next(client));
      meter.add(performance.now() - begin);
      // Reads never wait for anything: without this one client would run alone.
      await new Promise(setImmediate);
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, client) => runClient(client)));
  return meter.outcome();
}

async function measureRequests(
  load: string,
  ask: Ask,
  clients: number,
  seconds: number,
): Promise<Outcome> {
  const next = await nextOf(load, ask);
  await measureLoad(ask, next, clients, afterSeconds(Math.min(0.5, seconds / 2)));
  return measureLoad(ask, next, clients, afterSeconds(seconds));
}

async function run({ seconds, rounds, connections, loads }: HandlerJob): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-apiserver-'));
  const clock = new RealClock();
  const world = { clock, random: realRandom(), log: silentLogger };
  const etcd = await openEmbeddedEtcd(folder, world);
  const server = await startTestServer({ ...world, store: newStore(etcd.client, clock) });
  const ask = askOf(server.server);
  for (const request of setUpRequests()) await ask(request);
  for (let i = 0; i < PODS; i += 50) {
    const some = Array.from({ length: 50 }, (_, j) => podBody(podName(i + j)));
    await Promise.all(
      some.map((body) => ask({ method: 'POST', target: podsPath(NAMESPACE), body })),
    );
  }
  for (const load of loads) {
    const watchers = WATCHERS[load];
    for (const clients of watchers === undefined ? connections : [watchers]) {
      let best: Outcome | undefined;
      for (let round = 0; round < rounds; round++) {
        const outcome =
          watchers === undefined
            ? await measureRequests(load, ask, clients, seconds)
            : await measureWatches(load, ask, seconds);
        const isBetter =
          best === undefined ||
          outcome.operations / outcome.seconds > best.operations / best.seconds;
        if (isBetter) best = outcome;
      }
      process.stdout.write(`${JSON.stringify({ load, connections: clients, ...best })}\n`);
    }
  }
  await server.stop();
  await etcd.stop();
  await rm(folder, { recursive: true, force: true });
}

await run(JSON.parse(process.argv[2] ?? '{}') as HandlerJob);
process.exit(0);
