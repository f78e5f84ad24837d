/**
 * kill -9 under load, over and over on one folder: what was acknowledged is there, and no
 * transaction is there by half.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type EtcdClient, prefixEnd } from '#etcd';
import { newGrpcClient } from '#etcd/grpc';
import { startOurEtcd } from '../../conformance/etcd/program.ts';

const ROUNDS = 4;
const WRITERS = 20;
/** How many writes are acknowledged before the program is killed. */
const WRITES_PER_ROUND = 300;

let folder = '';
afterEach(() => rm(folder, { recursive: true, force: true }));

/** What one writer knows: the last value etcd has acknowledged, and the one it may have taken. */
interface Writer {
  readonly id: number;
  acknowledged: number;
  attempted: number;
}

/** Writes its counter to two keys in one transaction, again and again, until there is no answer. */
async function write(
  client: EtcdClient,
  writer: Writer,
  onAcknowledged: () => void,
): Promise<void> {
  for (;;) {
    writer.attempted = writer.acknowledged + 1;
    const value = `${writer.attempted}`;
    try {
      await client.txn({
        success: [
          { put: { key: `/left/${writer.id}`, value } },
          { put: { key: `/right/${writer.id}`, value } },
        ],
      });
    } catch {
      return;
    }
    writer.acknowledged = writer.attempted;
    onAcknowledged();
  }
}

async function readAll(client: EtcdClient, prefix: string): Promise<Map<string, number>> {
  const { kvs } = await client.range({ key: prefix, rangeEnd: prefixEnd(prefix) });
  return new Map(kvs.map(({ key, value }) => [key.slice(prefix.length), Number(value)]));
}

describe('etcd killed under load', () => {
  it('keeps every acknowledged write and no half of a transaction', async () => {
    folder = await mkdtemp(join(tmpdir(), 'etcd-crash-'));
    const writers = Array.from(
      { length: WRITERS },
      (_, id): Writer => ({ id, acknowledged: 0, attempted: 0 }),
    );
    for (let round = 0; round <= ROUNDS; round++) {
      const program = await startOurEtcd([], { folder });
      const client = newGrpcClient({ endpoints: [program.endpoint] });
      const left = await readAll(client, '/left/');
      expect(await readAll(client, '/right/')).toEqual(left);
      for (const writer of writers) {
        const found = left.get(String(writer.id)) ?? 0;
        expect([writer.acknowledged, writer.attempted]).toContain(found);
        writer.acknowledged = found;
      }
      if (round < ROUNDS) {
        let acknowledged = 0;
        const onAcknowledged = () => {
          acknowledged += 1;
          if (acknowledged === WRITES_PER_ROUND) program.child.kill('SIGKILL');
        };
        await Promise.all(writers.map((writer) => write(client, writer, onAcknowledged)));
        expect(acknowledged).toBeGreaterThanOrEqual(WRITES_PER_ROUND);
      }
      client.close();
      await program.stop();
    }
    expect(Math.min(...writers.map(({ acknowledged }) => acknowledged))).toBeGreaterThan(0);
  }, 60_000);

  it('takes the folder over from a dead process, also when its number lives on in another', async () => {
    folder = await mkdtemp(join(tmpdir(), 'etcd-lock-'));
    const first = await startOurEtcd([], { folder });
    const lock = await readFile(join(folder, 'lock'), 'utf8');
    await expect(startOurEtcd([], { folder })).rejects.toThrow('ended with 1');
    first.child.kill('SIGKILL');
    await first.stop();
    // This process lives, but it is not the one that took the lock.
    await writeFile(join(folder, 'lock'), `${process.pid} ${lock.split(' ')[1]}`);
    const second = await startOurEtcd([], { folder });
    await second.stop();
    await expect(readFile(join(folder, 'lock'))).rejects.toThrow('ENOENT');
  }, 30_000);

  // Other systems do not tell.
  it.skipIf(process.platform !== 'linux')(
    'takes the folder over from a process that has ended and that nobody has noticed',
    async () => {
      folder = await mkdtemp(join(tmpdir(), 'etcd-lock-'));
      // The shell becomes a program that never asks what has become of its children.
      const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 60']);
      const [said] = await once(parent.stdout, 'data');
      const pid = Number(said);
      const fields = async (): Promise<string[]> => {
        const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
        return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      };
      await expect.poll(async () => (await fields())[0]).toBe('Z');
      await writeFile(join(folder, 'lock'), `${pid} ${(await fields())[19]}`);
      const etcd = await startOurEtcd([], { folder });
      await etcd.stop();
      parent.kill('SIGKILL');
    },
    30_000,
  );

  it('comes back as it was after a clean stop, leases and compaction too', async () => {
    folder = await mkdtemp(join(tmpdir(), 'etcd-restart-'));
    const first = await startOurEtcd([], { folder });
    const client = newGrpcClient({ endpoints: [first.endpoint] });
    const { id } = await client.leaseGrant(600);
    for (const value of ['1', '2', '3\xff\0']) await client.put({ key: 'a', value, lease: id });
    await client.put({ key: 'b', value: 'gone' });
    await client.deleteRange({ key: 'b' });
    await client.compact({ revision: 4 });
    const before = await client.range({ key: '\0', rangeEnd: '\0' });
    client.close();
    await first.stop();
    expect(first.child.exitCode).toBe(0);

    const second = await startOurEtcd([], { folder });
    const again = newGrpcClient({ endpoints: [second.endpoint] });
    expect(await again.range({ key: '\0', rangeEnd: '\0' })).toEqual(before);
    expect(await again.leaseTimeToLive(id, true)).toMatchObject({
      grantedTtlSeconds: 600,
      keys: ['a'],
    });
    await expect(again.range({ key: 'a', revision: 3 })).rejects.toMatchObject({
      code: 'OutOfRange',
    });
    const watch = again.watch({ key: '\0', rangeEnd: '\0', startRevision: 5 });
    const revisions: number[] = [];
    for await (const { events } of watch) {
      for (const { kv } of events) revisions.push(kv.modRevision);
      if (revisions.length === 2) break;
    }
    expect(revisions).toEqual([5, 6]);
    again.close();
    await second.stop();
  }, 30_000);
});
