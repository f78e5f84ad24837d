/** Range, put and delete: what is in an answer and what is not, and how requests are refused. */

import { describe, expect } from 'vitest';
import { bodyOf, describeEtcd, endOf, revisionOf, type Target } from './target.ts';
import type { Message } from './wire.ts';

/** Puts keys one after the other under a new prefix. */
async function putAll(target: Target, pairs: readonly (readonly [string, string])[]) {
  const prefix = target.prefix();
  const revisions: number[] = [];
  for (const [key, value] of pairs) {
    revisions.push(revisionOf(await target.wire.call('KV/Put', { key: prefix + key, value })));
  }
  const all = { key: prefix, range_end: endOf(prefix) };
  const keysOf = ({ kvs = [] }: Message) =>
    (kvs as Message[]).map(({ key }) => String(key).slice(prefix.length));
  return { prefix, revisions, all, keysOf };
}

describeEtcd('put, range, delete', (it) => {
  describe('put', () => {
    it('answers with nothing but a full header', async ({ wire, prefix }) => {
      const response = await wire.call('KV/Put', { key: `${prefix()}a`, value: '1' });
      expect(response).toEqual({
        header: {
          cluster_id: expect.stringMatching(/^\d+$/),
          member_id: expect.stringMatching(/^\d+$/),
          revision: expect.stringMatching(/^\d+$/),
          raft_term: expect.stringMatching(/^\d+$/),
        },
      });
    });

    it('makes one revision each', async (target) => {
      const before = await target.revision();
      const { revisions } = await putAll(target, [
        ['a', '1'],
        ['a', '1'],
        ['b', ''],
      ]);
      expect(revisions).toEqual([before + 1, before + 2, before + 3]);
    });

    it('brings the version before, if there was one', async ({ wire, prefix }) => {
      const key = `${prefix()}a`;
      const put = async (value: string) => wire.call('KV/Put', { key, value, prev_kv: true });
      const first = await put('1');
      expect(bodyOf(first)).toEqual({});
      const revision = String(revisionOf(first));
      expect(bodyOf(await put('2'))).toEqual({
        prev_kv: {
          key,
          value: '1',
          create_revision: revision,
          mod_revision: revision,
          version: '1',
        },
      });
    });

    it('keeps the value or the lease when told to', async ({ wire, prefix }) => {
      const key = `${prefix()}a`;
      const { ID } = await wire.call('Lease/LeaseGrant', { TTL: 60 });
      await wire.call('KV/Put', { key, value: '1', lease: ID });
      await wire.call('KV/Put', { key, value: '2', ignore_lease: true });
      const read = async () => (await wire.call('KV/Range', { key })).kvs;
      expect(await read()).toMatchObject([{ value: '2', lease: ID }]);
      await wire.call('KV/Put', { key, ignore_value: true });
      const [kv] = (await read()) as Message[];
      expect(kv).toMatchObject({ value: '2', version: '3' });
      expect(kv).not.toHaveProperty('lease');
    });

    const refusals: [string, Message, string, string][] = [
      ['an empty key', { key: '', value: 'x' }, 'INVALID_ARGUMENT', 'key is not provided'],
      [
        'a value with ignore_value',
        { key: 'k', value: 'x', ignore_value: true },
        'INVALID_ARGUMENT',
        'value is provided',
      ],
      [
        'a lease with ignore_lease',
        { key: 'k', lease: '7', ignore_lease: true },
        'INVALID_ARGUMENT',
        'lease is provided',
      ],
      [
        'ignore_value of no key',
        { key: '/conformance/none', ignore_value: true },
        'INVALID_ARGUMENT',
        'key not found',
      ],
      [
        'ignore_lease of no key',
        { key: '/conformance/none', ignore_lease: true },
        'INVALID_ARGUMENT',
        'key not found',
      ],
      [
        'a lease that does not exist',
        { key: 'k', lease: '123456' },
        'NOT_FOUND',
        'requested lease not found',
      ],
    ];
    for (const [name, request, code, message] of refusals) {
      it(`refuses ${name}`, async (target) => {
        const before = await target.revision();
        const outcome = await target.wire.attempt('KV/Put', request);
        expect(outcome).toEqual({ code, message: `etcdserver: ${message}` });
        expect(await target.revision()).toBe(before);
      });
    }

    it('carries any bytes', async ({ wire, prefix }) => {
      const bytes = String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i));
      const key = prefix() + bytes;
      await wire.call('KV/Put', { key, value: bytes });
      expect((await wire.call('KV/Range', { key })).kvs).toMatchObject([{ key, value: bytes }]);
    });

    it('takes 1.5 MB of zeros, and refuses a little more than 1.5 MiB in its own words', async ({
      wire,
      prefix,
    }) => {
      const key = `${prefix()}big`;
      await wire.call('KV/Put', { key, value: '\0'.repeat(1_500_000) });
      const tooLarge = { code: 'INVALID_ARGUMENT', message: 'etcdserver: request is too large' };
      for (const size of [1.5 * 1024 * 1024 + 1, 2_000_000]) {
        expect(await wire.attempt('KV/Put', { key, value: 'x'.repeat(size) })).toEqual(tooLarge);
      }
      expect(await wire.attempt('KV/Put', { key, value: 'x'.repeat(2_100_000) })).toMatchObject({
        code: 'RESOURCE_EXHAUSTED',
      });
      expect((await wire.call('KV/Range', { key, keys_only: true })).kvs).toMatchObject([
        { version: '1' },
      ]);
    });
  });

  const fruits = [
    ['a', '3'],
    ['b', '1'],
    ['c', '2'],
    ['b', '9'],
  ] as const;

  describe('range', () => {
    it('leaves out what is empty', async ({ wire, prefix }) => {
      expect(bodyOf(await wire.call('KV/Range', { key: prefix() }))).toEqual({});
    });

    it('gives every field of a key-value', async (target) => {
      const { prefix, revisions } = await putAll(target, fruits);
      const response = await target.wire.call('KV/Range', { key: `${prefix}b` });
      expect(bodyOf(response)).toEqual({
        kvs: [
          {
            key: `${prefix}b`,
            value: '9',
            create_revision: String(revisions[1]),
            mod_revision: String(revisions[3]),
            version: '2',
          },
        ],
        count: '1',
      });
    });

    it('answers limit and revision with the whole count and more', async (target) => {
      const { all, revisions, keysOf } = await putAll(target, fruits);
      const response = await target.wire.call('KV/Range', {
        ...all,
        limit: 2,
        revision: revisions[2] ?? 0,
      });
      expect(keysOf(response)).toEqual(['a', 'b']);
      expect(response).toMatchObject({
        more: true,
        count: '3',
        header: { revision: String(await target.revision()) },
      });
      expect(response.kvs).toMatchObject([{ value: '3' }, { value: '1' }]);
    });

    it('pages as a Kubernetes list does', async (target) => {
      const { prefix, all, keysOf } = await putAll(target, fruits);
      const first = await target.wire.call('KV/Range', { ...all, limit: 2 });
      const next = await target.wire.call('KV/Range', {
        ...all,
        key: `${prefix}b\0`,
        limit: 2,
        revision: revisionOf(first),
      });
      expect([keysOf(next), next.more, next.count]).toEqual([['c'], undefined, '1']);
    });

    const reads: [string, Message, string[], Message][] = [
      ['keys only', { keys_only: true }, ['a', 'b', 'c'], { count: '3' }],
      ['count only', { count_only: true, limit: 1 }, [], { count: '3' }],
      ['a negative limit', { limit: -1 }, ['a', 'b', 'c'], { count: '3' }],
      ['a limit that is not reached', { limit: 3 }, ['a', 'b', 'c'], { count: '3' }],
      ['descending keys', { sort_order: 'DESCEND' }, ['c', 'b', 'a'], { count: '3' }],
      ['a target without an order', { sort_target: 'VALUE' }, ['c', 'a', 'b'], { count: '3' }],
      [
        'values ascending',
        { sort_target: 'VALUE', sort_order: 'ASCEND' },
        ['c', 'a', 'b'],
        { count: '3' },
      ],
      [
        'versions descending',
        { sort_target: 'VERSION', sort_order: 'DESCEND' },
        ['b', 'a', 'c'],
        { count: '3' },
      ],
      [
        'changes descending, cut',
        { sort_target: 'MOD', sort_order: 'DESCEND', limit: 1 },
        ['b'],
        { count: '3', more: true },
      ],
      [
        'creations descending',
        { sort_target: 'CREATE', sort_order: 'DESCEND' },
        ['c', 'b', 'a'],
        { count: '3' },
      ],
    ];
    for (const [name, options, keys, rest] of reads) {
      it(`reads: ${name}`, async (target) => {
        const { all, keysOf } = await putAll(target, fruits);
        const response = await target.wire.call('KV/Range', { ...all, ...options });
        expect(keysOf(response)).toEqual(keys);
        const { kvs: _, ...body } = bodyOf(response);
        expect(body).toEqual(rest);
      });
    }

    it('filters by revisions, and counts without the filter', async (target) => {
      const { all, revisions, keysOf } = await putAll(target, fruits);
      const response = await target.wire.call('KV/Range', {
        ...all,
        min_mod_revision: revisions[2] ?? 0,
        max_create_revision: revisions[1] ?? 0,
      });
      expect([keysOf(response), response.count]).toEqual([['b'], '3']);
    });

    it('reads nothing in a range that ends before it begins', async (target) => {
      const { prefix } = await putAll(target, fruits);
      const request = { key: `${prefix}c`, range_end: `${prefix}a` };
      expect(bodyOf(await target.wire.call('KV/Range', request))).toEqual({});
    });

    it('refuses an empty key and revisions that are not there', async (target) => {
      const attempt = (request: Message) => target.wire.attempt('KV/Range', request);
      expect(await attempt({ key: '' })).toEqual({
        code: 'INVALID_ARGUMENT',
        message: 'etcdserver: key is not provided',
      });
      expect(await attempt({ key: 'a', revision: (await target.revision()) + 1 })).toEqual({
        code: 'OUT_OF_RANGE',
        message: 'etcdserver: mvcc: required revision is a future revision',
      });
    });

    it.since('3.5', 'refuses a sort order that there is none of', async ({ wire }) => {
      for (const option of [{ sort_order: 7 }, { sort_target: 9 }]) {
        expect(await wire.attempt('KV/Range', { key: 'a', ...option })).toEqual({
          code: 'INVALID_ARGUMENT',
          message: 'etcdserver: invalid sort option',
        });
      }
    });
  });

  describe('delete', () => {
    it('counts, and brings what it deleted when asked', async (target) => {
      const { prefix, all, revisions } = await putAll(target, [
        ['a', '1'],
        ['b', '2'],
      ]);
      const response = await target.wire.call('KV/DeleteRange', { ...all, prev_kv: true });
      expect(revisionOf(response)).toBe((revisions[1] ?? 0) + 1);
      expect(response).toMatchObject({
        deleted: '2',
        prev_kvs: [
          { key: `${prefix}a`, value: '1' },
          { key: `${prefix}b`, value: '2' },
        ],
      });
    });

    it('makes no revision when there is nothing to delete', async (target) => {
      const before = await target.revision();
      const response = await target.wire.call('KV/DeleteRange', {
        key: target.prefix(),
        prev_kv: true,
      });
      expect(bodyOf(response)).toEqual({});
      expect(revisionOf(response)).toBe(before);
    });

    it('refuses an empty key', async ({ wire }) => {
      expect(await wire.attempt('KV/DeleteRange', { key: '' })).toEqual({
        code: 'INVALID_ARGUMENT',
        message: 'etcdserver: key is not provided',
      });
    });
  });
});
