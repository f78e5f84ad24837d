/** Maintenance and cluster: enough for operators and for the tools that ask before they work. */

import { createHash } from 'node:crypto';
import { describe, expect } from 'vitest';
import { bodyOf, describeEtcd, revisionOf } from './target.ts';
import type { Message } from './wire.ts';
import { Wire } from './wire.ts';

describeEtcd('maintenance and transport', (it) => {
  describe('maintenance', () => {
    it('tells how the member is doing', async ({ wire, prefix }) => {
      await wire.call('KV/Put', { key: prefix(), value: '1' });
      const status = await wire.call('Maintenance/Status');
      expect(status).toMatchObject({
        version: expect.stringMatching(/^3\.\d+\.\d+$/),
        leader: (status.header as Message).member_id,
        raftTerm: (status.header as Message).raft_term,
      });
      for (const field of ['dbSize', 'dbSizeInUse', 'raftIndex', 'raftAppliedIndex']) {
        expect(Number(status[field])).toBeGreaterThan(0);
      }
      expect(status).not.toHaveProperty('errors');
    });

    it('lists the member, in a header without a revision', async ({ wire }) => {
      const { header, members } = await wire.call('Cluster/MemberList');
      expect(header).not.toHaveProperty('revision');
      expect(members).toMatchObject([
        {
          ID: (header as Message).member_id,
          name: 'default',
          clientURLs: [expect.stringContaining('http://')],
        },
      ]);
    });

    it('has no alarms, and defragments without a word', async ({ wire }) => {
      expect(await wire.call('Maintenance/Alarm')).toEqual({});
      expect(await wire.call('Maintenance/Defragment')).toEqual({});
    });

    it('hashes what there is: the same twice, another after a change', async (target) => {
      const { wire } = target;
      await wire.call('KV/Put', { key: target.prefix(), value: '1' });
      const first = await wire.call('Maintenance/HashKV');
      const revision = await target.revision();
      expect(revisionOf(first)).toBe(revision);
      await wire.call('KV/Put', { key: target.prefix(), value: '1' });
      expect((await wire.call('Maintenance/HashKV', { revision })).hash).toBe(first.hash);
      expect((await wire.call('Maintenance/HashKV')).hash).not.toBe(first.hash);
      expect((await wire.call('Maintenance/Hash')).hash).toEqual(expect.any(Number));
      expect(await wire.attempt('Maintenance/HashKV', { revision: revision + 100 })).toEqual({
        code: 'OUT_OF_RANGE',
        message: 'etcdserver: mvcc: required revision is a future revision',
      });
    });

    it('sends a snapshot that ends with its own checksum', async ({ wire, prefix }) => {
      await wire.call('KV/Put', { key: prefix(), value: 'x'.repeat(100_000) });
      const parts = await wire.collect('Maintenance/Snapshot');
      const blobs = parts.map(({ blob = '' }) => Buffer.from(String(blob), 'latin1'));
      const checksum = blobs.pop();
      const content = Buffer.concat(blobs);
      expect(content.length % 512).toBe(0);
      expect(checksum).toEqual(createHash('sha256').update(content).digest());
      let left = content.length;
      for (const [i, blob] of blobs.entries()) {
        left -= blob.length;
        expect(Number(parts[i]?.remaining_bytes ?? 0)).toBe(left);
      }
    });
  });

  describe('transport', () => {
    it('tolerates keep-alive pings at any rate', async ({ endpoint, prefix }) => {
      const wire = new Wire(endpoint, {
        'grpc.keepalive_time_ms': 10,
        'grpc.keepalive_permit_without_calls': 1,
      });
      const stream = wire.open('Watch/Watch');
      const key = prefix();
      stream.send({ create_request: { key } });
      await stream.receive();
      for (let i = 0; i < 50; i++) {
        await wire.call('KV/Put', { key, value: String(i) });
        await stream.receive();
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      expect(bodyOf(await wire.call('KV/Range', { key }))).toMatchObject({ count: '1' });
      wire.close();
    });

    it('answers a hundred calls at once, each with its own revision', async (target) => {
      const key = target.prefix();
      const before = await target.revision();
      const puts = Array.from({ length: 100 }, () =>
        target.wire.call('KV/Put', { key, value: 'x' }),
      );
      const revisions = (await Promise.all(puts)).map(revisionOf).sort((a, b) => a - b);
      expect(revisions).toEqual(Array.from({ length: 100 }, (_, i) => before + 1 + i));
    });
  });
});
