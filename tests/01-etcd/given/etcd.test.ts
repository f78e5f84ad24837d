import { FakeClock, seededRandom, silentLogger } from '#apimachinery';
import { Etcd, MAX_REQUEST_BYTES, MemoryDisk, newInProcessClient, type WatchResponse } from '#etcd';
import { describe, expect, it, settle, trace } from '#kit';

function newWorld() {
  const clock = trace('clock', () => new FakeClock());
  const disk = trace('disk', () => new MemoryDisk());
  const start = (onDisk: MemoryDisk | undefined = disk) =>
    Etcd.open({
      clock,
      random: seededRandom(1),
      log: silentLogger,
      ...(onDisk && { disk: onDisk }),
    });
  return { clock, disk, start };
}

const everything = { key: '\0', rangeEnd: '\0' };
const content = (etcd: Etcd) =>
  etcd.range(everything).kvs.map(({ key, value }) => `${key}=${value}`);

describe('etcd', () => {
  it('keeps every acknowledged write through a crash', async () => {
    const { disk, start } = newWorld();
    const etcd = await start();
    await etcd.put({ key: 'a', value: '1' });
    await etcd.txn({ success: [{ put: { key: 'b' } }, { put: { key: 'c' } }] });
    await etcd.deleteRange({ key: 'b' });
    await etcd.compact({ revision: 3 });
    disk.crash();
    await etcd.stop();
    const again = await start();
    expect(content(again)).toEqual(['a=1', 'c=']);
    expect(again.revision).toBe(4);
    expect(() => again.range({ key: 'a', revision: 2 })).toThrow('has been compacted');
    expect((await again.put({ key: 'a' })).header.revision).toBe(5);
  });

  it('applies requests that come together in their order', async () => {
    const { start } = newWorld();
    const etcd = await start();
    const puts = ['1', '2', '3'].map((value) => etcd.put({ key: 'a', value, prevKv: true }));
    const refused = etcd.put({ key: 'x', lease: 7n });
    refused.catch(() => {});
    const last = etcd.put({ key: 'b' });
    const answers = await Promise.all(puts);
    expect(answers.map(({ prevKv }) => prevKv?.value)).toEqual([undefined, '1', '2']);
    await expect(refused).rejects.toThrow('etcdserver: requested lease not found');
    expect((await last).header.revision).toBe(5);
    expect(content(await start())).toEqual(['a=3', 'b=']);
  });

  it('answers what only reads without the log', async () => {
    const { disk, start } = newWorld();
    const etcd = await start();
    const inner = { failure: [{ range: { key: 'b' } }] };
    await etcd.txn({ success: [{ range: { key: 'a' } }, { txn: inner }] });
    expect([disk.syncs, etcd.appliedIndex]).toEqual([0, 0]);
  });

  it('refuses what is too large, with and without a disk', async () => {
    const { start } = newWorld();
    const value = 'x'.repeat(MAX_REQUEST_BYTES);
    const onDisk = await start();
    const inMemory = await start(undefined);
    for (const etcd of [onDisk, inMemory]) {
      await expect(etcd.put({ key: 'a', value })).rejects.toThrow('request is too large');
      expect(etcd.revision).toBe(1);
    }
  });

  it('refuses writes once it has stopped, and leaves no timer behind', async () => {
    const { clock, start } = newWorld();
    const etcd = await start();
    await etcd.put({ key: 'a' });
    await etcd.stop();
    await expect(etcd.put({ key: 'b' })).rejects.toThrow({ code: 'Unavailable' });
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('etcd, leases', () => {
  it('deletes the keys of a lease that is due, in one revision', async () => {
    const { clock, start } = newWorld();
    const etcd = await start();
    await etcd.leaseGrant(10, 7n);
    for (const key of ['a', 'b']) await etcd.put({ key, lease: 7n });
    await clock.advance(9_500);
    expect(content(etcd)).toEqual(['a=', 'b=']);
    await clock.advance(500);
    expect([content(etcd), etcd.revision]).toEqual([[], 4]);
    expect(etcd.leaseTimeToLive(7n)).toMatchObject({ ttlSeconds: -1 });
    expect(etcd.leaseKeepAlive(7n).ttlSeconds).toBe(0);
  });

  it('keeps a lease through a crash, with its full time', async () => {
    const { clock, disk, start } = newWorld();
    const etcd = await start();
    await etcd.leaseGrant(10, 7n);
    await etcd.put({ key: 'a', lease: 7n });
    await clock.advance(8_000);
    disk.crash();
    await etcd.stop();
    const again = await start();
    expect(again.leaseTimeToLive(7n, true)).toMatchObject({ ttlSeconds: 10, keys: ['a'] });
    await clock.advance(9_500);
    expect(content(again)).toEqual(['a=']);
    await clock.advance(500);
    expect(content(again)).toEqual([]);
  });

  it('chooses an id when none is given', async () => {
    const { start } = newWorld();
    const etcd = await start();
    const { id } = await etcd.leaseGrant(10);
    expect(id).toBeGreaterThan(0n);
    expect(etcd.leases().leases).toEqual([id]);
    await etcd.leaseRevoke(id);
    await expect(etcd.leaseRevoke(id)).rejects.toThrow('lease not found');
  });
});

describe('in-process client', () => {
  it('watches: created first, then events, to the end', async () => {
    const { start } = newWorld();
    const etcd = await start();
    const client = newInProcessClient(etcd);
    await client.put({ key: 'a', value: '1' });
    const ending = new AbortController();
    const seen: WatchResponse[] = [];
    const watching = (async () => {
      for await (const response of client.watch({ key: 'a', startRevision: 1 }, ending.signal)) {
        seen.push(response);
      }
    })();
    await settle();
    await client.put({ key: 'a', value: '2' });
    await settle();
    expect(seen[0]).toMatchObject({ created: true, events: [] });
    const values = seen.flatMap(({ events }) => events.map(({ kv }) => kv.value));
    expect(values).toEqual(['1', '2']);
    ending.abort();
    await watching;
  });

  it('holds back what a slow watcher has not read, and loses nothing of it', async () => {
    const { start } = newWorld();
    const client = newInProcessClient(await start());
    const iterator = client.watch({ key: 'a' })[Symbol.asyncIterator]();
    expect((await iterator.next()).value).toMatchObject({ created: true });
    for (let i = 0; i < 300; i++) await client.put({ key: 'a', value: String(i) });
    const values: string[] = [];
    while (values.length < 300) {
      const { value } = (await iterator.next()) as IteratorYieldResult<WatchResponse>;
      values.push(...value.events.map(({ kv }) => kv.value));
    }
    expect(values).toEqual(Array.from({ length: 300 }, (_, i) => String(i)));
    client.close();
  });

  it('ends a watch whose history is compacted', async () => {
    const { start } = newWorld();
    const client = newInProcessClient(await start());
    for (const value of ['1', '2', '3']) await client.put({ key: 'a', value });
    await client.compact({ revision: 3 });
    const seen: WatchResponse[] = [];
    for await (const one of client.watch({ key: 'a', startRevision: 2 })) seen.push(one);
    expect(seen).toMatchObject([{ created: true }, { canceled: true, compactRevision: 3 }]);
  });

  it('ends a watch when it is closed', async () => {
    const { start } = newWorld();
    const client = newInProcessClient(await start());
    const iterator = client.watch({ key: 'a' })[Symbol.asyncIterator]();
    await iterator.next();
    const next = iterator.next();
    client.close();
    expect(await next).toMatchObject({ done: true });
  });

  it('hears of progress from time to time when it asks', async () => {
    const { clock, start } = newWorld();
    const etcd = await start();
    const seen: WatchResponse[] = [];
    const stream = etcd.watchStream((response) => seen.push(response) > 0);
    stream.create({ key: 'a', progressNotify: true });
    await etcd.put({ key: 'b' });
    await clock.advance(600_000);
    expect(seen.slice(1)).toEqual([{ header: { revision: 2 }, watchId: 0, events: [] }]);
    stream.close();
    await clock.advance(600_000);
    expect(seen).toHaveLength(2);
  });
});
