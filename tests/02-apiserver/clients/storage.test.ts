/**
 * The store under the API server: which calls are made of it, what happens while it is away, and that
 * the real etcd does as well as ours.
 */

import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { FakeClock, RealClock, realRandom, silentLogger } from '#apimachinery';
import {
  Etcd,
  type EtcdClient,
  MemoryDisk,
  newInProcessClient,
  type RangeRequest,
  type RequestOp,
  type TxnRequest,
} from '#etcd';
import { GrpcServer, newGrpcClient, newMember, newServices } from '#etcd/grpc';
import { COMPACTION_INTERVAL_MS } from '../../../solutions/02-apiserver/storage/compactor.ts';
import { newStore } from '../../../solutions/02-apiserver/storage/open-storage.ts';
import { isInstalled } from '../../../tools/checks/real-tools.ts';
import { startRealEtcd } from '../../conformance/etcd/program.ts';
import { startTestServer, type TestServer } from '../given/test-server.ts';

const clock = new RealClock();
const world = { clock, random: realRandom(), log: silentLogger };
const configMaps = '/api/v1/namespaces/default/configmaps';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function startOn(client: EtcdClient): Promise<TestServer> {
  const server = await startTestServer({ store: newStore(client, clock) });
  cleanups.push(async () => {
    await server.stop();
    client.close();
  });
  return server;
}

/** What somebody may do in an hour, in a second. */
async function work({ ask }: TestServer): Promise<void> {
  const succeed = async (method: string, path: string, body?: unknown, type?: string) => {
    const response = await ask(method, path, body, type ? { 'content-type': type } : {});
    const text = await response.text();
    expect(response.status, `${method} ${path}: ${text}`).toBeLessThan(300);
    return JSON.parse(text) as { metadata: { resourceVersion: string; continue?: string } };
  };
  const metadata = { name: 'a', finalizers: ['example.com/hold'] };
  const first = await succeed('POST', configMaps, { metadata });
  await succeed('POST', configMaps, { metadata: { name: 'b' } });
  await succeed('PUT', `${configMaps}/a`, { ...first, data: { k: '1' } });
  const merge = 'application/merge-patch+json';
  await succeed('PATCH', `${configMaps}/a`, { data: { k: '2' } }, merge);
  const applied = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' } };
  const apply = 'application/apply-patch+yaml';
  await succeed('PATCH', `${configMaps}/c?fieldManager=me`, applied, apply);
  const page = await succeed('GET', `${configMaps}?limit=1`);
  await succeed('GET', `${configMaps}?limit=1&continue=${page.metadata.continue}`);
  await succeed('GET', `${configMaps}?resourceVersion=0`);
  await succeed(
    'GET',
    `${configMaps}?resourceVersionMatch=Exact&resourceVersion=${first.metadata.resourceVersion}`,
  );
  await succeed('POST', '/api/v1/namespaces/default/events', {
    metadata: { name: 'e', namespace: 'default' },
    involvedObject: { namespace: 'default' },
    reason: 'Tested',
    message: 'it was tested',
    type: 'Normal',
  });
  const ports = [{ port: 80 }];
  await succeed('POST', '/api/v1/namespaces/default/services', {
    metadata: { name: 's' },
    spec: { type: 'NodePort', ports },
  });
  await succeed('DELETE', '/api/v1/namespaces/default/services/s');
  await succeed('DELETE', `${configMaps}/a`);
  await succeed('PATCH', `${configMaps}/a`, { metadata: { finalizers: null } }, merge);
  expect((await ask('GET', `${configMaps}/a`)).status).toBe(404);
  await succeed('DELETE', configMaps);
  await succeed('DELETE', '/api/v1/namespaces/default/events');
}

/** Begins a watch of ConfigMaps; the lines it sends, and whether it has ended. */
async function watch({ ask }: TestServer, resourceVersion = '') {
  const response = await ask('GET', `${configMaps}?watch=1&resourceVersion=${resourceVersion}`);
  expect(response.status).toBe(200);
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  cleanups.push(() => reader?.cancel().catch(() => {}));
  let text = '';
  return {
    /** Until a line says this. */
    until: async (said: string) => {
      while (!text.includes(said)) {
        const { value, done } = (await reader?.read()) ?? { done: true };
        if (done) throw new Error(`the watch ended without ${said}; it had said: ${text}`);
        text += value;
      }
    },
    ended: async () => {
      for (;;) if ((await reader?.read().catch(() => ({ done: true })))?.done !== false) return;
    },
  };
}

describe('the calls that are made of etcd', () => {
  it('are those that Kubernetes makes, and all of them', async () => {
    const etcd = await Etcd.open(world);
    cleanups.push(() => etcd.stop());
    const { client, calls } = recording(newInProcessClient(etcd));
    const server = await startOn(client);
    const watching = await watch(server);
    await work(server);
    await watching.until('"DELETED"');
    await compactTwice(client);

    expect([...calls].sort()).toEqual(
      [
        'compact',
        'lease grant',
        'range of a prefix',
        'range of a prefix, limited, at a revision',
        'range of a prefix, at a revision',
        'range of one key',
        'txn if mod = 0 then put else range',
        'txn if mod = revision then deleteRange else range',
        'txn if mod = revision then put else range',
        // The compactor's own.
        'txn if version = count then put else range',
        'watch with prevKv, progressNotify',
        'watch: progress',
      ].sort(),
    );
  });
});

/** A client that writes down the form of every call. */
function recording(inner: EtcdClient): { client: EtcdClient; calls: Set<string> } {
  const calls = new Set<string>();
  const other = (name: string) => {
    calls.add(name);
    throw new Error(`the API server calls ${name}`);
  };
  const client: EtcdClient = {
    range: (request) => {
      calls.add(rangeForm(request));
      return inner.range(request);
    },
    txn: (request) => {
      calls.add(txnForm(request));
      return inner.txn(request);
    },
    compact: (request) => {
      calls.add('compact');
      return inner.compact(request);
    },
    leaseGrant: (ttlSeconds, id) => {
      calls.add('lease grant');
      return inner.leaseGrant(ttlSeconds, id);
    },
    watch: (request, signal) => {
      const { key: _key, rangeEnd: _end, startRevision: _start, ...more } = request;
      const flags = Object.entries(more).filter(([, value]) => value);
      calls.add(`watch with ${flags.map(([name]) => name).join(', ')}`);
      const watching = inner.watch(request, signal);
      const requestProgress = () => {
        calls.add('watch: progress');
        watching.requestProgress();
      };
      return { [Symbol.asyncIterator]: () => watching[Symbol.asyncIterator](), requestProgress };
    },
    put: () => other('put'),
    deleteRange: () => other('deleteRange'),
    leaseRevoke: () => other('leaseRevoke'),
    leaseKeepAlive: () => other('leaseKeepAlive'),
    leaseTimeToLive: () => other('leaseTimeToLive'),
    leases: () => other('leases'),
    close: () => inner.close(),
  };
  return { client, calls };
}

function rangeForm({ key: _, rangeEnd, limit, revision, ...more }: RangeRequest): string {
  const flags = Object.entries(more).filter(([, value]) => value);
  return [
    rangeEnd === undefined ? 'range of one key' : 'range of a prefix',
    ...(limit ? ['limited'] : []),
    ...(revision ? ['at a revision'] : []),
    ...flags.map(([name]) => name),
  ].join(', ');
}

function txnForm({ compare = [], success = [], failure = [] }: TxnRequest): string {
  const conditions = compare.map((one) => {
    if (one.target === 'version') return `version ${one.result} count`;
    if (one.target !== 'mod') return `${one.target} ${one.result}`;
    return `mod ${one.result} ${one.modRevision === 0 ? 0 : 'revision'}`;
  });
  const names = (ops: readonly RequestOp[]) => ops.flatMap((op) => Object.keys(op)).join(', ');
  const text = `txn if ${conditions.join(', ')} then ${names(success)} else ${names(failure)}`;
  return text.replaceAll(' equal ', ' = ');
}

/** Lets the compactor have its turn twice: only then does it know what to let go. */
async function compactTwice(client: EtcdClient): Promise<void> {
  const fake = new FakeClock();
  const ended = new AbortController();
  const running = newStore(client, fake).runCompactor(
    { clock: fake, log: silentLogger },
    ended.signal,
  );
  for (const _turn of [1, 2, 3]) {
    await fake.advance(COMPACTION_INTERVAL_MS);
    await new Promise((resolve) => setImmediate(resolve));
  }
  ended.abort();
  await running;
}

/** How long a request may take to fail; the flags' default for one call of etcd is 10 s. */
const BOUND_MS = 5000;

describe('an etcd that goes away', () => {
  /** An etcd on a disk, served on a port, that can be stopped and started. */
  async function startEtcd() {
    const disk = new MemoryDisk();
    let port = 0;
    let stop = async () => {};
    const start = async () => {
      const etcd = await Etcd.open({ ...world, disk });
      const services = newServices(etcd, { member: newMember('default', []) });
      const server = new GrpcServer({ ...services, log: silentLogger });
      port = await server.listen('127.0.0.1', port);
      stop = async () => {
        stop = async () => {};
        await server.stop();
        await etcd.stop();
      };
    };
    await start();
    cleanups.push(() => stop());
    return { start, stop: () => stop(), endpoint: () => `http://127.0.0.1:${port}` };
  }

  it('makes requests fail soon, ends watches, and loses nothing that was acknowledged', async () => {
    const etcd = await startEtcd();
    const server = await startOn(newGrpcClient({ endpoints: [etcd.endpoint()] }));
    const { ask } = server;
    await ask('POST', configMaps, { metadata: { name: 'before' } });
    const watching = await watch(server);
    await watching.until('"before"');

    // Somebody writes all the time.
    const acknowledged: string[] = [];
    let isOver = false;
    const writing = (async () => {
      for (let i = 0; !isOver; i += 1) {
        const name = `written-${i}`;
        const response = await ask('POST', configMaps, { metadata: { name } });
        if (response.status === 201) acknowledged.push(name);
        else expect(response.status).toBeGreaterThanOrEqual(500);
        await response.text();
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    })();
    await expect.poll(() => acknowledged.length, { interval: 5 }).toBeGreaterThan(20);

    await etcd.stop();
    await within(BOUND_MS, watching.ended());
    const requests: [string, string, object?][] = [
      ['GET', `${configMaps}/before`],
      ['GET', configMaps],
      ['POST', configMaps, { metadata: { name: 'meanwhile' } }],
      ['PUT', `${configMaps}/before`, { metadata: { name: 'before' }, data: { k: '1' } }],
      ['DELETE', `${configMaps}/before`],
    ];
    for (const [method, path, body] of requests) {
      const response = await within(BOUND_MS, ask(method, path, body));
      expect([method, await response.json()]).toEqual([
        method,
        expect.objectContaining({ kind: 'Status', status: 'Failure' }),
      ]);
      expect(response.status).toBeGreaterThanOrEqual(500);
    }
    const health = await ask('GET', '/readyz');
    expect([health.status, await health.text()]).toEqual([
      500,
      expect.stringContaining('[-]etcd failed'),
    ]);

    await etcd.start();
    await expect
      .poll(async () => (await ask('GET', `${configMaps}/before`)).status, { timeout: 10_000 })
      .toBe(200);
    const count = acknowledged.length;
    await expect.poll(() => acknowledged.length, { timeout: 10_000 }).toBeGreaterThan(count);
    isOver = true;
    await writing;

    const list = (await (await ask('GET', configMaps)).json()) as {
      items: { metadata: { name: string } }[];
      metadata: { resourceVersion: string };
    };
    const names = list.items.map(({ metadata }) => metadata.name);
    expect(names).toEqual(expect.arrayContaining(['before', ...acknowledged]));
    const again = await watch(server, list.metadata.resourceVersion);
    await ask('POST', configMaps, { metadata: { name: 'after' } });
    await again.until('"after"');
    await work(server);
  });

  it('is the same when it only stops to answer', async () => {
    const etcd = await startEtcd();
    const line = await startLine(Number(new URL(etcd.endpoint()).port));
    const server = await startOn(newGrpcClient({ endpoints: [line.endpoint], timeoutMs: 1000 }));
    await work(server);

    line.hold();
    const response = await within(BOUND_MS, server.ask('GET', `${configMaps}/a`));
    expect(response.status).toBeGreaterThanOrEqual(500);
    expect((await within(BOUND_MS, server.ask('GET', configMaps))).status).toBeGreaterThanOrEqual(
      500,
    );

    line.release();
    await expect
      .poll(async () => (await server.ask('GET', configMaps)).status, { timeout: 10_000 })
      .toBe(200);

    await work(server);
  });
});

/** A line to a port, over which nothing goes while it is held. */
async function startLine(port: number) {
  const sockets = new Set<Socket>();
  let isHeld = false;
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.setNoDelay();
    if (isHeld) socket.pause();
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  };
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) keep(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hold: () => {
      isHeld = true;
      for (const socket of sockets) socket.pause();
    },
    release: () => {
      isHeld = false;
      for (const socket of sockets) socket.resume();
    },
  };
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it took longer than ${ms} ms`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

describe('on the real etcd', () => {
  const isThere = isInstalled('etcd');
  if (!isThere && process.env.CI) throw new Error('the real etcd is not installed');
  if (!isThere) console.warn('SKIPPED: the real etcd is not installed (Debian: etcd-server)');

  it.skipIf(!isThere)('everything works as on ours', { timeout: 60_000 }, async () => {
    const etcd = await startRealEtcd();
    cleanups.push(() => etcd.stop());
    const client = newGrpcClient({ endpoints: [`http://${etcd.endpoint}`] });
    const server = await startOn(client);
    const watching = await watch(server);
    await work(server);
    await watching.until('"DELETED"');
    await compactTwice(client);
    await work(server);
    // What one server wrote, another reads.
    const other = await startOn(newGrpcClient({ endpoints: [`http://${etcd.endpoint}`] }));
    await server.ask('POST', configMaps, { metadata: { name: 'shared' }, data: { k: '1' } });
    expect(await (await other.ask('GET', `${configMaps}/shared`)).json()).toMatchObject({
      data: { k: '1' },
    });
    const old = await other.ask('GET', `${configMaps}?watch=1&resourceVersion=1&timeoutSeconds=1`);
    expect(await old.text()).toContain('"code":410');
    const seen = await watch(other);
    await server.ask('PUT', `${configMaps}/shared`, {
      metadata: { name: 'shared' },
      data: { k: '2' },
    });
    await seen.until('"k":"2"');
  });
});
