/**
 * Random histories of a whole etcd, restarts and power cuts included, against `store-model.ts`.
 *
 * For maintainers; no exercise is graded by this.
 */

import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { FakeClock, type Random, seededRandom, silentLogger } from '#apimachinery';
import {
  Etcd,
  type Event,
  MemoryDisk,
  type RequestOp,
  type TxnRequest,
  type WatchResponse,
} from '#etcd';
import { StoreModel, type Write } from './store-model.ts';

const key = fc.constantFrom('a', 'b', 'c', 'd');
const lease = fc.constantFrom(0n, 0n, 1n, 2n);
const value = fc.constantFrom('x', 'y', 'z');

const put: fc.Arbitrary<Extract<RequestOp, { put: unknown }>> = fc.oneof(
  fc.record({ put: fc.record({ key, value, lease }) }),
  fc.record({ put: fc.record({ key, value, ignoreLease: fc.constant(true) }) }),
  fc.record({ put: fc.record({ key, lease, ignoreValue: fc.constant(true) }) }),
);
const deleteRange = fc.record({
  deleteRange: fc.record({ key, rangeEnd: fc.constantFrom('', '', 'c', 'e') }),
});
const branch = fc
  .uniqueArray(fc.oneof(put, deleteRange), { maxLength: 3, selector: keyOf })
  .map((operations) =>
    operations.filter((one) => !('deleteRange' in one && one.deleteRange.rangeEnd)),
  );
const compare = fc.oneof(
  fc.record({
    key,
    target: fc.constant('value' as const),
    result: fc.constant('equal' as const),
    value,
  }),
  fc.record({
    key,
    target: fc.constant('version' as const),
    result: fc.constant('equal' as const),
    version: fc.nat(2),
  }),
);
const txn = fc.record({
  txn: fc.record({
    compare: fc.array(compare, { maxLength: 2 }),
    success: branch,
    failure: branch,
  }),
});
const grant = fc.record({
  grant: fc.constantFrom(1n, 2n),
  ttlSeconds: fc.integer({ min: 1, max: 5 }),
});
const revoke = fc.record({ revoke: fc.constantFrom(1n, 2n) });
const write: fc.Arbitrary<Write> = fc.oneof(
  { weight: 5, arbitrary: put },
  { weight: 2, arbitrary: deleteRange },
  { weight: 3, arbitrary: txn },
  { weight: 1, arbitrary: grant },
  { weight: 1, arbitrary: revoke },
);

function keyOf(operation: { put: { key: string } } | { deleteRange: { key: string } } | Write) {
  if ('put' in operation) return operation.put.key;
  return 'deleteRange' in operation ? operation.deleteRange.key : '';
}

const watchSpec = fc.record({
  key,
  rangeEnd: fc.constantFrom('', 'c', '\0'),
  startRevision: fc.nat(12),
  prevKv: fc.boolean(),
  filters: fc.constantFrom([], [], ['noput' as const], ['nodelete' as const]),
});

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ together: fc.array(write, { minLength: 1, maxLength: 4 }) }),
  },
  { weight: 2, arbitrary: fc.record({ watch: watchSpec }) },
  { weight: 1, arbitrary: fc.record({ compactBack: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ toggle: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ passSeconds: fc.constantFrom(0.5, 1, 2, 4) }) },
  { weight: 1, arbitrary: fc.record({ keepAlive: fc.constantFrom(1n, 2n) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      cut: fc.array(write, { maxLength: 4 }),
      after: fc.nat(12),
      seed: fc.nat(),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
type Spec = typeof watchSpec extends fc.Arbitrary<infer T> ? T : never;

/** A client that watches, and goes on where it was when the connection or the history is lost. */
class Watcher {
  readonly #spec: Spec;
  readonly #model: StoreModel;
  #stream: ReturnType<Etcd['watchStream']> | undefined;
  /** What it has seen since it last had to jump over compacted history. */
  #seen: Event[] = [];
  #from: number;
  #next: number;
  #isCreated = false;
  isFull = false;

  constructor(spec: Spec, model: StoreModel) {
    this.#spec = spec;
    this.#model = model;
    this.#from = spec.startRevision || model.revision + 1;
    this.#next = this.#from;
  }

  connect(etcd: Etcd): void {
    this.#stream?.close();
    this.#isCreated = false;
    this.#stream = etcd.watchStream((response) => this.#take(response, etcd));
    this.#stream.create({ ...this.#spec, startRevision: this.#next });
  }

  ready(): void {
    this.#stream?.ready();
  }

  #take(response: WatchResponse, etcd: Etcd): boolean {
    if (response.created) {
      this.#isCreated = true;
      return true;
    }
    expect(this.#isCreated, 'an answer before created').toBe(true);
    if (this.isFull) return false;
    const { events, compactRevision } = response;
    if (compactRevision !== undefined) {
      expect(this.#next).toBeLessThan(compactRevision);
      expect(compactRevision).toBe(this.#model.compactedRevision);
      this.check(this.#next - 1);
      this.#seen = [];
      this.#from = compactRevision;
      this.#next = compactRevision;
      queueMicrotask(() => this.connect(etcd));
      return true;
    }
    expect(events.length).toBeGreaterThan(0);
    this.#seen.push(...events);
    this.#next = (events.at(-1)?.kv.modRevision ?? 0) + 1;
    return true;
  }

  /** Checks that it has seen all it wants up to a revision, and nothing else. */
  check(upTo: number): void {
    const { key: first, rangeEnd, filters } = this.#spec;
    const dropped = filters.map((filter) => (filter === 'noput' ? 'put' : 'delete'));
    const wanted = this.#model.events.filter(
      ({ type, kv }) =>
        kv.modRevision >= this.#from &&
        kv.modRevision <= upTo &&
        !dropped.includes(type) &&
        (rangeEnd ? kv.key >= first && (rangeEnd === '\0' || kv.key < rangeEnd) : kv.key === first),
    );
    expect(this.#seen.map(({ type, kv }) => ({ type, kv }))).toEqual(
      wanted.map(({ type, kv }) => ({ type, kv })),
    );
    for (const [i, { prevKv, kv }] of this.#seen.entries()) {
      const before = this.#spec.prevKv ? wanted[i]?.prevKv : undefined;
      // The version before may be missing only where history is.
      const isGone = kv.modRevision <= this.#model.compactedRevision;
      if (prevKv !== undefined || !isGone) expect(prevKv).toEqual(before);
    }
  }
}

/** One etcd, its model, and its watchers, through one history. */
class World {
  readonly #clock = new FakeClock();
  readonly #disk = new MemoryDisk();
  readonly #model = new StoreModel();
  readonly #watchers: Watcher[] = [];
  #etcd: Etcd;

  private constructor(etcd: Etcd) {
    this.#etcd = etcd;
  }

  static async start(): Promise<World> {
    const world = new World(undefined as never);
    await world.#open();
    return world;
  }

  async #open(): Promise<void> {
    this.#etcd = await Etcd.open({
      clock: this.#clock,
      random: seededRandom(1),
      log: silentLogger,
      disk: this.#disk,
    });
  }

  async run(one: Step): Promise<void> {
    if ('together' in one) await this.#together(one.together);
    else if ('watch' in one) {
      const watcher = new Watcher(one.watch, this.#model);
      this.#watchers.push(watcher);
      watcher.connect(this.#etcd);
    } else if ('compactBack' in one) await this.#compact(this.#model.revision - one.compactBack);
    else if ('toggle' in one) {
      const watcher = this.#watchers[one.toggle];
      if (watcher) watcher.isFull = !watcher.isFull;
    } else if ('passSeconds' in one) await this.#pass(one.passSeconds * 1000);
    else if ('keepAlive' in one) this.#keepAlive(one.keepAlive);
    else await this.#cut(one.cut, one.after, seededRandom(one.seed));
    this.#checkKeys();
  }

  async finish(): Promise<void> {
    for (const watcher of this.#watchers) watcher.isFull = false;
    // Once for what waited, once more for those that had to jump over compacted history.
    for (let i = 0; i < 2; i++) {
      for (const watcher of this.#watchers) watcher.ready();
      await this.#clock.settle();
    }
    for (const watcher of this.#watchers) watcher.check(this.#model.revision);
    await this.#etcd.stop();
    expect(this.#clock.pendingTimers).toBe(0);
  }

  #propose(one: Write): Promise<unknown> {
    if ('put' in one) return this.#etcd.put(one.put);
    if ('deleteRange' in one) return this.#etcd.deleteRange(one.deleteRange);
    if ('txn' in one) return this.#etcd.txn(one.txn);
    if ('grant' in one) return this.#etcd.leaseGrant(one.ttlSeconds, one.grant);
    return this.#etcd.leaseRevoke(one.revoke);
  }

  async #together(writes: readonly Write[]): Promise<void> {
    const outcomes = await Promise.allSettled(writes.map((one) => this.#propose(one)));
    for (const [i, one] of writes.entries()) {
      const isAccepted = this.#model.write(one, this.#clock.monotonic());
      expect(outcomes[i]?.status).toBe(isAccepted ? 'fulfilled' : 'rejected');
    }
  }

  async #compact(revision: number): Promise<void> {
    const isAllowed = revision > this.#model.compactedRevision;
    const compacting = this.#etcd.compact({ revision });
    if (!isAllowed) return expect(compacting).rejects.toThrow('has been compacted');
    this.#model.compactedRevision = revision;
    await compacting;
  }

  async #pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 500) {
      await this.#clock.advance(500);
      await this.#clock.settle();
      this.#model.expire(this.#clock.monotonic());
    }
  }

  #keepAlive(id: bigint): void {
    const known = this.#model.leases.get(id);
    const ttlSeconds = this.#etcd.leaseKeepAlive(id).ttlSeconds;
    expect(ttlSeconds * 1000).toBe(known?.ttlMs ?? 0);
    if (known) known.dueAtMs = this.#clock.monotonic() + known.ttlMs;
  }

  /** Begins some writes, cuts the power a few turns later, and starts again. */
  async #cut(begun: readonly Write[], turns: number, random: Random): Promise<void> {
    // What only reads is answered without the log.
    const writes = begun.filter((one) => !('txn' in one) || !isEmpty(one.txn));
    const logged = this.#etcd.appliedIndex;
    let answered = 0;
    const count = () => {
      answered += 1;
    };
    for (const one of writes) this.#propose(one).then(count, count);
    for (let i = 0; i < turns; i++) await Promise.resolve();
    const answeredBefore = answered;
    this.#disk.crash(random);
    await this.#etcd.stop();
    await this.#open();
    const survived = this.#etcd.appliedIndex - logged;
    expect(survived).toBeGreaterThanOrEqual(answeredBefore);
    for (const one of writes.slice(0, survived)) this.#model.write(one, this.#clock.monotonic());
    this.#model.restart(this.#clock.monotonic());
    for (const watcher of this.#watchers) watcher.connect(this.#etcd);
  }

  #checkKeys(): void {
    const { revision, compactedRevision } = this.#model;
    expect(this.#etcd.revision).toBe(revision);
    const oldest = Math.max(1, compactedRevision);
    for (const asked of new Set([oldest, Math.floor((oldest + revision) / 2), revision])) {
      const answer = this.#etcd.range({ key: '\0', rangeEnd: '\0', revision: asked });
      expect(answer.kvs).toEqual(this.#model.range('', undefined, asked));
      expect(answer).toMatchObject({ count: answer.kvs.length, header: { revision } });
    }
    if (oldest > 1) {
      expect(() => this.#etcd.range({ key: 'a', revision: oldest - 1 })).toThrow('compacted');
    }
    expect([...this.#etcd.leases().leases].sort()).toEqual([...this.#model.leases.keys()].sort());
    for (const id of this.#model.leases.keys()) {
      const held = this.#model.range('', undefined).filter((kv) => kv.lease === id);
      expect(this.#etcd.leaseTimeToLive(id, true).keys).toEqual(held.map((kv) => kv.key));
    }
  }
}

function isEmpty({ success = [], failure = [] }: TxnRequest): boolean {
  return success.length === 0 && failure.length === 0;
}

it('does in any history what the model does', { timeout: 60_000 }, async () => {
  const seed = Number(process.env.SEED ?? 20_260_101);
  const numRuns = Number(process.env.RUNS ?? 2_000);
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
      const world = await World.start();
      for (const one of steps) await world.run(one);
      await world.finish();
    }),
    { seed, numRuns },
  );
});
