/** One contract, two clients: in this process, and over gRPC to a server in this process. */

import { afterEach, describe, expect, it } from 'vitest';
import { RealClock, realRandom, silentLogger } from '#apimachinery';
import { Etcd, type EtcdClient, newInProcessClient, type WatchResponse } from '#etcd';
import { GrpcServer, newGrpcClient, newMember, newServices } from '#etcd/grpc';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function newEtcd(): Promise<Etcd> {
  const etcd = await Etcd.open({ clock: new RealClock(), random: realRandom(), log: silentLogger });
  cleanups.push(() => etcd.stop());
  return etcd;
}

async function serve(etcd: Etcd) {
  const services = newServices(etcd, { member: newMember('default', []) });
  const server = new GrpcServer({ ...services, log: silentLogger });
  const port = await server.listen('127.0.0.1', 0);
  cleanups.push(() => server.stop());
  return { server, endpoint: `http://127.0.0.1:${port}` };
}

const clients: Record<string, (etcd: Etcd) => Promise<EtcdClient>> = {
  'in process': async (etcd) => newInProcessClient(etcd),
  'over gRPC': async (etcd) => newGrpcClient({ endpoints: [(await serve(etcd)).endpoint] }),
};

/** Takes the next responses of a watch. */
async function take(watch: AsyncIterator<WatchResponse>, count: number): Promise<WatchResponse[]> {
  const taken: WatchResponse[] = [];
  while (taken.length < count) {
    const { value, done } = await watch.next();
    if (done) throw new Error(`the watch ended after ${taken.length} responses`);
    taken.push(value);
  }
  return taken;
}

describe.each(Object.entries(clients))('etcd client %s', (_name, newClient) => {
  async function start(): Promise<EtcdClient> {
    const client = await newClient(await newEtcd());
    cleanups.push(() => client.close());
    return client;
  }

  it('puts, reads and deletes', async () => {
    const client = await start();
    expect(await client.put({ key: 'a', value: '1' })).toMatchObject({ header: { revision: 2 } });
    expect(await client.put({ key: 'a', value: '\xff\0', prevKv: true })).toMatchObject({
      prevKv: { key: 'a', value: '1', createRevision: 2, modRevision: 2, version: 1, lease: 0n },
    });
    expect(await client.range({ key: 'a', rangeEnd: 'b' })).toMatchObject({
      header: { revision: 3 },
      kvs: [
        { key: 'a', value: '\xff\0', createRevision: 2, modRevision: 3, version: 2, lease: 0n },
      ],
      count: 1,
      more: false,
    });
    expect(await client.deleteRange({ key: 'a', prevKv: true })).toMatchObject({
      deleted: 1,
      prevKvs: [{ value: '\xff\0' }],
    });
    expect(await client.range({ key: 'a' })).toMatchObject({ kvs: [], count: 0, more: false });
  });

  it('runs transactions, nested ones too', async () => {
    const client = await start();
    const response = await client.txn({
      compare: [{ key: 'a', target: 'mod', result: 'equal', modRevision: 0 }],
      success: [
        { put: { key: 'a', value: '1' } },
        { txn: { failure: [], success: [{ range: { key: 'a' } }] } },
        { deleteRange: { key: 'z' } },
      ],
    });
    expect(response).toMatchObject({
      header: { revision: 2 },
      succeeded: true,
      responses: [
        { put: { header: { revision: 2 } } },
        { txn: { succeeded: true, responses: [{ range: { kvs: [{ value: '1' }] } }] } },
        { deleteRange: { deleted: 0, prevKvs: [] } },
      ],
    });
  });

  it('rejects with what etcd says', async () => {
    const client = await start();
    await expect(client.put({ key: '' })).rejects.toMatchObject({
      name: 'EtcdError',
      code: 'InvalidArgument',
      message: 'etcdserver: key is not provided',
    });
    await expect(client.range({ key: 'a', revision: 9 })).rejects.toMatchObject({
      code: 'OutOfRange',
      message: 'etcdserver: mvcc: required revision is a future revision',
    });
    await expect(client.leaseRevoke(5n)).rejects.toMatchObject({ code: 'NotFound' });
  });

  it('grants, keeps, lists and revokes leases', async () => {
    const client = await start();
    const id = 2n ** 62n + 1n;
    expect(await client.leaseGrant(60, id)).toMatchObject({ id, ttlSeconds: 60 });
    await client.put({ key: 'a', lease: id });
    expect(await client.leaseKeepAlive(id)).toMatchObject({ id, ttlSeconds: 60 });
    expect(await client.leaseKeepAlive(7n)).toMatchObject({ id: 7n, ttlSeconds: 0 });
    const status = await client.leaseTimeToLive(id, true);
    expect(status).toMatchObject({ grantedTtlSeconds: 60, keys: ['a'] });
    expect(await client.leaseTimeToLive(7n)).toMatchObject({ ttlSeconds: -1 });
    expect((await client.leases()).leases).toEqual([id]);
    await client.leaseRevoke(id);
    expect((await client.range({ key: 'a' })).count).toBe(0);
  });

  it('watches: created first, history, then what is new', async () => {
    const client = await start();
    await client.put({ key: 'a', value: '1' });
    const watch = client
      .watch({ key: 'a', startRevision: 2, prevKv: true })
      [Symbol.asyncIterator]();
    const [created, history] = await take(watch, 2);
    expect(created).toMatchObject({ created: true, events: [] });
    expect(history?.events).toMatchObject([{ type: 'put', kv: { value: '1' } }]);
    await client.deleteRange({ key: 'a' });
    expect((await take(watch, 1))[0]?.events).toMatchObject([
      { type: 'delete', kv: { key: 'a', modRevision: 3, version: 0 }, prevKv: { value: '1' } },
    ]);
    await watch.return?.();
  });

  it('says how far a watch is when it is asked', async () => {
    const client = await start();
    const running = client.watch({ key: 'a' });
    const watch = running[Symbol.asyncIterator]();
    expect(await take(watch, 1)).toMatchObject([{ created: true }]);
    await client.put({ key: 'b', value: '1' });
    running.requestProgress();
    expect(await take(watch, 1)).toMatchObject([
      { header: { revision: 2 }, watchId: -1, events: [] },
    ]);
    await client.put({ key: 'a', value: '1' });
    running.requestProgress();
    expect(await take(watch, 2)).toMatchObject([
      { header: { revision: 3 }, events: [{ type: 'put', kv: { key: 'a' } }] },
      { header: { revision: 3 }, watchId: -1, events: [] },
    ]);
  });

  it('ends a watch when its signal says so, and when its history is gone', async () => {
    const client = await start();
    const abort = new AbortController();
    const watch = client.watch({ key: 'a' }, abort.signal)[Symbol.asyncIterator]();
    await take(watch, 1);
    const next = watch.next();
    abort.abort();
    expect(await next).toMatchObject({ done: true });

    await client.put({ key: 'a' });
    await client.put({ key: 'a' });
    await client.compact({ revision: 3 });
    const responses: WatchResponse[] = [];
    for await (const response of client.watch({ key: 'a', startRevision: 2 }))
      responses.push(response);
    expect(responses).toMatchObject([{ created: true }, { canceled: true, compactRevision: 3 }]);
  });
});

describe('etcd client over gRPC', () => {
  it('says Unavailable when there is no server', async () => {
    const client = newGrpcClient({ endpoints: ['http://127.0.0.1:1'] });
    cleanups.push(() => client.close());
    await expect(client.range({ key: 'a' })).rejects.toMatchObject({
      name: 'EtcdError',
      code: 'Unavailable',
    });
  });

  it('throws in a watch whose server stops', async () => {
    const { server, endpoint } = await serve(await newEtcd());
    const client = newGrpcClient({ endpoints: [endpoint] });
    cleanups.push(() => client.close());
    const watch = client.watch({ key: 'a' })[Symbol.asyncIterator]();
    await take(watch, 1);
    const next = watch.next();
    next.catch(() => {});
    await server.stop();
    await expect(next).rejects.toMatchObject({ code: 'Unavailable' });
  });

  it('holds up only itself when it does not take what it watches', async () => {
    const etcd = await newEtcd();
    const client = newGrpcClient({ endpoints: [(await serve(etcd)).endpoint] });
    cleanups.push(() => client.close());
    const slow = client.watch({ key: 'a' })[Symbol.asyncIterator]();
    await take(slow, 1);
    const value = 'x'.repeat(100_000);
    for (let i = 0; i < 200; i++) await client.put({ key: 'a', value: `${i}${value}` });
    const seen: number[] = [];
    while (seen.length < 200) {
      for (const { events } of await take(slow, 1)) {
        for (const { kv } of events) seen.push(Number.parseInt(kv.value, 10));
      }
    }
    expect(seen).toEqual(Array.from({ length: 200 }, (_, i) => i));
    await slow.return?.();
  });
});
