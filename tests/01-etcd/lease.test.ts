import { FakeClock } from '#apimachinery';
import { type EtcdError, Lessor, MAX_LEASE_TTL_SECONDS, MIN_LEASE_TTL_SECONDS, Store } from '#etcd';
import { describe, expect, fc, it, property, trace } from '#kit';

function newLessor() {
  const clock = trace('clock', () => new FakeClock());
  return { clock, lessor: trace('lessor', () => new Lessor(clock)) };
}

const second = 1000;
const notFound = {
  name: 'EtcdError',
  code: 'NotFound',
  message: 'etcdserver: requested lease not found',
} satisfies Partial<EtcdError>;

describe('lease', () => {
  it.core('is due when its TTL has passed, to the millisecond', () => {
    const { clock, lessor } = newLessor();
    expect(lessor.grant(7n, 10)).toBe(10);
    clock.step(10 * second - 1);
    expect(lessor.due()).toEqual([]);
    clock.step(1);
    expect(lessor.due()).toEqual([7n]);
  });

  it.core('has its full TTL again when it is kept alive', () => {
    const { clock, lessor } = newLessor();
    lessor.grant(7n, 10);
    clock.step(6 * second);
    expect(lessor.keepAlive(7n)).toBe(10);
    clock.step(10 * second - 1);
    expect(lessor.due()).toEqual([]);
    clock.step(1);
    expect(lessor.due()).toEqual([7n]);
  });

  it.core('gives back its keys in order when it is revoked', () => {
    const { lessor } = newLessor();
    lessor.grant(7n, 10);
    for (const key of ['b', 'c', 'a']) lessor.attach(key, 7n);
    expect(lessor.revoke(7n)).toEqual(['a', 'b', 'c']);
    expect(lessor.list()).toEqual([]);
    expect(lessor.timeToLive(7n)).toBeUndefined();
  });

  it.core('says how long it has and what it holds', () => {
    const { clock, lessor } = newLessor();
    lessor.grant(7n, 10);
    lessor.attach('b', 7n);
    lessor.attach('a', 7n);
    clock.step(2.5 * second);
    expect(lessor.timeToLive(7n)).toEqual({
      ttlSeconds: 7,
      grantedTtlSeconds: 10,
      keys: ['a', 'b'],
    });
  });
});

describe('lease, granting', () => {
  it('raises a TTL that is too short', () => {
    const { clock, lessor } = newLessor();
    expect(lessor.grant(1n, 1)).toBe(MIN_LEASE_TTL_SECONDS);
    expect(lessor.grant(2n, 0)).toBe(MIN_LEASE_TTL_SECONDS);
    expect(lessor.grant(3n, -5)).toBe(MIN_LEASE_TTL_SECONDS);
    expect(lessor.timeToLive(1n)?.grantedTtlSeconds).toBe(MIN_LEASE_TTL_SECONDS);
    clock.step(MIN_LEASE_TTL_SECONDS * second - 1);
    expect(lessor.due()).toEqual([]);
    expect(lessor.keepAlive(1n)).toBe(MIN_LEASE_TTL_SECONDS);
  });

  it('refuses a TTL that is too long, and grants the longest', () => {
    const { lessor } = newLessor();
    expect(() => lessor.grant(1n, MAX_LEASE_TTL_SECONDS + 1)).toThrow({
      name: 'EtcdError',
      code: 'OutOfRange',
      message: 'etcdserver: too large lease TTL',
    });
    expect(lessor.list()).toEqual([]);
    expect(lessor.grant(1n, MAX_LEASE_TTL_SECONDS)).toBe(MAX_LEASE_TTL_SECONDS);
  });

  it('refuses an id in use, also of a lease that is due', () => {
    const { clock, lessor } = newLessor();
    lessor.grant(7n, 10);
    lessor.attach('a', 7n);
    clock.step(3 * second);
    const exists = { code: 'FailedPrecondition', message: 'etcdserver: lease already exists' };
    expect(() => lessor.grant(7n, 100)).toThrow(exists);
    expect(lessor.timeToLive(7n)).toMatchObject({ ttlSeconds: 7, keys: ['a'] });
    clock.step(10 * second);
    expect(() => lessor.grant(7n, 100)).toThrow(exists);
    lessor.revoke(7n);
    expect(lessor.grant(7n, 100)).toBe(100);
    expect(lessor.timeToLive(7n)).toMatchObject({ ttlSeconds: 100, keys: [] });
  });

  it('tells ids apart that numbers cannot', () => {
    const { lessor } = newLessor();
    const large = 2n ** 62n;
    lessor.grant(large, 10);
    lessor.grant(large + 1n, 20);
    expect(lessor.timeToLive(large)?.grantedTtlSeconds).toBe(10);
    expect(lessor.timeToLive(large + 1n)?.grantedTtlSeconds).toBe(20);
  });
});

describe('lease, time', () => {
  it('does not count from a wall clock that jumps', () => {
    const { clock, lessor } = newLessor();
    lessor.grant(7n, 10);
    clock.setNow(clock.now() + 3600 * second);
    expect(lessor.due()).toEqual([]);
    clock.step(10 * second);
    clock.setNow(0);
    expect(lessor.due()).toEqual([7n]);
  });

  it('cannot be kept alive once it is due, but stays until it is revoked', () => {
    const { clock, lessor } = newLessor();
    lessor.grant(7n, 10);
    lessor.attach('a', 7n);
    clock.step(10 * second);
    expect(lessor.keepAlive(7n)).toBeUndefined();
    clock.step(60 * second);
    expect(lessor.due()).toEqual([7n]);
    expect(lessor.list()).toEqual([7n]);
    expect(lessor.timeToLive(7n)).toEqual({ ttlSeconds: 0, grantedTtlSeconds: 10, keys: ['a'] });
    expect(lessor.state()).toEqual([{ id: 7n, ttlSeconds: 10 }]);
    lessor.check(7n);
    lessor.attach('b', 7n);
    expect(lessor.revoke(7n)).toEqual(['a', 'b']);
    expect(lessor.due()).toEqual([]);
  });

  it('can be kept alive in its last millisecond', () => {
    const { clock, lessor } = newLessor();
    lessor.grant(7n, 10);
    clock.step(10 * second - 1);
    expect(lessor.timeToLive(7n)?.ttlSeconds).toBe(0);
    expect(lessor.keepAlive(7n)).toBe(10);
    expect(lessor.timeToLive(7n)?.ttlSeconds).toBe(10);
  });

  it('is listed by when it is due, whatever is kept alive', () => {
    const { clock, lessor } = newLessor();
    lessor.grant(1n, 30);
    lessor.grant(2n, 10);
    lessor.grant(3n, 20);
    expect(lessor.list()).toEqual([2n, 3n, 1n]);
    clock.step(5 * second);
    lessor.keepAlive(2n);
    lessor.keepAlive(3n);
    expect(lessor.list()).toEqual([2n, 3n, 1n]);
    clock.step(9 * second);
    lessor.keepAlive(2n);
    expect(lessor.list()).toEqual([2n, 3n, 1n]);
    clock.step(5 * second);
    lessor.keepAlive(2n);
    expect(lessor.list()).toEqual([3n, 2n, 1n]);
    clock.step(60 * second);
    expect(lessor.due()).toEqual([3n, 2n, 1n]);
  });

  it('is listed in the order of granting among those due at the same moment', () => {
    const { clock, lessor } = newLessor();
    for (const id of [3n, 1n, 2n]) lessor.grant(id, 10);
    expect(lessor.list()).toEqual([3n, 1n, 2n]);
    clock.step(10 * second);
    expect(lessor.due()).toEqual([3n, 1n, 2n]);
  });

  it('means nothing for leases that do not exist', () => {
    const { lessor } = newLessor();
    lessor.grant(7n, 10);
    expect(lessor.keepAlive(8n)).toBeUndefined();
    expect(lessor.timeToLive(8n)).toBeUndefined();
    expect(() => lessor.revoke(8n)).toThrow(notFound);
    expect(() => lessor.check(8n)).toThrow(notFound);
    expect(() => lessor.attach('a', 8n)).toThrow(notFound);
    expect(() => lessor.check(0n)).toThrow(notFound);
    lessor.check(7n);
    expect(lessor.state()).toEqual([{ id: 7n, ttlSeconds: 10 }]);
  });

  it('is written down whole, in the order of granting', () => {
    const { clock, lessor } = newLessor();
    lessor.grant(3n, 30);
    lessor.grant(1n, 1);
    clock.step(5 * second);
    lessor.grant(2n, 20);
    lessor.revoke(3n);
    lessor.grant(3n, 40);
    expect(lessor.state()).toEqual([
      { id: 1n, ttlSeconds: 2 },
      { id: 2n, ttlSeconds: 20 },
      { id: 3n, ttlSeconds: 40 },
    ]);
  });
});

describe('lease, keys', () => {
  it('has a key that no other has', () => {
    const { lessor } = newLessor();
    lessor.grant(1n, 10);
    lessor.grant(2n, 10);
    lessor.attach('a', 1n);
    lessor.attach('a', 1n);
    lessor.attach('a', 2n);
    expect(lessor.timeToLive(1n)?.keys).toEqual([]);
    expect(lessor.timeToLive(2n)?.keys).toEqual(['a']);
  });

  it('loses a key that is put without a lease, or deleted', () => {
    const { lessor } = newLessor();
    lessor.grant(1n, 10);
    lessor.attach('a', 1n);
    lessor.attach('b', 1n);
    lessor.attach('a', 0n);
    lessor.attach('never-attached', 0n);
    expect(lessor.revoke(1n)).toEqual(['b']);
  });

  it('keeps its keys when attaching elsewhere is refused', () => {
    const { lessor } = newLessor();
    lessor.grant(1n, 10);
    lessor.attach('a', 1n);
    expect(() => lessor.attach('a', 9n)).toThrow(notFound);
    expect(lessor.timeToLive(1n)?.keys).toEqual(['a']);
  });

  it('leaves a key alone that has moved on when it is revoked', () => {
    const { lessor } = newLessor();
    lessor.grant(1n, 10);
    lessor.grant(2n, 10);
    lessor.attach('a', 1n);
    lessor.attach('a', 2n);
    expect(lessor.revoke(1n)).toEqual([]);
    expect(lessor.timeToLive(2n)?.keys).toEqual(['a']);
    lessor.revoke(2n);
    lessor.grant(1n, 10);
    expect(lessor.timeToLive(1n)?.keys).toEqual([]);
  });

  it('sorts them by bytes', () => {
    const { lessor } = newLessor();
    lessor.grant(1n, 10);
    for (const key of ['a', '\xe4', 'Z', 'b', '\0']) lessor.attach(key, 1n);
    expect(lessor.timeToLive(1n)?.keys).toEqual(['\0', 'Z', 'a', 'b', '\xe4']);
  });
});

describe('lease, in the store', () => {
  function newStore() {
    const clock = trace('clock', () => new FakeClock());
    return { clock, store: trace('store', () => new Store({ clock })) };
  }
  const left = (store: Store) => [...store.view().backend.all()].map(([, kv]) => kv);

  it('takes its keys along in one revision, in key order', () => {
    const { store } = newStore();
    store.leaseGrant(7n, 10);
    for (const key of ['c', 'a', 'b']) store.put({ key, lease: 7n });
    store.put({ key: 'b', value: 'stays' });
    expect(store.leaseRevoke(7n).header.revision).toBe(6);
    expect(store.view().backend.changesAt(6)).toMatchObject([
      { key: 'a', version: 0 },
      { key: 'c', version: 0 },
    ]);
    expect(() => store.leaseRevoke(7n)).toThrow(notFound);
  });

  it('makes no revision when it held nothing', () => {
    const { store } = newStore();
    store.put({ key: 'a' });
    store.leaseGrant(7n, 10);
    expect(store.leaseRevoke(7n).header.revision).toBe(2);
    expect(left(store)).toHaveLength(1);
  });

  it('must exist for a put', () => {
    const { store } = newStore();
    expect(() => store.put({ key: 'a', lease: 7n })).toThrow(notFound);
    const success = [{ put: { key: 'x' } }, { put: { key: 'a', lease: 7n } }];
    expect(() => store.txn({ success })).toThrow(notFound);
    expect(left(store)).toEqual([]);
    store.leaseGrant(7n, 10);
    expect(store.txn({ success }).header.revision).toBe(2);
    expect(store.lessor.timeToLive(7n)?.keys).toEqual(['a']);
  });

  it('is kept by ignoreLease, and lost by a put without', () => {
    const { store } = newStore();
    store.leaseGrant(7n, 10);
    for (const key of ['a', 'b']) store.put({ key, lease: 7n });
    store.put({ key: 'a', value: 'new', ignoreLease: true });
    store.put({ key: 'b', value: 'new' });
    expect(store.lessor.timeToLive(7n)?.keys).toEqual(['a']);
    expect(left(store).map(({ lease }) => lease)).toEqual([7n, 7n, 7n, 0n]);
  });

  it('forgets a key that was deleted and put again', () => {
    const { store } = newStore();
    store.leaseGrant(7n, 10);
    store.put({ key: 'a', lease: 7n });
    store.deleteRange({ key: 'a' });
    store.put({ key: 'a' });
    expect(store.leaseRevoke(7n).header.revision).toBe(4);
  });
});

const step = fc.oneof(
  fc.record({ grant: fc.integer({ min: 1, max: 4 }), ttl: fc.integer({ min: 0, max: 9 }) }),
  fc.record({ keepAlive: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ revoke: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ attach: fc.constantFrom('a', 'b', 'c'), to: fc.integer({ min: 0, max: 4 }) }),
  fc.record({ passMs: fc.constantFrom(1, 500, 999, 1000, 2000, 5000) }),
);

describe('lease, any history', () => {
  property('knows who is due and who holds what', fc.array(step, { maxLength: 40 }), (steps) => {
    const { clock, lessor } = newLessor();
    const leases = new Map<bigint, { ttl: number; dueMs: number }>();
    const holders = new Map<string, bigint>();
    const keysOf = (id: bigint) =>
      [...holders].flatMap(([key, holder]) => (holder === id ? key : [])).sort();
    for (const one of steps) {
      const nowMs = clock.monotonic();
      if ('passMs' in one) clock.step(one.passMs);
      else if ('grant' in one) {
        const id = BigInt(one.grant);
        const ttl = Math.max(one.ttl, 2);
        if (leases.has(id)) expect(() => lessor.grant(id, one.ttl)).toThrow('already exists');
        else {
          expect(lessor.grant(id, one.ttl)).toBe(ttl);
          leases.set(id, { ttl, dueMs: nowMs + ttl * second });
        }
      } else if ('keepAlive' in one) {
        const lease = leases.get(BigInt(one.keepAlive));
        const isAlive = lease !== undefined && lease.dueMs > nowMs;
        expect(lessor.keepAlive(BigInt(one.keepAlive))).toBe(isAlive ? lease.ttl : undefined);
        if (isAlive) lease.dueMs = nowMs + lease.ttl * second;
      } else if ('revoke' in one) {
        const id = BigInt(one.revoke);
        if (!leases.has(id)) expect(() => lessor.revoke(id)).toThrow(notFound);
        else expect(lessor.revoke(id)).toEqual(keysOf(id));
        leases.delete(id);
        for (const key of keysOf(id)) holders.delete(key);
      } else {
        const id = BigInt(one.to);
        if (id !== 0n && !leases.has(id)) {
          expect(() => lessor.attach(one.attach, id)).toThrow(notFound);
        } else {
          lessor.attach(one.attach, id);
          holders.set(one.attach, id);
        }
      }
      const due = [...leases].filter(([, { dueMs }]) => dueMs <= clock.monotonic());
      expect(lessor.due().sort()).toEqual(due.map(([id]) => id).sort());
      for (const [id] of leases) expect(lessor.timeToLive(id)?.keys).toEqual(keysOf(id));
    }
  });
});
