import {
  type Compare,
  checkTxn,
  compareHolds,
  MAX_TXN_OPS,
  put as putOne,
  type RequestOp,
  Store,
  type TxnRequest,
  txn,
  WriteView,
} from '#etcd';
import { describe, expect, fc, it, property, trace } from '#kit';

const put = (key: string, value = ''): RequestOp => ({ put: { key, value } });
const del = (key: string, rangeEnd?: string): RequestOp => ({ deleteRange: { key, rangeEnd } });
const read = (key: string, rangeEnd?: string): RequestOp => ({ range: { key, rangeEnd } });
const nested = (txn: TxnRequest): RequestOp => ({ txn });
const exists = (key: string): Compare => ({
  key,
  target: 'version',
  result: 'greater',
  version: 0,
});
const valueIs = (key: string, value: string): Compare => ({
  key,
  target: 'value',
  result: 'equal',
  value,
});

/** a=1 at 2, b=2 at 3, a=3 at 4. */
function newStore(): Store {
  const store = trace('store', () => new Store());
  store.put({ key: 'a', value: '1' });
  store.put({ key: 'b', value: '2' });
  store.put({ key: 'a', value: '3' });
  return store;
}

const content = (store: Store) =>
  store.range({ key: '\0', rangeEnd: '\0' }).kvs.map(({ key, value }) => `${key}=${value}`);

/** Nothing of a refused transaction is there, nor does it come to light with the next write. */
function expectUnchanged(store: Store): void {
  expect(content(store)).toEqual(['a=3', 'b=2']);
  expect(store.revision).toBe(4);
  store.put({ key: 'next' });
  expect(store.view().backend.changesAt(5)).toMatchObject([{ key: 'next' }]);
  expect(content(store)).toEqual(['a=3', 'b=2', 'next=']);
}

describe('txn', () => {
  it.core('does one thing when all conditions hold, another when one does not', () => {
    const store = newStore();
    const request = { success: [put('x', 'yes')], failure: [put('y', 'no')] };
    const both = store.txn({ compare: [exists('a'), exists('b')], ...request });
    expect(both.succeeded).toBe(true);
    expect(content(store)).toEqual(['a=3', 'b=2', 'x=yes']);
    const one = store.txn({ compare: [exists('a'), exists('c')], ...request });
    expect(one.succeeded).toBe(false);
    expect(content(store)).toEqual(['a=3', 'b=2', 'x=yes', 'y=no']);
  });

  it.core('makes all its changes in one revision, in order', () => {
    const store = newStore();
    const { header } = store.txn({ success: [put('y', '1'), put('x', '2'), del('b')] });
    expect(header.revision).toBe(5);
    expect(store.revision).toBe(5);
    expect(store.view().backend.changesAt(5)).toMatchObject([
      { key: 'y', version: 1, createRevision: 5 },
      { key: 'x', version: 1, createRevision: 5 },
      { key: 'b', version: 0, modRevision: 5 },
    ]);
  });

  it.core('answers every operation, each seeing what came before it', () => {
    const store = newStore();
    const { responses } = store.txn({
      success: [read('a'), { put: { key: 'a', value: '4', prevKv: true } }, read('a'), del('b')],
    });
    expect(responses).toMatchObject([
      { range: { header: { revision: 4 }, kvs: [{ value: '3', version: 2 }], count: 1 } },
      { put: { header: { revision: 5 }, prevKv: { value: '3' } } },
      { range: { header: { revision: 5 }, kvs: [{ value: '4', version: 3, modRevision: 5 }] } },
      { deleteRange: { header: { revision: 5 }, deleted: 1 } },
    ]);
  });

  it.core('refuses to write one key twice', () => {
    const store = newStore();
    expect(() => store.txn({ success: [put('x'), put('x')] })).toThrow({
      code: 'InvalidArgument',
      message: 'etcdserver: duplicate key given in txn request',
    });
    expect(store.txn({ success: [put('x'), put('y')] }).header.revision).toBe(5);
  });

  it.core('changes nothing when a later operation is refused', () => {
    const store = newStore();
    const request = { success: [put('x', '1'), { put: { key: 'y', ignoreValue: true } }] };
    expect(() => store.txn(request)).toThrow('etcdserver: key not found');
    expectUnchanged(store);
  });

  it.core('compares with what the store holds', () => {
    const view = newStore().view();
    expect(compareHolds(view, valueIs('a', '3'))).toBe(true);
    expect(compareHolds(view, valueIs('a', '1'))).toBe(false);
    expect(compareHolds(view, exists('a'))).toBe(true);
    expect(compareHolds(view, exists('c'))).toBe(false);
  });
});

describe('txn, conditions', () => {
  // a: created 2, modified 4, version 2, value 3. c does not exist.
  const rows: [name: string, holds: string, compare: object][] = [
    ['a version that is smaller', '> !=', { key: 'a', target: 'version', version: 1 }],
    ['a version that is equal', '=', { key: 'a', target: 'version', version: 2 }],
    ['a version that is larger', '< !=', { key: 'a', target: 'version', version: 10 }],
    ['the create revision', '=', { key: 'a', target: 'create', createRevision: 2 }],
    ['a later create revision', '< !=', { key: 'a', target: 'create', createRevision: 4 }],
    ['the mod revision', '=', { key: 'a', target: 'mod', modRevision: 4 }],
    ['an earlier mod revision', '> !=', { key: 'a', target: 'mod', modRevision: 2 }],
    ['the value', '=', { key: 'a', target: 'value', value: '3' }],
    ['a value later in byte order', '< !=', { key: 'a', target: 'value', value: '30' }],
    ['a value earlier in byte order', '> !=', { key: 'a', target: 'value', value: '20' }],
    ['a value later in byte order only', '< !=', { key: 'a', target: 'value', value: '~' }],
    ['no lease', '=', { key: 'a', target: 'lease', lease: 0n }],
    ['some lease', '< !=', { key: 'a', target: 'lease', lease: 7n }],
    ['a missing key and version 0', '=', { key: 'c', target: 'version', version: 0 }],
    ['a missing key and version 1', '< !=', { key: 'c', target: 'version', version: 1 }],
    ['a missing key and create revision 0', '=', { key: 'c', target: 'create', createRevision: 0 }],
    ['a missing key and mod revision 3', '< !=', { key: 'c', target: 'mod', modRevision: 3 }],
    ['a missing key and lease 0', '=', { key: 'c', target: 'lease', lease: 0n }],
    ['a missing key and the empty value', '', { key: 'c', target: 'value', value: '' }],
    ['a missing key and any value', '', { key: 'c', target: 'value', value: 'x' }],
  ];
  const results = { '=': 'equal', '!=': 'not-equal', '>': 'greater', '<': 'less' } as const;
  for (const [name, holds, compare] of rows) {
    it(`compares with ${name}`, () => {
      const view = newStore().view();
      const holding = Object.entries(results)
        .filter(([, result]) => compareHolds(view, { ...compare, result } as Compare))
        .map(([sign]) => sign);
      expect(holding.sort()).toEqual(holds.split(' ').filter(Boolean).sort());
    });
  }

  it('over a range must hold for every key in it', () => {
    const view = newStore().view();
    const range = { key: 'a', rangeEnd: 'c' };
    const created = { target: 'create', result: 'less' } as const;
    expect(compareHolds(view, { ...range, ...created, createRevision: 4 })).toBe(true);
    expect(compareHolds(view, { ...range, ...created, createRevision: 3 })).toBe(false);
    const modified = { ...range, target: 'mod', result: 'less' } as const;
    expect(compareHolds(view, { ...modified, modRevision: 4 })).toBe(false);
    expect(compareHolds(view, { ...modified, modRevision: 5 })).toBe(true);
    const all = { key: 'b', rangeEnd: '\0', target: 'value', result: 'equal', value: '2' } as const;
    expect(compareHolds(view, all)).toBe(true);
    const differ = { ...range, target: 'value', result: 'not-equal' } as const;
    expect(compareHolds(view, { ...differ, value: '3' })).toBe(false);
    expect(compareHolds(view, { ...differ, value: '1' })).toBe(true);
  });

  it('over a range without keys holds as for a missing key, but never for the value', () => {
    const view = newStore().view();
    const range = { key: 'x', rangeEnd: '\0' };
    const version = { ...range, target: 'version', result: 'equal' } as const;
    expect(compareHolds(view, { ...version, version: 0 })).toBe(true);
    expect(compareHolds(view, { ...version, version: 9 })).toBe(false);
    const notValue = { ...range, target: 'value', result: 'not-equal', value: '' } as const;
    expect(compareHolds(view, notValue)).toBe(false);
  });

  it('compare leases to the last bit', () => {
    const view = new WriteView(newStore().view());
    const large = 2n ** 62n;
    putOne(view, { key: 'leased', lease: large });
    const lease = { key: 'leased', target: 'lease', result: 'equal' } as const;
    expect(compareHolds(view, { ...lease, lease: large })).toBe(true);
    expect(compareHolds(view, { ...lease, lease: large + 1n })).toBe(false);
    expect(compareHolds(view, { ...lease, result: 'less', lease: large + 1n })).toBe(true);
  });

  it('see a deleted key as one that does not exist', () => {
    const store = newStore();
    store.deleteRange({ key: 'a' });
    expect(store.txn({ compare: [exists('a')] }).succeeded).toBe(false);
    expect(store.txn({ compare: [{ ...exists('a'), result: 'equal' }] }).succeeded).toBe(true);
  });

  it('that fail do nothing when no failure branch is given, nor the other way round', () => {
    const store = newStore();
    const nothing = { header: { revision: 4 }, responses: [] };
    const create = { compare: [exists('c')], success: [put('c')] };
    expect(store.txn(create)).toEqual({ ...nothing, succeeded: false });
    const restore = { compare: [exists('a')], failure: [put('a')] };
    expect(store.txn(restore)).toEqual({ ...nothing, succeeded: true });
    expectUnchanged(store);
  });

  it('all hold when there are none, and nothing at all makes no revision', () => {
    const store = newStore();
    expect(store.txn({})).toEqual({ header: { revision: 4 }, succeeded: true, responses: [] });
    expect(store.txn({ success: [read('a'), del('x')] }).header.revision).toBe(4);
    expect(store.revision).toBe(4);
  });
});

describe('txn, nested', () => {
  it('answers with the nested answer, in the same revision', () => {
    const store = newStore();
    const answer = store.txn({
      success: [put('x'), nested({ compare: [exists('c')], failure: [put('y'), read('x')] })],
    });
    expect(answer).toMatchObject({
      header: { revision: 5 },
      succeeded: true,
      responses: [
        { put: { header: { revision: 5 } } },
        {
          txn: {
            header: { revision: 5 },
            succeeded: false,
            responses: [{ put: {} }, { range: { count: 1 } }],
          },
        },
      ],
    });
    expect(store.view().backend.changesAt(5)).toMatchObject([{ key: 'x' }, { key: 'y' }]);
  });

  it('evaluates all conditions before anything is written', () => {
    const store = newStore();
    const inner = { compare: [exists('x')], success: [put('seen')], failure: [put('not-seen')] };
    store.txn({ success: [put('x'), nested(inner)] });
    expect(content(store)).toEqual(['a=3', 'b=2', 'not-seen=', 'x=']);
  });

  it('changes nothing when a nested operation is refused', () => {
    const store = newStore();
    const inner = { success: [{ put: { key: 'nobody', ignoreLease: true } }] };
    expect(() => store.txn({ success: [put('x'), del('a'), nested(inner)] })).toThrow(
      'etcdserver: key not found',
    );
    expectUnchanged(store);
  });

  it('is refused when a put needs a value that an earlier delete takes away', () => {
    const store = newStore();
    const success = [del('a', '\0'), { put: { key: 'a', ignoreValue: true } }];
    expect(() => store.txn({ success })).toThrow('etcdserver: key not found');
    expectUnchanged(store);
  });

  it('does not ask of a branch that does not run', () => {
    const store = newStore();
    const failure = [
      { put: { key: 'nobody', ignoreValue: true } },
      { range: { key: 'a', revision: 99 } },
    ];
    expect(store.txn({ success: [nested({ failure })], failure }).succeeded).toBe(true);
    const refuse = () => {
      throw new Error('asked for a lease that is not used');
    };
    const leased = { failure: [{ put: { key: 'x', lease: 7n } }] };
    const view = new WriteView(store.view());
    expect(txn(view, { success: [nested(leased)], ...leased }, refuse).succeeded).toBe(true);
  });
});

describe('txn, against the store', () => {
  it('refuses a read at a revision it cannot read, and changes nothing', () => {
    const store = newStore();
    // 5 is what this very transaction will make: it has not happened when it is checked.
    const future = { success: [put('x'), { range: { key: 'a', revision: 5 } }] };
    expect(() => store.txn(future)).toThrow({ name: 'FutureRevisionError', currentRevision: 4 });
    const inner = nested({ success: [{ range: { key: 'a', revision: 5, countOnly: true } }] });
    expect(() => store.txn({ success: [put('x'), inner] })).toThrow({
      name: 'FutureRevisionError',
    });
    expectUnchanged(store);
    const past = store.txn({ success: [put('x'), { range: { key: 'a', revision: 3 } }] });
    expect(past.responses).toMatchObject([{}, { range: { kvs: [{ value: '1' }] } }]);
  });

  it('does not let a put keep the value that the same transaction gives', () => {
    const store = newStore();
    const success = [
      nested({ success: [put('x', '1')] }),
      { put: { key: 'y', ignoreValue: true } },
    ];
    expect(() => store.txn({ success })).toThrow('etcdserver: key not found');
    expectUnchanged(store);
    store.txn({ success: [put('x', '1'), { put: { key: 'a', ignoreValue: true } }] });
    expect(content(store)).toEqual(['a=3', 'b=2', 'next=', 'x=1']);
  });

  it('asks for every lease before anything is written', () => {
    const store = newStore();
    const asked: bigint[] = [];
    const checkLease = (lease: bigint) => {
      asked.push(lease);
      if (lease === 8n) throw new Error('no lease 8');
    };
    const inner = { success: [{ put: { key: 'y', lease: 8n } }] };
    const request = { success: [put('w'), { put: { key: 'x', lease: 7n } }, nested(inner)] };
    const view = new WriteView(store.view());
    expect(() => txn(view, request, checkLease)).toThrow('no lease 8');
    expect(asked).toEqual([7n, 8n]);
    expect(view.changes).toEqual([]);
    expect(content(store)).toEqual(['a=3', 'b=2']);
  });

  it('may delete what a nested transaction put before', () => {
    const store = newStore();
    const { responses } = store.txn({
      success: [nested({ success: [put('x', '1')] }), nested({ success: [del('x', 'y')] })],
    });
    expect(responses).toMatchObject([
      {},
      { txn: { responses: [{ deleteRange: { deleted: 1 } }] } },
    ]);
    expect(content(store)).toEqual(['a=3', 'b=2']);
    expect(store.revision).toBe(5);
    expect(store.view().backend.changesAt(5)).toMatchObject([{ version: 1 }, { version: 0 }]);
  });

  it('may put beside a delete to the end, as etcd lets it', () => {
    const store = newStore();
    store.txn({ success: [del('a', '\0'), put('z', '1')] });
    expect(content(store)).toEqual(['z=1']);
    expect(store.revision).toBe(5);
  });

  it('counts a key once when deletes overlap', () => {
    const store = newStore();
    const { responses } = store.txn({ success: [del('a', '\0'), del('a'), del('b')] });
    const deleted = responses.map((one) => 'deleteRange' in one && one.deleteRange.deleted);
    expect(deleted).toEqual([2, 0, 0]);
    expect(store.revision).toBe(5);
  });
});

describe('txn, the shape of a request', () => {
  const many = (count: number) => Array.from({ length: count }, (_, i) => put(`k${i}`));
  const conditions = (count: number) => Array.from({ length: count }, (_, i) => exists(`k${i}`));
  const twoPuts = [nested({ success: [put('a')] }), nested({ failure: [put('a')] })];
  const refusals: Record<string, [string, TxnRequest][]> = {
    'etcdserver: duplicate key given in txn request': [
      ['a put and a delete of one key', { success: [put('a'), del('a')] }],
      ['a put in a deleted range', { success: [put('b'), del('a', 'c')] }],
      ['two puts in the failure branch', { failure: [put('a'), put('a')] }],
      ['a put and a nested put', { success: [nested({ success: [put('a')] }), put('a')] }],
      [
        'a put and a nested put in failure',
        { success: [put('a'), nested({ failure: [put('a')] })] },
      ],
      ['a put and a nested delete', { success: [put('a'), nested({ success: [del('a')] })] }],
      ['a delete and a nested put', { success: [nested({ success: [put('a')] }), del('a')] }],
      ['puts of two nested transactions', { success: twoPuts }],
      [
        'a nested delete before a nested put',
        { success: [nested({ success: [del('a')] }), nested({ success: [put('a')] })] },
      ],
      [
        'a duplicate deep inside',
        { success: [nested({ failure: [nested({ success: twoPuts })] })] },
      ],
    ],
    'etcdserver: too many operations in txn request': [
      ['too many operations', { success: many(MAX_TXN_OPS + 1) }],
      ['too many in the failure branch', { failure: many(MAX_TXN_OPS + 1) }],
      ['too many conditions', { compare: conditions(MAX_TXN_OPS + 1) }],
      [
        'a nested transaction that takes more than is left',
        { success: [...many(MAX_TXN_OPS - 2), nested({ success: [del('x'), del('y')] })] },
      ],
      [
        'a nested transaction that takes more than the conditions leave',
        { compare: conditions(MAX_TXN_OPS - 1), success: [nested({ failure: many(2) })] },
      ],
      [
        'a nested transaction that takes more than the longer branch leaves',
        { success: [nested({ success: many(2) })], failure: many(MAX_TXN_OPS - 1) },
      ],
      [
        'a transaction two deep that takes more than is left',
        {
          success: [
            nested({
              compare: conditions(MAX_TXN_OPS - 2),
              success: [nested({ success: many(2) })],
            }),
          ],
        },
      ],
    ],
    'etcdserver: key is not provided': [
      ['a condition without a key', { compare: [exists('')] }],
      ['a nested condition without a key', { success: [nested({ compare: [exists('')] })] }],
      ['a put without a key', { success: [put('')] }],
      ['a read without a key', { failure: [read('')] }],
      ['a delete without a key', { success: [nested({ failure: [del('')] })] }],
    ],
    'etcdserver: value is provided': [
      [
        'ignoreValue with a value',
        { success: [{ put: { key: 'a', value: 'x', ignoreValue: true } }] },
      ],
    ],
    'etcdserver: lease is provided': [
      [
        'ignoreLease with a lease',
        { success: [{ put: { key: 'a', lease: 1n, ignoreLease: true } }] },
      ],
    ],
    'etcdserver: invalid sort option': [
      ['a bad sort order', { success: [{ range: { key: 'a', sortOrder: 'up' as 'ascend' } }] }],
    ],
  };
  for (const [message, rows] of Object.entries(refusals)) {
    for (const [name, request] of rows) {
      it(`refuses ${name}`, () => {
        expect(() => checkTxn(request)).toThrow({ name: 'EtcdError', message });
        const store = newStore();
        expect(() => store.txn(request)).toThrow(message);
        expect(store.revision).toBe(4);
      });
    }
  }

  it('may be allowed fewer operations than usual', () => {
    const three = { compare: conditions(1), success: many(3) };
    expect(() => checkTxn(three, 2)).toThrow('etcdserver: too many operations in txn request');
    expect(checkTxn(three, 3)).toBeUndefined();
    const deep = { success: [nested({ success: many(1) })] };
    expect(() => checkTxn(deep, 1)).toThrow('etcdserver: too many operations in txn request');
    expect(checkTxn(deep, 2)).toBeUndefined();
  });

  const inBoth = nested({ success: [put('a')], failure: [put('a')] });
  const accepted: [string, TxnRequest][] = [
    ['one key in both branches', { success: [put('a')], failure: [put('a')] }],
    ['one key in both branches of a nested one', { success: [inBoth] }],
    ['a put in one branch and a delete in the other', { success: [put('a')], failure: [del('a')] }],
    [
      'a put in one branch of a nested one and a delete in the other',
      { success: [nested({ success: [del('a')], failure: [put('a')] })] },
    ],
    [
      'deletes that overlap',
      { success: [del('a'), del('a', 'c'), nested({ success: [del('a')] })] },
    ],
    ['a put just outside a deleted range', { success: [del('a', 'b'), put('b')] }],
    ['reads of what is written', { success: [read('a', 'c'), put('a'), read('a'), read('a')] }],
    ['as many operations as are allowed', { success: many(MAX_TXN_OPS) }],
    [
      'a nested transaction that takes just what is left',
      { success: [...many(MAX_TXN_OPS - 2), nested({ success: [put('x')] })] },
    ],
  ];
  for (const [name, request] of accepted) {
    it(`accepts ${name}`, () => {
      const store = newStore();
      expect(store.txn(request).succeeded).toBe(true);
    });
  }
});

const someKey = fc.constantFrom('a', 'b', 'c', 'd');
const operation = fc.oneof(
  fc.tuple(someKey, fc.constantFrom('1', '2')).map(([key, value]) => put(key, value)),
  someKey.map((key) => del(key)),
);

describe('txn, any operations', () => {
  property(
    'leaves the keys as the operations one after another would, in one revision',
    fc.array(operation, { maxLength: 4 }),
    fc.array(operation, { maxLength: 4 }),
    someKey,
    (success, failure, compared) => {
      const oneByOne = newStore();
      const store = newStore();
      const holds = ['a', 'b'].includes(compared);
      for (const one of holds ? success : failure) {
        if ('put' in one) oneByOne.put(one.put);
        else if ('deleteRange' in one) oneByOne.deleteRange(one.deleteRange);
      }
      const request = { compare: [exists(compared)], success, failure };
      const isRefused = hasDuplicates(success) || hasDuplicates(failure);
      if (isRefused) expect(() => store.txn(request)).toThrow('duplicate key');
      else expect(store.txn(request).succeeded).toBe(holds);
      expect(content(store)).toEqual(isRefused ? ['a=3', 'b=2'] : content(oneByOne));
      const hasChanged = !isRefused && oneByOne.revision > 4;
      expect(store.revision).toBe(hasChanged ? 5 : 4);
    },
  );
});

function hasDuplicates(operations: readonly RequestOp[]): boolean {
  const puts = operations.flatMap((one) => ('put' in one ? one.put.key : []));
  const deletes = operations.flatMap((one) => ('deleteRange' in one ? one.deleteRange.key : []));
  return new Set(puts).size < puts.length || puts.some((key) => deletes.includes(key));
}
