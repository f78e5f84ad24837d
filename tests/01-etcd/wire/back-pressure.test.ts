/** A client that watches and never reads: it holds up nobody, and costs no more than its limit. */

import http2 from 'node:http2';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it } from 'vitest';
import { RealClock, realRandom, silentLogger } from '#apimachinery';
import { Etcd } from '#etcd';
import { GrpcServer, newGrpcClient, newMember, newServices } from '#etcd/grpc';
import { watchRequest, watchResponse } from '../../../solutions/01-etcd/grpc/messages.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function startServer() {
  const etcd = await Etcd.open({ clock: new RealClock(), random: realRandom(), log: silentLogger });
  cleanups.push(() => etcd.stop());
  const server = new GrpcServer({
    ...newServices(etcd, { member: newMember('default', []) }),
    log: silentLogger,
  });
  const port = await server.listen('127.0.0.1', 0);
  cleanups.push(() => server.stop());
  return { etcd, url: `http://127.0.0.1:${port}` };
}

function framed(message: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** Opens a stream of watches whose answers nobody reads until `resume` is called on it. */
async function openUnread(
  url: string,
  requests: readonly Buffer[],
): Promise<http2.ClientHttp2Stream> {
  const session = http2.connect(url);
  cleanups.push(() => session.destroy());
  session.on('error', () => {});
  const stream = session.request({
    ':method': 'POST',
    ':path': '/etcdserverpb.Watch/Watch',
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.on('error', () => {});
  stream.pause();
  for (const request of requests) stream.write(framed(request));
  await new Promise((resolve) => stream.once('response', resolve));
  return stream;
}

/**
 * Bytes held by this process after collections, buffers included.
 *
 * Buffers are freed behind a collection's back, and what they hold onto only in the next one: the
 * figure is that of the collection after which no more was freed.
 */
async function bytesHeld(): Promise<number> {
  let held = Number.POSITIVE_INFINITY;
  for (;;) {
    collectGarbage();
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    const { heapUsed, external } = process.memoryUsage();
    if (heapUsed + external > held * 0.99) return held;
    held = heapUsed + external;
  }
}

describe('a watcher that never reads', () => {
  it('does not hold up others, and does not make the server keep what it would send', async () => {
    const { etcd, url } = await startServer();
    const everything = watchRequest.encode({ create: { key: '\0', rangeEnd: '\0' } });
    const unread = await Promise.all(
      Array.from({ length: 10 }, () => openUnread(url, [everything])),
    );
    const client = newGrpcClient({ endpoints: [url] });
    cleanups.push(() => client.close());
    const reading = client.watch({ key: '\0', rangeEnd: '\0' })[Symbol.asyncIterator]();
    await reading.next();

    const value = 'x'.repeat(50_000);
    const before = await bytesHeld();
    const writes = 1000;
    let seen = 0;
    let halfway = 0;
    for (let i = 0; i < writes; i++) {
      if (i === writes / 2) halfway = await bytesHeld();
      await client.put({ key: `k${i % 10}`, value });
      // History is not what is measured here.
      if (i % 100 === 99) await client.compact({ revision: etcd.revision });
      while (seen <= i) {
        const { value: response } = await reading.next();
        seen += response?.events.length ?? 0;
      }
    }
    expect(seen).toBe(writes);
    // 500 writes of 50 kB for 10 watchers are 250 MB; each may have a few MB unread on both sides of
    // its connection, and by halfway each has.
    const held = await bytesHeld();
    expect(held - halfway).toBeLessThan(25_000_000);
    expect(held - before).toBeLessThan(120_000_000);
    expect(unread.every((stream) => !stream.closed)).toBe(true);
  }, 30_000);

  it('gets everything, once and in order, when it reads after all', async () => {
    const { etcd, url } = await startServer();
    const stream = await openUnread(url, [
      watchRequest.encode({ create: { key: 'a', startRevision: 2 } }),
    ]);
    const value = 'x'.repeat(10_000);
    for (let i = 0; i < 200; i++) await etcd.put({ key: 'a', value: `${i} ${value}` });
    const seen: number[] = [];
    let bytes = Buffer.alloc(0);
    await new Promise<void>((resolve) => {
      stream.on('data', (piece: Buffer) => {
        bytes = Buffer.concat([bytes, piece]);
        while (bytes.length >= 5 && bytes.length >= 5 + bytes.readUInt32BE(1)) {
          const end = 5 + bytes.readUInt32BE(1);
          for (const { kv } of watchResponse.decode(bytes.subarray(5, end)).events) {
            seen.push(Number.parseInt(kv.value, 10));
          }
          bytes = bytes.subarray(end);
        }
        if (seen.length >= 200) resolve();
      });
      stream.resume();
    });
    expect(seen).toEqual(Array.from({ length: 200 }, (_, i) => i));
  }, 30_000);

  it('is not listened to while it only asks and never reads the answers', async () => {
    const { url } = await startServer();
    const stream = await openUnread(url, []);
    const before = await bytesHeld();
    const asks = framed(watchRequest.encode({ progress: {} }));
    const thousand = Buffer.concat(Array.from({ length: 1000 }, () => asks));
    // Three million questions: unless the server stops reading, their answers are over 100 MB.
    let taken = 0;
    while (taken < 3000) {
      taken += 1;
      if (stream.write(thousand)) continue;
      const drained = new Promise((resolve) => stream.once('drain', () => resolve(true)));
      const isStuck = new Promise((resolve) => setTimeout(() => resolve(false), 1000));
      if (!(await Promise.race([drained, isStuck]))) break;
    }
    expect(taken).toBeLessThan(3000);
    expect((await bytesHeld()) - before).toBeLessThan(60_000_000);
  }, 30_000);
});

describe('compaction', () => {
  it('gives memory back', async () => {
    const { etcd } = await startServer();
    const before = await bytesHeld();
    for (let i = 0; i < 100_000; i++) {
      await etcd.put({
        key: `key${i % 100}`,
        value: Buffer.alloc(256, i & 0x7f).toString('latin1'),
      });
    }
    const full = (await bytesHeld()) - before;
    await etcd.compact({ revision: etcd.revision });
    const left = (await bytesHeld()) - before;
    expect(full).toBeGreaterThan(30_000_000);
    expect(left).toBeLessThan(full / 10);
  }, 30_000);
});
