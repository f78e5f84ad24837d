/** Transactions, the ones a Kubernetes API server sends among them, and compaction. */

import { describe, expect } from 'vitest';
import { bodyOf, describeEtcd, endOf, revisionOf } from './target.ts';
import type { Message, Wire } from './wire.ts';

const modIs = (key: string, mod_revision: number): Message => ({
  target: 'MOD',
  result: 'EQUAL',
  key,
  mod_revision,
});
const put = (key: string, value: string): Message => ({ request_put: { key, value } });
const read = (key: string): Message => ({ request_range: { key } });

function txn(wire: Wire, request: Message): Promise<Message> {
  return wire.call('KV/Txn', request);
}

describeEtcd('transactions and compaction', (it) => {
  describe('what Kubernetes sends', () => {
    const create = (key: string, value: string): Message => ({
      compare: [modIs(key, 0)],
      success: [put(key, value)],
    });
    const update = (key: string, revision: number, value: string): Message => ({
      compare: [modIs(key, revision)],
      success: [put(key, value)],
      failure: [read(key)],
    });

    it('creates an object that is not there', async ({ wire, prefix }) => {
      const key = `${prefix()}pod`;
      const response = await txn(wire, create(key, '1'));
      const header = { revision: String(revisionOf(response)) };
      expect(bodyOf(response)).toEqual({
        succeeded: true,
        responses: [{ response_put: { header } }],
      });
    });

    it('does not create one that is there', async ({ wire, prefix, revision }) => {
      const key = `${prefix()}pod`;
      await txn(wire, create(key, '1'));
      const before = await revision();
      const response = await txn(wire, create(key, '2'));
      expect(bodyOf(response)).toEqual({});
      expect(revisionOf(response)).toBe(before);
    });

    it('updates the version it read, and gets the newer one when it is too late', async ({
      wire,
      prefix,
    }) => {
      const key = `${prefix()}pod`;
      const created = revisionOf(await txn(wire, create(key, '1')));
      const updated = await txn(wire, update(key, created, '2'));
      expect(updated.succeeded).toBe(true);
      const late = await txn(wire, update(key, created, '3'));
      const header = { revision: String(revisionOf(updated)) };
      expect(bodyOf(late)).toEqual({
        responses: [
          {
            response_range: {
              header,
              kvs: [
                {
                  key,
                  value: '2',
                  create_revision: String(created),
                  mod_revision: header.revision,
                  version: '2',
                },
              ],
              count: '1',
            },
          },
        ],
      });
    });

    it('deletes the version it read', async ({ wire, prefix }) => {
      const key = `${prefix()}pod`;
      const created = revisionOf(await txn(wire, create(key, '1')));
      const request = {
        compare: [modIs(key, created)],
        success: [{ request_delete_range: { key } }],
        failure: [read(key)],
      };
      const response = await txn(wire, request);
      const header = { revision: String(created + 1) };
      expect(bodyOf(response)).toEqual({
        succeeded: true,
        responses: [{ response_delete_range: { header, deleted: '1' } }],
      });
      expect(bodyOf(await txn(wire, request))).toEqual({
        responses: [{ response_range: { header } }],
      });
    });

    it('agrees with other API servers on who compacts', async ({ wire, prefix }) => {
      const key = `${prefix()}compact_rev_key`;
      const request = (version: number, value: string): Message => ({
        compare: [{ target: 'VERSION', result: 'EQUAL', key, version }],
        success: [put(key, value)],
        failure: [read(key)],
      });
      expect((await txn(wire, request(0, '5'))).succeeded).toBe(true);
      expect(await txn(wire, request(0, '6'))).toMatchObject({
        responses: [{ response_range: { kvs: [{ value: '5', version: '1' }] } }],
      });
      expect((await txn(wire, request(1, '7'))).succeeded).toBe(true);
    });
  });

  describe('transaction', () => {
    it('runs in order, in one revision, seeing its own writes', async ({ wire, prefix }) => {
      const at = prefix();
      await wire.call('KV/Put', { key: `${at}old`, value: '1' });
      const response = await txn(wire, {
        success: [
          put(`${at}a`, '1'),
          read(`${at}a`),
          { request_put: { key: `${at}b`, value: '2', prev_kv: true } },
          { request_delete_range: { key: `${at}old`, prev_kv: true } },
          { request_range: { key: at, range_end: endOf(at), count_only: true } },
        ],
      });
      const revision = String(revisionOf(response));
      const header = { revision };
      expect(response.responses).toMatchObject([
        { response_put: { header } },
        { response_range: { header, kvs: [{ mod_revision: revision }], count: '1' } },
        { response_put: { header } },
        { response_delete_range: { header, deleted: '1', prev_kvs: [{ value: '1' }] } },
        { response_range: { header, count: '2' } },
      ]);
    });

    it('makes no revision when it only reads, or does nothing', async (target) => {
      const before = await target.revision();
      const response = await txn(target.wire, { success: [read(target.prefix())] });
      expect(revisionOf(response)).toBe(before);
      expect(bodyOf(await txn(target.wire, {}))).toEqual({ succeeded: true });
      expect(await target.revision()).toBe(before);
    });

    it('nests, with a header that says nothing', async ({ wire, prefix }) => {
      const key = `${prefix()}a`;
      const inner = { compare: [modIs(key, 0)], success: [put(key, '1'), read(key)] };
      const response = await txn(wire, { success: [{ request_txn: inner }] });
      const header = { revision: String(revisionOf(response)) };
      expect(response.responses).toEqual([
        {
          response_txn: {
            header: {},
            succeeded: true,
            responses: [
              { response_put: { header } },
              { response_range: expect.objectContaining({ header, count: '1' }) },
            ],
          },
        },
      ]);
    });

    const compares: [string, Message, boolean][] = [
      ['version equal', { target: 'VERSION', result: 'EQUAL', version: 2 }, true],
      ['version not equal', { target: 'VERSION', result: 'NOT_EQUAL', version: 2 }, false],
      ['version greater', { target: 'VERSION', result: 'GREATER', version: 1 }, true],
      ['version less', { target: 'VERSION', result: 'LESS', version: 2 }, false],
      [
        'creation greater than 0',
        { target: 'CREATE', result: 'GREATER', create_revision: 0 },
        true,
      ],
      ['value equal', { target: 'VALUE', result: 'EQUAL', value: 'v2' }, true],
      ['value greater', { target: 'VALUE', result: 'GREATER', value: 'v10' }, true],
      ['value less by bytes', { target: 'VALUE', result: 'LESS', value: 'v\xff' }, true],
      ['no lease', { target: 'LEASE', result: 'EQUAL', lease: 0 }, true],
      [
        'a side of another target counts as 0',
        { target: 'VERSION', result: 'EQUAL', mod_revision: 2 },
        false,
      ],
      ['a missing side counts as 0', { target: 'VERSION', result: 'GREATER' }, true],
    ];
    for (const [name, compare, holds] of compares) {
      it(`compares: ${name}`, async ({ wire, prefix }) => {
        const key = `${prefix()}a`;
        await wire.call('KV/Put', { key, value: 'v1' });
        await wire.call('KV/Put', { key, value: 'v2' });
        const response = await txn(wire, { compare: [{ ...compare, key }] });
        expect(response.succeeded ?? false).toBe(holds);
      });
    }

    it('compares every key of a range, and a missing key as 0 but never by value', async ({
      wire,
      prefix,
    }) => {
      const at = prefix();
      await wire.call('KV/Put', { key: `${at}a`, value: '1' });
      await wire.call('KV/Put', { key: `${at}b`, value: '2' });
      const holds = async (compare: Message) =>
        (await txn(wire, { compare: [compare] })).succeeded ?? false;
      const range = { key: at, range_end: endOf(at) };
      expect(await holds({ ...range, target: 'VERSION', result: 'EQUAL', version: 1 })).toBe(true);
      expect(await holds({ ...range, target: 'VALUE', result: 'EQUAL', value: '1' })).toBe(false);
      const missing = { key: `${at}missing` };
      expect(await holds({ ...missing, target: 'VERSION', result: 'EQUAL', version: 0 })).toBe(
        true,
      );
      expect(await holds({ ...missing, target: 'VALUE', result: 'NOT_EQUAL', value: 'x' })).toBe(
        false,
      );
    });

    const many = (count: number): Message[] =>
      Array.from({ length: count }, (_, i) => put(`k${i}`, ''));
    const refusals: [string, Message, string, string][] = [
      [
        'two puts of a key',
        { success: [put('a', ''), put('a', '')] },
        'INVALID_ARGUMENT',
        'duplicate key given in txn request',
      ],
      [
        'a put in a deleted range',
        { failure: [put('b', ''), { request_delete_range: { key: 'a', range_end: 'c' } }] },
        'INVALID_ARGUMENT',
        'duplicate key given in txn request',
      ],
      [
        'a nested duplicate',
        { success: [put('a', ''), { request_txn: { failure: [put('a', '')] } }] },
        'INVALID_ARGUMENT',
        'duplicate key given in txn request',
      ],
      [
        '129 operations',
        { success: many(129) },
        'INVALID_ARGUMENT',
        'too many operations in txn request',
      ],
      [
        '129 conditions',
        { compare: many(129).map((_, i) => modIs(`k${i}`, 0)) },
        'INVALID_ARGUMENT',
        'too many operations in txn request',
      ],
      ['an operation that is none', { success: [{}] }, 'INVALID_ARGUMENT', 'key not found'],
      [
        'a put without a key',
        { success: [put('', '')] },
        'INVALID_ARGUMENT',
        'key is not provided',
      ],
      [
        'a condition without a key',
        { compare: [modIs('', 0)] },
        'INVALID_ARGUMENT',
        'key is not provided',
      ],
      [
        'an unknown lease',
        { success: [put('a', ''), { request_put: { key: 'b', lease: '123456' } }] },
        'NOT_FOUND',
        'requested lease not found',
      ],
      [
        'ignore_value of no key',
        { success: [{ request_put: { key: '/conformance/none', ignore_value: true } }] },
        'INVALID_ARGUMENT',
        'key not found',
      ],
      [
        'a read in the future',
        { success: [{ request_range: { key: 'a', revision: 1e15 } }] },
        'OUT_OF_RANGE',
        'mvcc: required revision is a future revision',
      ],
    ];
    for (const [name, request, code, message] of refusals) {
      it(`refuses ${name}, and changes nothing`, async (target) => {
        const before = await target.revision();
        const outcome = await target.wire.attempt('KV/Txn', request);
        expect(outcome).toEqual({ code, message: `etcdserver: ${message}` });
        expect(await target.revision()).toBe(before);
      });
    }

    it('takes 128 operations, the same put in both branches, and a put beside a delete to the end that runs first', async ({
      wire,
      prefix,
    }) => {
      const at = prefix();
      const puts = Array.from({ length: 128 }, (_, i) => put(`${at}${i}`, ''));
      expect((await txn(wire, { success: puts, failure: puts })).succeeded).toBe(true);
      const last = '\xff\xff/last';
      const response = await txn(wire, {
        success: [{ request_delete_range: { key: last, range_end: '\0' } }, put(last, '1')],
      });
      expect(response.succeeded).toBe(true);
    });

    it('is refused when it is too large as a whole', async ({ wire, prefix }) => {
      const at = prefix();
      const half = 'x'.repeat(900_000);
      expect(
        await wire.attempt('KV/Txn', { success: [put(`${at}a`, half), put(`${at}b`, half)] }),
      ).toEqual({
        code: 'INVALID_ARGUMENT',
        message: 'etcdserver: request is too large',
      });
    });
  });

  describe('compaction', () => {
    it('forgets, keeps what lives, and refuses to look back', async (target) => {
      const { wire } = target;
      const at = target.prefix();
      const first = revisionOf(await wire.call('KV/Put', { key: `${at}a`, value: '1' }));
      await wire.call('KV/Put', { key: `${at}a`, value: '2' });
      const now = await target.revision();
      const response = await wire.call('KV/Compact', { revision: now, physical: true });
      expect([bodyOf(response), revisionOf(response)]).toEqual([{}, now]);
      expect((await wire.call('KV/Range', { key: `${at}a`, revision: now })).kvs).toMatchObject([
        { value: '2' },
      ]);

      const compacted = {
        code: 'OUT_OF_RANGE',
        message: 'etcdserver: mvcc: required revision has been compacted',
      };
      expect(await wire.attempt('KV/Range', { key: `${at}a`, revision: first })).toEqual(compacted);
      expect(await wire.attempt('KV/Compact', { revision: now })).toEqual(compacted);
      expect(await wire.attempt('KV/Compact', { revision: 0 })).toEqual(compacted);
      expect(
        await wire.attempt('KV/Txn', {
          success: [{ request_range: { key: 'a', revision: first } }],
        }),
      ).toEqual(compacted);
      expect(await wire.attempt('KV/Compact', { revision: now + 1 })).toEqual({
        code: 'OUT_OF_RANGE',
        message: 'etcdserver: mvcc: required revision is a future revision',
      });
    });
  });
});
