import {
  type Clock,
  FakeClock,
  type FakeClockOptions,
  newAlreadyExists,
  newConflict,
  newInternalError,
  newNotFound,
  type Random,
  seededRandom,
  silentLogger,
} from '#apimachinery';
import {
  type EventRecorder,
  LeaderElector,
  type LeaderElectorOptions,
  type ResourceClient,
} from '#client';
import { describe, expect, fc, it, property } from '#kit';

type Lease = Awaited<ReturnType<LeaderElectorOptions['leases']['get']>>;
type LeaseSpec = NonNullable<Lease['spec']>;

const second = 1000;
const leases = { group: 'coordination.k8s.io', resource: 'leases' };

/** What becomes of one request: when it arrives, and when its answer does. */
interface Fate {
  /** Milliseconds until the server has it; `undefined`: it never arrives. */
  readonly thereMs?: number | undefined;
  /** Milliseconds until the answer is back; `undefined`: it never is. */
  readonly backMs?: number | undefined;
  /** Is there an error at once instead of silence, when one of the two is undefined? */
  readonly broken?: boolean;
}

const fates = {
  ok: { thereMs: 0, backMs: 0 },
  /** The connection breaks before the request is out. */
  refused: { broken: true },
  /** Done, but nobody says so. */
  lost: { thereMs: 0, broken: true },
  /** Takes its time both ways, but comes before the client gives up. */
  slow: { thereMs: 2.4 * second, backMs: 2.5 * second },
  /** Done when the client has long given up. */
  late: { thereMs: 8 * second, backMs: 0 },
  /** Never heard of again. */
  swallowed: {},
  /** Done at once; the answer crawls. */
  crawling: { thereMs: 0, backMs: 4.5 * second },
} satisfies Record<string, Fate>;

type FateName = keyof typeof fates;

/** One Lease as an API server keeps it, and what lies between it and each candidate. */
class LeaseServer {
  lease: Lease | undefined;
  /** `a get`, `b update`, in the order in which they were sent. */
  readonly requests: string[] = [];
  /** Every spec the Lease had, in order. */
  readonly specs: LeaseSpec[] = [];
  /** What becomes of the next request of somebody. */
  fateOf: (who: string, verb: string) => Fate = () => fates.ok;
  #revision = 0;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  clientOf(who: string): ResourceClient<Lease> {
    const notThis = (): never => expect.unreachable('an election needs get, create and update');
    return {
      get: (name) => this.#request(who, 'get', () => this.#get(name)),
      create: (lease) => this.#request(who, 'create', () => this.#create(lease)),
      update: (lease) => this.#request(who, 'update', () => this.#update(lease)),
      updateStatus: notThis,
      patch: notThis,
      delete: notThis,
      deleteCollection: notThis,
      list: notThis,
      watch: notThis,
    };
  }

  /** Somebody else writes the Lease. */
  write(spec: LeaseSpec): void {
    this.#store({ ...this.lease, metadata: { ...this.lease?.metadata, name: 'election' }, spec });
  }

  async #request(who: string, verb: string, serve: () => Lease): Promise<Lease> {
    this.requests.push(`${who} ${verb}`);
    const { thereMs, backMs, broken } = this.fateOf(who, verb);
    const nothing = (): Promise<never> =>
      broken ? Promise.reject(new Error('connection reset')) : new Promise(() => {});
    if (thereMs === undefined) return nothing();
    if (thereMs > 0) await this.#clock.sleep(thereMs);
    let answer: () => Lease;
    try {
      const lease = structuredClone(serve());
      answer = () => lease;
    } catch (error) {
      answer = () => {
        throw error;
      };
    }
    if (backMs === undefined) return nothing();
    if (backMs > 0) await this.#clock.sleep(backMs);
    return answer();
  }

  #get(name: string): Lease {
    if (this.lease === undefined) throw newNotFound(leases, name);
    return this.lease;
  }

  #create(lease: Lease): Lease {
    if (this.lease) throw newAlreadyExists(leases, lease.metadata?.name ?? '');
    return this.#store(lease);
  }

  #update(lease: Lease): Lease {
    const name = lease.metadata?.name ?? '';
    if (this.lease === undefined) throw newNotFound(leases, name);
    if (lease.metadata?.resourceVersion !== this.lease.metadata?.resourceVersion) {
      throw newConflict(leases, name, 'the object has been modified');
    }
    // Who changes nothing makes no new version.
    const isSame = JSON.stringify(lease.spec) === JSON.stringify(this.lease.spec);
    return isSame ? this.lease : this.#store(lease);
  }

  #store(lease: Lease): Lease {
    const resourceVersion = String(++this.#revision);
    this.lease = structuredClone({ ...lease, metadata: { ...lease.metadata, resourceVersion } });
    this.specs.push(structuredClone(lease.spec ?? {}));
    return this.lease;
  }
}

/** The same time for everybody, but each with a wall clock of its own. */
function skewed(clock: Clock, offsetMs: number): Clock {
  return {
    now: () => clock.now() + offsetMs,
    monotonic: () => clock.monotonic(),
    after: (ms, callback) => clock.after(ms, callback),
    sleep: (ms, signal) => clock.sleep(ms, signal),
  };
}

function newWorld(options: FakeClockOptions = {}) {
  const clock = new FakeClock(options);
  const server = new LeaseServer(clock);
  /** Who leads, by what their callbacks said. */
  const leaders = new Set<string>();
  /** What went wrong where nobody awaits it. */
  const failures: unknown[] = [];

  /** Takes part at once. */
  function join(identity: string, more: Partial<LeaderElectorOptions> = {}) {
    const said: string[] = [];
    const at = (): string => `at ${clock.monotonic() / second}`;
    const elector = new LeaderElector({
      leases: server.clientOf(identity),
      name: 'election',
      identity,
      clock,
      random: seededRandom(identity),
      log: silentLogger,
      callbacks: {
        onStartedLeading: (signal) => {
          leaders.add(identity);
          said.push(`started ${at()}`);
          signal.addEventListener('abort', () => {
            leaders.delete(identity);
            said.push(`aborted ${at()}`);
          });
        },
        onStoppedLeading: () => void said.push(`stopped ${at()}`),
      },
      ...more,
    });
    const leave = new AbortController();
    let ended = false;
    const running = elector.run(leave.signal).finally(() => {
      ended = true;
    });
    // Whoever wants to know awaits it.
    running.catch(() => {});
    return {
      elector,
      said,
      running,
      leave: () => leave.abort(new Error('told to leave')),
      hasEnded: () => ended,
    };
  }

  return { clock, server, leaders, failures, join };
}

const noCallbacks = { onStartedLeading: () => {}, onStoppedLeading: () => {} };

function newElector(more: Partial<LeaderElectorOptions>): LeaderElector {
  const clock = new FakeClock();
  return new LeaderElector({
    leases: new LeaseServer(clock).clientOf('a'),
    name: 'election',
    identity: 'a',
    clock,
    random: seededRandom(1),
    log: silentLogger,
    callbacks: noCallbacks,
    ...more,
  });
}

describe('leader election', () => {
  it.core('creates the Lease and leads when there is none', async () => {
    const { clock, server, join } = newWorld();
    const a = join('a');
    await clock.settle();
    expect(a.said).toEqual(['started at 0']);
    expect(a.elector.isLeader).toBe(true);
    expect(a.elector.leader).toBe('a');
    expect(server.lease).toMatchObject({
      metadata: { name: 'election' },
      spec: {
        holderIdentity: 'a',
        leaseDurationSeconds: 15,
        acquireTime: '2025-01-01T00:00:00.000000Z',
        renewTime: '2025-01-01T00:00:00.000000Z',
        leaseTransitions: 0,
      },
    });
    expect(server.requests).toEqual(['a get', 'a create']);
  });

  it.core('writes again every retry period, with one request', async () => {
    const { clock, server, join } = newWorld();
    join('a');
    await clock.advance(2 * second - 1);
    expect(server.requests).toEqual(['a get', 'a create']);
    await clock.advance(1);
    expect(server.requests.slice(2)).toEqual(['a update']);
    await clock.advance(8 * second);
    expect(server.requests.slice(2)).toEqual(Array(5).fill('a update'));
    expect(server.lease?.spec).toMatchObject({
      acquireTime: '2025-01-01T00:00:00.000000Z',
      renewTime: '2025-01-01T00:00:10.000000Z',
      leaseTransitions: 0,
    });
  });

  it.core('has one leader as long as that one writes', async () => {
    const { clock, leaders, join } = newWorld();
    const a = join('a');
    await clock.settle();
    const b = join('b');
    await clock.advance(300 * second);
    expect([...leaders]).toEqual(['a']);
    expect(a.said).toEqual(['started at 0']);
    expect(b.said).toEqual([]);
    expect(b.elector.isLeader).toBe(false);
    expect(b.elector.leader).toBe('a');
  });

  it.core('has another leader when the first is gone, after the lease duration', async () => {
    const { clock, server, join } = newWorld();
    server.write({
      holderIdentity: 'gone',
      leaseDurationSeconds: 15,
      acquireTime: '2024-12-31T00:00:00.000000Z',
      renewTime: '2024-12-31T12:00:00.000000Z',
      leaseTransitions: 4,
    });
    const b = join('b');
    await clock.advance(15 * second - 1);
    expect(b.said).toEqual([]);
    expect(server.specs).toHaveLength(1);
    await clock.advance(4.4 * second + 1);
    expect(b.elector.isLeader).toBe(true);
    expect(server.specs[1]).toMatchObject({ holderIdentity: 'b', leaseTransitions: 5 });
    expect(server.specs[1]?.acquireTime).toBe(server.specs[1]?.renewTime);
    expect(server.specs[1]?.acquireTime).toMatch(/^2025-01-01T00:00:1[5-9]\.\d{6}Z$/);
  });

  it.core('stops leading when it cannot write for the renew deadline', async () => {
    const { clock, server, join } = newWorld();
    const a = join('a');
    await clock.advance(4 * second);
    server.fateOf = () => fates.refused;
    await clock.advance(10 * second - 1);
    expect(a.elector.isLeader).toBe(true);
    await clock.advance(1);
    expect(a.said).toEqual(['started at 0', 'aborted at 14', 'stopped at 14']);
    expect(a.elector.isLeader).toBe(false);
    expect(a.hasEnded()).toBe(true);
    expect(clock.pendingTimers).toBe(0);
  });

  it.core('ends when it is told to', async () => {
    const { clock, join } = newWorld();
    const a = join('a');
    const b = join('b');
    await clock.advance(3 * second);
    a.leave();
    b.leave();
    await clock.settle();
    expect(a.said).toEqual(['started at 0', 'aborted at 3', 'stopped at 3']);
    expect(b.said).toEqual(['stopped at 3']);
    expect([a.hasEnded(), b.hasEnded()]).toEqual([true, true]);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('leader election, options', () => {
  const faults: readonly [name: string, options: Partial<LeaderElectorOptions>, message: string][] =
    [
      [
        'a lease that is not longer than the deadline',
        { leaseDurationMs: 10 * second },
        'leaseDuration must be greater than renewDeadline',
      ],
      [
        'a deadline that leaves no second try',
        { renewDeadlineMs: 2.4 * second },
        'renewDeadline must be greater than retryPeriod*JitterFactor',
      ],
      [
        'a deadline of nothing',
        { renewDeadlineMs: 0, retryPeriodMs: -1 },
        'renewDeadline must be greater than zero',
      ],
      ['no pause', { retryPeriodMs: 0 }, 'retryPeriod must be greater than zero'],
      ['no name', { identity: '' }, 'Lock identity is empty'],
    ];
  for (const [name, options, message] of faults) {
    it(`refuses ${name}`, () => {
      expect(() => newElector(options)).toThrow({ name: 'RangeError', message });
    });
  }

  it('does nothing before it runs', () => {
    const { clock, server } = newWorld();
    const elector = newElector({ leases: server.clientOf('a'), clock });
    expect(server.requests).toEqual([]);
    expect(elector.isLeader).toBe(false);
    expect(elector.leader).toBe('');
  });

  it('goes by the durations it is given', async () => {
    const { clock, server, join } = newWorld();
    const a = join('a', {
      leaseDurationMs: 60 * second,
      renewDeadlineMs: 40 * second,
      retryPeriodMs: 5 * second,
    });
    await clock.advance(5 * second);
    expect(server.lease?.spec).toMatchObject({
      leaseDurationSeconds: 60,
      renewTime: '2025-01-01T00:00:05.000000Z',
    });
    server.fateOf = () => fates.refused;
    await clock.advance(40 * second - 1);
    expect(a.elector.isLeader).toBe(true);
    await clock.advance(1);
    expect(a.elector.isLeader).toBe(false);
  });

  it('rounds the lease duration up, so that nobody comes too early', async () => {
    const { clock, server, join } = newWorld();
    join('a', { leaseDurationMs: 1200, renewDeadlineMs: 1100, retryPeriodMs: 100 });
    await clock.settle();
    expect(server.lease?.spec?.leaseDurationSeconds).toBe(2);
  });
});

describe('leader election, candidates', () => {
  it('try again after the retry period and up to 1.2 times as much more', async () => {
    const { clock, server, join } = newWorld();
    join('a');
    await clock.settle();
    const times: number[] = [];
    server.fateOf = (who) => {
      if (who === 'b') times.push(clock.monotonic());
      return fates.ok;
    };
    join('b');
    await clock.advance(600 * second);
    const pauses = times.slice(1).map((time, i) => time - (times[i] ?? 0));
    expect(times[0]).toBe(0);
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(2 * second);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(4.4 * second);
    expect(Math.min(...pauses)).toBeLessThan(2.4 * second);
    expect(Math.max(...pauses)).toBeGreaterThan(4 * second);
    expect(new Set(server.requests.filter((request) => request.startsWith('b')))).toEqual(
      new Set(['b get']),
    );
  });

  it('take their chance from what they are given', async () => {
    const { clock, server, join } = newWorld();
    server.write({ holderIdentity: 'gone', leaseDurationSeconds: 15 });
    const factors: number[] = [];
    const random = {
      jitter: (ms: number, factor: number) => {
        factors.push(factor);
        return ms + 333;
      },
    } as Random;
    join('b', { random });
    await clock.advance(2332);
    expect(server.requests).toEqual(['b get']);
    await clock.advance(1);
    expect(server.requests).toEqual(['b get', 'b get']);
    expect(new Set(factors)).toEqual(new Set([1.2]));
  });

  it('wait from when they saw the last change, whatever the times in the record', async () => {
    for (const renewTime of ['1999-01-01T00:00:00.000000Z', '2099-01-01T00:00:00.000000Z']) {
      const { clock, server, join } = newWorld();
      const spec = { holderIdentity: 'x', leaseDurationSeconds: 15, renewTime };
      server.write(spec);
      const b = join('b');
      await clock.advance(10 * second);
      server.write({ ...spec, leaseTransitions: 1 });
      await clock.advance(15 * second - 1);
      expect(b.elector.isLeader).toBe(false);
      // Seen at most one pause later, and taken at most one after the time is over.
      await clock.advance(2 * 4.4 * second + 1);
      expect(b.elector.isLeader).toBe(true);
    }
  });

  it('see that a leader lives even if its clock stands still', async () => {
    const { clock, server, join } = newWorld();
    const spec = {
      holderIdentity: 'x',
      leaseDurationSeconds: 15,
      acquireTime: '2025-01-01T00:00:00.000000Z',
      renewTime: '2025-01-01T00:00:00.000000Z',
      leaseTransitions: 0,
    };
    const b = join('b');
    server.write(spec);
    for (let i = 0; i < 30; i++) {
      await clock.advance(2 * second);
      server.write(spec);
    }
    expect(b.said).toEqual([]);
    expect(b.elector.leader).toBe('x');
    expect(server.specs.every(({ holderIdentity }) => holderIdentity === 'x')).toBe(true);
  });

  it('are not moved by a wall clock that jumps', async () => {
    const { clock, server, join } = newWorld();
    server.write({ holderIdentity: 'x', leaseDurationSeconds: 15 });
    const b = join('b');
    await clock.advance(second);
    clock.setNow(clock.now() + 3600 * second);
    await clock.advance(13 * second);
    expect(b.elector.isLeader).toBe(false);
    clock.setNow(0);
    await clock.advance(6 * second);
    expect(b.elector.isLeader).toBe(true);
  });

  it('go by the duration in the record, not by their own', async () => {
    const { clock, server, join } = newWorld();
    server.write({ holderIdentity: 'x', leaseDurationSeconds: 60 });
    const b = join('b');
    await clock.advance(60 * second - 1);
    expect(b.elector.isLeader).toBe(false);
    await clock.advance(4.4 * second + 1);
    expect(b.elector.isLeader).toBe(true);
    expect(server.lease?.spec?.leaseDurationSeconds).toBe(15);
  });

  it('take a Lease that nobody holds at once', async () => {
    const { clock, server, join } = newWorld();
    server.write({ holderIdentity: '', leaseDurationSeconds: 1, leaseTransitions: 2 });
    const b = join('b');
    await clock.settle();
    expect(b.elector.isLeader).toBe(true);
    expect(server.lease?.spec).toMatchObject({ holderIdentity: 'b', leaseTransitions: 3 });
  });

  it('go on with what they held before', async () => {
    const { clock, server, join } = newWorld();
    const acquireTime = '2024-12-31T23:00:00.000000Z';
    server.write({
      holderIdentity: 'a',
      leaseDurationSeconds: 15,
      acquireTime,
      renewTime: acquireTime,
      leaseTransitions: 7,
    });
    const a = join('a');
    await clock.settle();
    expect(a.elector.isLeader).toBe(true);
    expect(server.lease?.spec).toMatchObject({
      holderIdentity: 'a',
      acquireTime,
      renewTime: '2025-01-01T00:00:00.000000Z',
      leaseTransitions: 7,
    });
  });

  it('do not both lead when they create at once', async () => {
    const { clock, leaders, server, join } = newWorld();
    const both = [join('a'), join('b')];
    await clock.settle();
    expect(leaders.size).toBe(1);
    expect(server.requests.toSorted()).toEqual(['a create', 'a get', 'b create', 'b get']);
    await clock.advance(60 * second);
    expect(leaders.size).toBe(1);
    expect(both.flatMap(({ said }) => said)).toEqual(['started at 0']);
  });

  it('do not write over what came after they read', async () => {
    const { clock, server, join } = newWorld();
    server.write({ holderIdentity: 'x', leaseDurationSeconds: 3 });
    server.fateOf = (_, verb) => {
      // Somebody is faster, each time.
      if (verb === 'update') server.write({ holderIdentity: 'y', leaseDurationSeconds: 3 });
      return fates.ok;
    };
    const b = join('b');
    await clock.advance(9 * second);
    expect(server.requests).toContain('b update');
    expect(b.said).toEqual([]);
    expect(server.lease?.spec?.holderIdentity).toBe('y');
  });

  it('lead when they learn later that they were heard', async () => {
    const { clock, server, join } = newWorld();
    server.fateOf = (_, verb) => (verb === 'create' ? fates.lost : fates.ok);
    const a = join('a');
    await clock.settle();
    expect(a.said).toEqual([]);
    expect(server.lease?.spec?.holderIdentity).toBe('a');
    await clock.advance(4.4 * second);
    expect(a.elector.isLeader).toBe(true);
    expect(server.lease?.spec).toMatchObject({
      acquireTime: '2025-01-01T00:00:00.000000Z',
      leaseTransitions: 0,
    });
  });

  it('do not lead by an answer that is older than the renew deadline', async () => {
    const { clock, server, join } = newWorld();
    server.fateOf = (_, verb) =>
      verb === 'create' ? { thereMs: 0, backMs: 12 * second } : fates.ok;
    // It waits longer for answers than others would.
    const a = join('a', { requestTimeoutMs: 30 * second });
    await clock.advance(12 * second);
    expect(server.lease?.spec?.holderIdentity).toBe('a');
    expect(a.elector.isLeader).toBe(false);
    await clock.advance(4.4 * second);
    expect(a.elector.isLeader).toBe(true);
    expect(server.requests).toEqual(['a get', 'a create', 'a update']);
  });

  it('try again when the server fails or does not answer', async () => {
    for (const fate of [fates.refused, fates.swallowed]) {
      const { clock, server, join } = newWorld();
      server.fateOf = () => fate;
      const a = join('a');
      await clock.advance(60 * second);
      expect(a.said).toEqual([]);
      server.fateOf = () => fates.ok;
      await clock.advance(9.4 * second);
      expect(a.elector.isLeader).toBe(true);
    }
  });

  it('do not take an error for a Lease that is missing', async () => {
    const { clock, server, join } = newWorld();
    const client = server.clientOf('a');
    const a = join('a', {
      leases: { ...client, get: async () => Promise.reject(newInternalError(new Error('disk'))) },
    });
    await clock.advance(20 * second);
    expect(server.lease).toBeUndefined();
    expect(a.elector.isLeader).toBe(false);
  });

  it('make no request when they are told to go before', async () => {
    const { server, clock } = newWorld();
    const said: string[] = [];
    const elector = newElector({
      leases: server.clientOf('a'),
      clock,
      callbacks: {
        onStartedLeading: () => void said.push('started'),
        onStoppedLeading: () => void said.push('stopped'),
      },
    });
    await elector.run(AbortSignal.abort());
    expect(server.requests).toEqual([]);
    expect(said).toEqual(['stopped']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('go at once, even while they wait for an answer', async () => {
    const { clock, server, join } = newWorld();
    server.fateOf = () => fates.swallowed;
    const a = join('a');
    await clock.advance(second);
    a.leave();
    await clock.settle();
    expect(a.hasEnded()).toBe(true);
    expect(a.said).toEqual(['stopped at 1']);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('leader election, the leader', () => {
  it('reads when somebody touched the Lease, and writes in the same try', async () => {
    const { clock, server, join } = newWorld();
    const a = join('a');
    await clock.advance(3 * second);
    server.requests.length = 0;
    server.write({ ...server.lease?.spec });
    await clock.advance(second);
    expect(server.requests).toEqual(['a update', 'a get', 'a update']);
    expect(server.lease?.spec).toMatchObject({
      acquireTime: '2025-01-01T00:00:00.000000Z',
      renewTime: '2025-01-01T00:00:04.000000Z',
      leaseTransitions: 0,
    });
    await clock.advance(2 * second);
    expect(server.requests.slice(3)).toEqual(['a update']);
    expect(a.said).toEqual(['started at 0']);
  });

  it('tries every retry period when it fails', async () => {
    const { clock, server, join } = newWorld();
    join('a');
    await clock.advance(2 * second);
    const times: number[] = [];
    server.fateOf = (_, verb) => {
      if (verb === 'update') times.push(clock.monotonic() / second);
      return fates.refused;
    };
    await clock.advance(10 * second);
    expect(times).toEqual([4, 6, 8, 10]);
  });

  it('leads on when it gets through before the deadline', async () => {
    const { clock, server, leaders, join } = newWorld();
    const a = join('a');
    join('b');
    await clock.advance(4 * second);
    const first = [...leaders];
    for (let i = 0; i < 10; i++) {
      server.fateOf = (who) => (who === first[0] ? fates.refused : fates.ok);
      await clock.advance(5.5 * second);
      server.fateOf = () => fates.ok;
      await clock.advance(3 * second);
    }
    expect([...leaders]).toEqual(first);
    expect(a.elector.isLeader).toBe(first[0] === 'a');
  });

  it('does not lose for one request that hangs', async () => {
    const { clock, server, join } = newWorld();
    const a = join('a');
    await clock.advance(3 * second);
    server.fateOf = () => {
      server.fateOf = () => fates.ok;
      return fates.swallowed;
    };
    await clock.advance(60 * second);
    expect(a.said).toEqual(['started at 0']);
  });

  it('stops at the deadline also while it waits for an answer', async () => {
    const { clock, server, join } = newWorld();
    const a = join('a', { requestTimeoutMs: 60 * second });
    await clock.advance(second);
    server.fateOf = () => fates.swallowed;
    await clock.advance(9 * second);
    expect(a.said).toEqual(['started at 0', 'aborted at 10', 'stopped at 10']);
    expect(a.hasEnded()).toBe(true);
    expect(clock.pendingTimers).toBe(0);
  });

  it('counts from when it sent, not from when it was answered', async () => {
    const { clock, server, join } = newWorld();
    const a = join('a');
    await clock.advance(second);
    server.fateOf = () => {
      server.fateOf = () => fates.refused;
      return fates.crawling;
    };
    // Sent at 2, answered at 6.5.
    await clock.advance(11 * second - 1);
    expect(a.elector.isLeader).toBe(true);
    await clock.advance(1);
    expect(a.said).toEqual(['started at 0', 'aborted at 12', 'stopped at 12']);
  });

  it('counts its first write from when it was sent, too', async () => {
    const { clock, server, join } = newWorld();
    server.fateOf = (_, verb) => {
      if (verb === 'get') return fates.ok;
      server.fateOf = () => fates.refused;
      return fates.crawling;
    };
    const a = join('a');
    await clock.advance(20 * second);
    expect(a.said).toEqual(['started at 4.5', 'aborted at 10', 'stopped at 10']);
  });

  it('does not count a write that changed nothing', async () => {
    const { clock, server, join } = newWorld();
    const a = join('a');
    await clock.settle();
    // Its clock is set back again and again: every record is as the one before.
    for (let i = 0; i < 6; i++) {
      await clock.advance(2 * second - 1);
      clock.setNow(Date.UTC(2025, 0, 1) - 1);
      await clock.advance(1);
    }
    expect(server.specs).toHaveLength(1);
    expect(a.said).toEqual(['started at 0', 'aborted at 10', 'stopped at 10']);
  });

  it('stops as soon as it reads that another holds the Lease', async () => {
    const { clock, server, join } = newWorld();
    const a = join('a');
    await clock.advance(3 * second);
    server.write({ holderIdentity: 'x', leaseDurationSeconds: 15, leaseTransitions: 1 });
    await clock.advance(second);
    expect(a.said).toEqual(['started at 0', 'aborted at 4', 'stopped at 4']);
    expect(server.lease?.spec?.holderIdentity).toBe('x');
    expect(a.elector.leader).toBe('x');
  });

  it('leads on when it reads that nobody holds the Lease, and writes itself in again', async () => {
    const { clock, server, leaders, join } = newWorld();
    const a = join('a');
    await clock.advance(second);
    server.write({ ...server.lease?.spec, holderIdentity: '' });
    let updates = 0;
    server.fateOf = (_, verb) => {
      if (verb === 'update') updates++;
      // The first is the write without reading, which a conflict ends; the second does not arrive.
      return verb === 'update' && updates === 2 ? fates.refused : fates.ok;
    };
    await clock.advance(second);
    expect(server.requests.slice(2)).toEqual(['a update', 'a get', 'a update']);
    expect({ leader: a.elector.leader, isLeader: a.elector.isLeader }).toEqual({
      leader: '',
      isLeader: true,
    });
    await clock.advance(20 * second);
    expect([...leaders]).toEqual(['a']);
    expect(a.said).toEqual(['started at 0']);
    expect(server.lease?.spec).toMatchObject({
      holderIdentity: 'a',
      acquireTime: '2025-01-01T00:00:04.000000Z',
      leaseTransitions: 1,
    });
  });

  it('creates the Lease anew when somebody deleted it', async () => {
    const { clock, server, join } = newWorld();
    server.write({ holderIdentity: '', leaseTransitions: 4 });
    const a = join('a');
    await clock.advance(3 * second);
    expect(server.lease?.spec?.leaseTransitions).toBe(5);
    server.lease = undefined;
    await clock.advance(second);
    expect(server.lease).toMatchObject({
      spec: {
        holderIdentity: 'a',
        acquireTime: '2025-01-01T00:00:04.000000Z',
        leaseTransitions: 0,
      },
    });
    await clock.advance(60 * second);
    expect(a.said).toEqual(['started at 0']);
  });

  it('leaves the rest of the Lease as it is', async () => {
    const { clock, server, join } = newWorld();
    server.write({ holderIdentity: '', leaseTransitions: 0 });
    if (server.lease?.metadata) server.lease.metadata.labels = { team: 'core' };
    join('a');
    await clock.advance(10 * second);
    expect(server.lease?.metadata?.labels).toEqual({ team: 'core' });
  });
});

describe('leader election, callbacks', () => {
  it('tell each new leader once, oneself too', async () => {
    const { clock, server, join } = newWorld();
    const seen: string[] = [];
    const callbacks = (who: string) => ({
      ...noCallbacks,
      onNewLeader: (identity: string) => void seen.push(`${who} sees ${identity}`),
    });
    const a = join('a', { callbacks: callbacks('a') });
    await clock.settle();
    expect(seen).toEqual(['a sees a']);
    join('b', { callbacks: callbacks('b') });
    await clock.advance(30 * second);
    expect(seen).toEqual(['a sees a', 'b sees a']);
    a.leave();
    await clock.advance(20 * second);
    expect(seen).toEqual(['a sees a', 'b sees a', 'b sees b']);
    expect(server.lease?.spec?.holderIdentity).toBe('b');
  });

  it('name the leader before the work begins', async () => {
    const { clock, join } = newWorld();
    const seen: string[] = [];
    join('a', {
      callbacks: {
        onNewLeader: (identity) => void seen.push(identity),
        onStartedLeading: () => void seen.push('started'),
        onStoppedLeading: () => {},
      },
    });
    await clock.settle();
    expect(seen).toEqual(['a', 'started']);
  });

  it('may end their work and lead on', async () => {
    const { clock, join } = newWorld();
    const said: string[] = [];
    const a = join('a', {
      callbacks: {
        onStartedLeading: async () => void said.push('started'),
        onStoppedLeading: () => void said.push('stopped'),
      },
    });
    await clock.advance(100 * second);
    expect(said).toEqual(['started']);
    expect(a.elector.isLeader).toBe(true);
  });

  it('end their leadership when the work fails', async () => {
    const { clock, server, join } = newWorld();
    const said: string[] = [];
    const a = join('a', {
      releaseOnCancel: true,
      callbacks: {
        onStartedLeading: async () => {
          await clock.sleep(5 * second);
          throw new Error('out of work');
        },
        onStoppedLeading: () => void said.push('stopped'),
      },
    });
    await clock.advance(5 * second);
    expect(a.elector.isLeader).toBe(false);
    expect(said).toEqual(['stopped']);
    expect(a.hasEnded()).toBe(true);
    await expect(a.running).rejects.toThrow('out of work');
    expect(server.lease?.spec?.holderIdentity).toBe('');
    expect(clock.pendingTimers).toBe(0);
  });

  it('end their leadership when the work cannot even begin', async () => {
    const { clock, join } = newWorld();
    const said: string[] = [];
    const a = join('a', {
      callbacks: {
        onStartedLeading: () => {
          throw new Error('no hands');
        },
        onStoppedLeading: () => void said.push('stopped'),
      },
    });
    await clock.settle();
    await expect(a.running).rejects.toThrow('no hands');
    expect(said).toEqual(['stopped']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('are told events, if somebody writes them', async () => {
    const { clock, server, join } = newWorld();
    const told: unknown[] = [];
    const recorder: EventRecorder = {
      event: (type, object, eventType, reason, message) =>
        void told.push([type.kind, object.metadata?.name, eventType, reason, message]),
    };
    join('a', { recorder });
    await clock.settle();
    expect(told).toEqual([['Lease', 'election', 'Normal', 'LeaderElection', 'a became leader']]);
    server.fateOf = () => fates.refused;
    await clock.advance(10 * second);
    expect(told.slice(1)).toEqual([
      ['Lease', 'election', 'Normal', 'LeaderElection', 'a stopped leading'],
    ]);
  });
});

describe('leader election, release', () => {
  it('lets the next one in at once', async () => {
    const { clock, server, leaders, join } = newWorld();
    const a = join('a', { releaseOnCancel: true });
    await clock.settle();
    join('b');
    await clock.advance(5 * second);
    a.leave();
    await clock.settle();
    expect(server.lease?.spec).toEqual({
      holderIdentity: '',
      leaseDurationSeconds: 1,
      acquireTime: '2025-01-01T00:00:05.000000Z',
      renewTime: '2025-01-01T00:00:05.000000Z',
      leaseTransitions: 0,
    });
    expect(a.hasEnded()).toBe(true);
    await clock.advance(4.4 * second);
    expect([...leaders]).toEqual(['b']);
    expect(server.lease?.spec).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
  });

  it('does not happen unless asked for', async () => {
    const { clock, server, join } = newWorld();
    const a = join('a');
    await clock.advance(5 * second);
    a.leave();
    await clock.settle();
    expect(server.lease?.spec?.holderIdentity).toBe('a');
  });

  it('waits for the work to be over', async () => {
    const { clock, server, join } = newWorld();
    const said: string[] = [];
    const a = join('a', {
      releaseOnCancel: true,
      callbacks: {
        onStartedLeading: async (signal) => {
          await clock.sleep(3600 * second, signal).catch(() => {});
          said.push(`tidying, holder ${server.lease?.spec?.holderIdentity}`);
          await clock.sleep(3 * second);
          said.push(`tidy, holder ${server.lease?.spec?.holderIdentity}`);
        },
        onStoppedLeading: () => void said.push('stopped'),
      },
    });
    await clock.advance(5 * second);
    a.leave();
    expect(a.elector.isLeader).toBe(false);
    await clock.advance(3 * second - 1);
    expect(a.hasEnded()).toBe(false);
    await clock.advance(1);
    expect(said.toSorted()).toEqual(['stopped', 'tidy, holder a', 'tidying, holder a']);
    expect(said.indexOf('stopped')).toBeLessThan(said.indexOf('tidy, holder a'));
    expect(server.lease?.spec?.holderIdentity).toBe('');
    expect(a.hasEnded()).toBe(true);
  });

  it('works also when a write was under way', async () => {
    const { clock, server, join } = newWorld();
    const a = join('a', { releaseOnCancel: true });
    await clock.advance(second);
    server.fateOf = () => {
      server.fateOf = () => fates.ok;
      return fates.crawling;
    };
    await clock.advance(2 * second);
    a.leave();
    await clock.settle();
    expect(server.lease?.spec?.holderIdentity).toBe('');
  });

  it('takes nothing from another', async () => {
    const { clock, server, join } = newWorld();
    const a = join('a', { releaseOnCancel: true });
    const b = join('b', { releaseOnCancel: true });
    await clock.advance(3 * second);
    server.write({ holderIdentity: 'x', leaseDurationSeconds: 15 });
    a.leave();
    b.leave();
    await clock.advance(20 * second);
    expect(server.lease?.spec?.holderIdentity).toBe('x');
    expect([a.hasEnded(), b.hasEnded()]).toEqual([true, true]);
  });

  it('is tried once, and leaves nothing behind', async () => {
    for (const fate of [fates.refused, fates.swallowed]) {
      const { clock, server, join } = newWorld();
      const a = join('a', { releaseOnCancel: true });
      await clock.advance(3 * second);
      server.requests.length = 0;
      server.fateOf = () => fate;
      a.leave();
      await clock.advance(5 * second);
      expect(server.requests).toEqual(['a get']);
      expect(a.hasEnded()).toBe(true);
      expect(clock.pendingTimers).toBe(0);
    }
  });
});

/** Promises only, many turns of them: there is no I/O here, and this is much faster. */
const fastTurn = async (): Promise<void> => {
  for (let i = 0; i < 40; i++) await Promise.resolve();
};

type World = ReturnType<typeof newWorld>;

/** Lets time pass; who leads must never be two, looked at whenever a timer goes off. */
function watchLeaders({ clock, leaders, failures }: World): (ms: number) => Promise<void> {
  return async (ms) => {
    const end = clock.monotonic() + ms;
    for (;;) {
      const left = end - clock.monotonic();
      await clock.advance(Math.min(left, clock.nextTimerMs ?? left));
      for (const failure of failures) throw failure;
      if (leaders.size > 1) {
        expect.unreachable(`at ${clock.monotonic()} ms ${[...leaders].join(' and ')} both lead`);
      }
      if (left <= 0) return;
    }
  };
}

/** Comes back whenever it has lost, as a program that is started again. */
function stayIn({ clock, join, failures }: World, identity: string, skewMs: number): void {
  const options = { clock: skewed(clock, skewMs), releaseOnCancel: true };
  const rejoin = async (): Promise<void> => {
    await join(identity, options).running;
    clock.after(500, keepIn);
  };
  const keepIn = (): void => {
    rejoin().catch((error: unknown) => failures.push(error));
  };
  keepIn();
}

async function electWith(plan: {
  fates: readonly FateName[];
  /** How long the first has led when things begin to go wrong. */
  calmMs: number;
  laterMs: number;
  skewMs: number;
}): Promise<void> {
  const world = newWorld({ turn: fastTurn });
  const { clock, server, leaders } = world;
  const watch = watchLeaders(world);
  let sent = 0;
  const goWrong = (): void => {
    server.fateOf = () => fates[plan.fates[sent++] ?? 'ok'];
  };
  if (plan.calmMs === 0) goWrong();
  stayIn(world, 'a', 0);
  await watch(plan.laterMs);
  stayIn(world, 'b', plan.skewMs);
  await watch(plan.calmMs);
  goWrong();
  for (let i = 0; i < 400 && sent < plan.fates.length; i++) await watch(second);
  await watch(45 * second);
  // All has been well for long enough.
  expect(leaders.size).toBe(1);
  expect(server.lease?.spec?.holderIdentity).toBe([...leaders][0]);
  const [leader] = leaders;
  await watch(10 * second);
  expect([...leaders]).toEqual([leader]);
  expect(clock.pendingTimers).toBeLessThan(12);
}

function* sequences<T>(letters: readonly T[], length: number): Generator<T[]> {
  if (length === 0) yield [];
  else
    for (const rest of sequences(letters, length - 1)) for (const l of letters) yield [l, ...rest];
}

describe('leader election, two candidates', () => {
  it('never both lead and one does in the end, whatever befalls the first four requests', async () => {
    for (const sequence of sequences<FateName>(['ok', 'refused', 'lost', 'crawling'], 4)) {
      await electWith({ fates: sequence, calmMs: 0, laterMs: 0, skewMs: 0 });
    }
  });

  it('never both lead and one does in the end, whatever befalls three requests of a leader', async () => {
    for (const sequence of sequences<FateName>(['ok', 'slow', 'lost', 'late'], 3)) {
      await electWith({ fates: sequence, calmMs: 3 * second, laterMs: 300, skewMs: -7 * second });
    }
  });

  it('never both lead when one is cut off, at whatever moment and for however long', async () => {
    for (let fromMs = 0; fromMs <= 4 * second; fromMs += 500) {
      for (const forMs of [3, 9, 11, 14, 17, 25].map((seconds) => seconds * second)) {
        const world = newWorld({ turn: fastTurn });
        const { server, leaders } = world;
        const watch = watchLeaders(world);
        stayIn(world, 'a', 3600 * second);
        await watch(100);
        stayIn(world, 'b', 0);
        await watch(fromMs);
        const [cutOff] = leaders;
        server.fateOf = (who) => (who === cutOff ? fates.swallowed : fates.ok);
        await watch(forMs);
        if (forMs === 25 * second) expect(leaders.has(cutOff ?? '')).toBe(false);
        if (forMs === 25 * second) expect(leaders.size).toBe(1);
        server.fateOf = () => fates.ok;
        await watch(25 * second);
        expect(leaders.size).toBe(1);
      }
    }
  });

  property(
    'never both lead and one does in the end, whatever befalls their requests and clocks',
    fc.array(fc.constantFrom(...(Object.keys(fates) as FateName[])), { maxLength: 40 }),
    fc.integer({ min: 0, max: 12 }),
    fc.integer({ min: -20, max: 20 }),
    async (fateNames, laterSeconds, skewSeconds) => {
      await electWith({
        fates: fateNames,
        calmMs: 0,
        laterMs: laterSeconds * second,
        skewMs: skewSeconds * second,
      });
    },
  );

  property(
    'never both lead while their clocks jump and one or the other is cut off',
    fc.array(
      fc.record({
        cutOff: fc.constantFrom('', 'a', 'b', 'ab'),
        how: fc.constantFrom<FateName>('refused', 'swallowed', 'late', 'lost'),
        forMs: fc.integer({ min: 100, max: 20_000 }),
        jumpMs: fc.constantFrom(0, 0, -2000, 3_600_000, -3_600_000),
      }),
      { maxLength: 12 },
    ),
    async (phases) => {
      const world = newWorld({ turn: fastTurn });
      const { clock, server, leaders } = world;
      const watch = watchLeaders(world);
      stayIn(world, 'a', 0);
      stayIn(world, 'b', 5 * second);
      for (const { cutOff, how, forMs, jumpMs } of phases) {
        server.fateOf = (who) => (cutOff.includes(who) ? fates[how] : fates.ok);
        clock.setNow(clock.now() + jumpMs);
        await watch(forMs);
      }
      server.fateOf = () => fates.ok;
      await watch(40 * second);
      expect(leaders.size).toBe(1);
    },
  );
});
