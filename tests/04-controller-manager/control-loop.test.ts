import { FakeClock, type LogFields } from '#apimachinery';
import { ItemExponentialFailureRateLimiter } from '#client';
import {
  ControlLoop,
  type ControlLoopOptions,
  EXPECTATIONS_TIMEOUT_MS,
  Expectations,
  type Reconcile,
  SYNC_POLL_MS,
} from '#controller-manager';
import { describe, expect, fc, it, newLogBook, property, trace } from '#kit';

const YES = [() => true];
const fine: Reconcile = async () => undefined;

/** A loop that is running, and all that happens around it. */
function begin(reconcile: Reconcile, options: Partial<ControlLoopOptions> = {}) {
  const clock = new FakeClock();
  const log = newLogBook();
  const stopping = new AbortController();
  /** When which key was reconciled, by the clock. */
  const calls: string[] = [];
  const loop = trace(
    'loop',
    () =>
      new ControlLoop({
        name: 'test-controller',
        clock,
        log,
        synced: YES,
        reconcile: (key, signal) => {
          calls.push(`${key} at ${clock.monotonic()}`);
          return reconcile(key, signal);
        },
        ...options,
      }),
  );
  let hasEnded = false;
  const run = async () => {
    await loop.run(stopping.signal);
    hasEnded = true;
  };
  void run();
  return {
    clock,
    log,
    loop,
    calls,
    signal: stopping.signal,
    hasEnded: () => hasEnded,
    stop: () => stopping.abort(),
    /** Lets the run end, which it must without that time passes. */
    end: async () => {
      stopping.abort();
      await clock.settle();
      expect(hasEnded).toBe(true);
    },
    /** The keys only. */
    keys: () => calls.map((call) => call.split(' ')[0]),
  };
}

/** Work that ends when a test says so. */
function newGate() {
  const waiting: (() => void)[] = [];
  return {
    pass: () => new Promise<void>((resolve) => waiting.push(resolve)),
    open: () => waiting.shift()?.(),
    get waiting() {
      return waiting.length;
    },
  };
}

describe('ControlLoop', () => {
  it.core('reconciles what is enqueued', async () => {
    const { loop, clock, keys } = begin(fine);
    loop.enqueue('default/web');
    await clock.settle();
    expect(keys()).toEqual(['default/web']);
    loop.enqueue('default/db');
    loop.enqueue('node-1');
    await clock.settle();
    expect(keys()).toEqual(['default/web', 'default/db', 'node-1']);
  });

  it.core('takes objects for their keys', async () => {
    const { loop, clock, keys } = begin(fine);
    loop.enqueue({ metadata: { namespace: 'default', name: 'web' } });
    loop.enqueue({ metadata: { name: 'node-1' } });
    await clock.settle();
    expect(keys()).toEqual(['default/web', 'node-1']);
  });

  it('has the name it was given', () => {
    expect(begin(fine).loop.name).toBe('test-controller');
  });

  it('reconciles a key once, however often it is enqueued before its turn', async () => {
    const { loop, clock, keys } = begin(fine);
    for (const key of ['a', 'b', 'a', 'a']) loop.enqueue(key);
    await clock.settle();
    expect(keys()).toEqual(['a', 'b']);
  });

  it('reconciles again what is enqueued again', async () => {
    const { loop, clock, keys } = begin(fine);
    loop.enqueue('a');
    await clock.settle();
    loop.enqueue('a');
    await clock.settle();
    expect(keys()).toEqual(['a', 'a']);
  });

  it('reconciles later what is enqueued for later', async () => {
    const { loop, clock, calls } = begin(fine);
    loop.enqueueAfter('a', 300);
    loop.enqueueAfter({ metadata: { namespace: 'default', name: 'web' } }, 100);
    await clock.advance(1000);
    expect(calls).toEqual(['default/web at 100', 'a at 300']);
  });

  it('calls reconcile with a signal that has not aborted', async () => {
    const seen: boolean[] = [];
    const { loop, clock } = begin(async (_, signal) => {
      seen.push(signal.aborted);
    });
    loop.enqueue('a');
    await clock.settle();
    expect(seen).toEqual([false]);
  });
});

describe('ControlLoop before its caches are filled', () => {
  it.core('waits, and looks every SYNC_POLL_MS', async () => {
    let filled = false;
    const { loop, clock, calls } = begin(fine, { synced: [() => filled] });
    loop.enqueue('a');
    await clock.advance(SYNC_POLL_MS * 2.5);
    expect(calls).toEqual([]);
    filled = true;
    await clock.advance(SYNC_POLL_MS);
    expect(calls).toEqual([`a at ${SYNC_POLL_MS * 3}`]);
  });

  it('begins at once when they are filled already', async () => {
    const { loop, clock, calls } = begin(fine, { synced: [() => true, () => true] });
    loop.enqueue('a');
    await clock.settle();
    expect(calls).toEqual(['a at 0']);
  });

  it('waits for all of them', async () => {
    const filled = [true, false, true];
    const { loop, clock, calls } = begin(fine, {
      synced: [() => filled[0] === true, () => filled[1] === true, () => filled[2] === true],
    });
    loop.enqueue('a');
    await clock.advance(1000);
    expect(calls).toEqual([]);
    filled[1] = true;
    await clock.advance(SYNC_POLL_MS);
    expect(calls.length).toBe(1);
  });

  it('begins without caches to wait for', async () => {
    const { loop, clock, calls } = begin(fine, { synced: [] });
    loop.enqueue('a');
    await clock.settle();
    expect(calls).toEqual(['a at 0']);
  });

  it('keeps what was enqueued before it ran', async () => {
    const clock = new FakeClock();
    const keys: string[] = [];
    const loop = new ControlLoop({
      name: 'test-controller',
      clock,
      log: newLogBook(),
      synced: YES,
      reconcile: async (key) => {
        keys.push(key);
      },
    });
    loop.enqueue('a');
    loop.enqueue('b');
    await clock.settle();
    expect(keys).toEqual([]);
    void loop.run(new AbortController().signal);
    await clock.settle();
    expect(keys).toEqual(['a', 'b']);
  });

  it('ends at once when it is stopped, and leaves no timer behind', async () => {
    const { clock, stop, hasEnded, calls, loop } = begin(fine, { synced: [() => false] });
    loop.enqueue('a');
    await clock.advance(SYNC_POLL_MS / 2);
    stop();
    await clock.settle();
    expect(hasEnded()).toBe(true);
    expect(clock.pendingTimers).toBe(0);
    expect(calls).toEqual([]);
  });
});

describe('ControlLoop when a reconcile fails', () => {
  const failing = (times: number, thrown: unknown = new Error('no')): Reconcile => {
    let left = times;
    return async () => {
      if (left-- > 0) throw thrown;
    };
  };

  it.core('tries again later, and later each time', async () => {
    const { loop, clock, calls } = begin(failing(4));
    loop.enqueue('a');
    await clock.advance(60_000);
    expect(calls).toEqual(['a at 0', 'a at 5', 'a at 15', 'a at 35', 'a at 75']);
  });

  it.core('starts from the shortest delay after a success', async () => {
    let fails = 2;
    const { loop, clock, calls } = begin(async () => {
      if (fails-- > 0) throw new Error('no');
    });
    loop.enqueue('a');
    await clock.advance(1000);
    fails = 1;
    loop.enqueue('a');
    await clock.advance(1000);
    expect(calls).toEqual(['a at 0', 'a at 5', 'a at 15', 'a at 1000', 'a at 1005']);
  });

  it('logs each failure once, as a warning', async () => {
    const failure = new Error('no pods today');
    const { loop, clock, log } = begin(failing(3, failure));
    loop.enqueue('default/web');
    await clock.advance(1000);
    expect(log.count('warn')).toBe(3);
    expect(log.count('error')).toBe(0);
    const fields: LogFields = log.entries.find(({ level }) => level === 'warn')?.fields ?? {};
    expect(fields.key).toBe('default/web');
    expect(fields.error === failure).toBe(true);
  });

  it('logs no warning when all goes well', async () => {
    const { loop, clock, log } = begin(fine);
    loop.enqueue('a');
    await clock.advance(1000);
    expect(log.count('warn') + log.count('error')).toBe(0);
  });

  it('delays each key by its own failures', async () => {
    let left = 20;
    const { loop, clock, calls } = begin(async (key) => {
      if (key === 'bad' && left-- > 0) throw new Error('no');
    });
    loop.enqueue('bad');
    await clock.advance(20);
    loop.enqueue('good');
    await clock.advance(2);
    expect(calls.slice(-1)).toEqual(['good at 20']);
    await clock.advance(20);
    expect(calls.slice(-1)).toEqual(['bad at 35']);
  });

  for (const [name, thrown] of [
    ['a text', 'no'],
    ['undefined', undefined],
    ['null', null],
    ['an object without anything', Object.create(null)],
  ] as const) {
    it(`tries again when ${name} is thrown`, async () => {
      const { loop, clock, calls, log } = begin(failing(1, thrown));
      loop.enqueue('a');
      await clock.advance(1000);
      expect(calls).toEqual(['a at 0', 'a at 5']);
      expect(log.count('warn')).toBe(1);
    });
  }

  it('tries again when reconcile throws instead of returning a promise', async () => {
    let fails = 1;
    const { loop, clock, calls } = begin(() => {
      if (fails-- > 0) throw new Error('no');
      return Promise.resolve();
    });
    loop.enqueue('a');
    await clock.advance(1000);
    expect(calls).toEqual(['a at 0', 'a at 5']);
  });

  it('goes on with other keys, on one worker too', async () => {
    const { loop, clock, keys } = begin(
      async (key) => {
        if (key === 'bad' && keys().length < 20) throw new Error('no');
      },
      { workers: 1 },
    );
    loop.enqueue('bad');
    loop.enqueue('good');
    await clock.settle();
    expect(keys()).toEqual(['bad', 'good']);
  });

  it('waits as long as the rate limiter says', async () => {
    const rateLimiter = new ItemExponentialFailureRateLimiter<string>(1000, 3000);
    const { loop, clock, calls } = begin(failing(3), { rateLimiter });
    loop.enqueue('a');
    await clock.advance(60_000);
    expect(calls).toEqual(['a at 0', 'a at 1000', 'a at 3000', 'a at 6000']);
  });

  it('waits no longer than it must when something happens meanwhile', async () => {
    const rateLimiter = new ItemExponentialFailureRateLimiter<string>(1000, 3000);
    const { loop, clock, calls } = begin(failing(1), { rateLimiter });
    loop.enqueue('a');
    await clock.advance(400);
    loop.enqueue('a');
    await clock.advance(100);
    expect(calls).toEqual(['a at 0', 'a at 400']);
  });

  it('gives up after maxRetries, says so as an error, and forgets', async () => {
    const { loop, clock, calls, log } = begin(failing(100), { maxRetries: 2 });
    loop.enqueue('a');
    await clock.advance(60_000);
    expect(calls).toEqual(['a at 0', 'a at 5', 'a at 15']);
    expect([log.count('warn'), log.count('error')]).toEqual([2, 1]);
    expect(log.entries.find(({ level }) => level === 'error')?.fields).toMatchObject({ key: 'a' });
    loop.enqueue('a');
    await clock.advance(60_000);
    expect(calls.slice(3)).toEqual(['a at 60000', 'a at 60005', 'a at 60015']);
  });

  it('gives up at once with maxRetries 0', async () => {
    const { loop, clock, calls, log } = begin(failing(100), { maxRetries: 0 });
    loop.enqueue('a');
    await clock.advance(60_000);
    expect(calls).toEqual(['a at 0']);
    expect([log.count('warn'), log.count('error')]).toEqual([0, 1]);
  });

  it('does not give up by itself', async () => {
    const rateLimiter = new ItemExponentialFailureRateLimiter<string>(1, 1);
    const { loop, clock, calls, log } = begin(failing(50), { rateLimiter });
    loop.enqueue('a');
    await clock.advance(1000);
    expect(calls.length).toBe(51);
    expect(log.count('error')).toBe(0);
  });
});

describe('ControlLoop when a reconcile asks for another look', () => {
  it.core('looks again after so long', async () => {
    const { loop, clock, calls } = begin(async () =>
      calls.length < 3 ? { requeueAfterMs: 30_000 } : {},
    );
    loop.enqueue('a');
    await clock.advance(1_000_000);
    expect(calls).toEqual(['a at 0', 'a at 30000', 'a at 60000']);
  });

  it('looks again at once after 0', async () => {
    const { loop, clock, calls } = begin(async () =>
      calls.length < 2 ? { requeueAfterMs: 0 } : undefined,
    );
    loop.enqueue('a');
    await clock.advance(10);
    expect(calls).toEqual(['a at 0', 'a at 0']);
  });

  it('forgets failures before', async () => {
    let turn = 0;
    const { loop, clock, calls } = begin(async () => {
      turn++;
      if (turn === 1 || turn === 3) throw new Error('no');
      return turn === 2 ? { requeueAfterMs: 1000 } : {};
    });
    loop.enqueue('a');
    await clock.advance(60_000);
    expect(calls).toEqual(['a at 0', 'a at 5', 'a at 1005', 'a at 1010']);
  });
});

describe('ControlLoop with several workers', () => {
  it.core('never works on one key twice at the same time', async () => {
    const gate = newGate();
    const { loop, clock, keys } = begin(() => gate.pass());
    loop.enqueue('a');
    await clock.settle();
    loop.enqueue('a');
    loop.enqueue('a');
    await clock.settle();
    expect(keys()).toEqual(['a']);
    gate.open();
    await clock.settle();
    expect(keys()).toEqual(['a', 'a']);
    gate.open();
    await clock.settle();
    expect(keys()).toEqual(['a', 'a']);
  });

  it('works on as many keys at once as there are workers, and not on more', async () => {
    const gate = newGate();
    const { loop, clock } = begin(() => gate.pass(), { workers: 3 });
    for (const key of 'abcdef') loop.enqueue(key);
    await clock.settle();
    expect(gate.waiting).toBe(3);
    gate.open();
    await clock.settle();
    expect(gate.waiting).toBe(3);
  });

  it('has five when nobody says how many', async () => {
    const gate = newGate();
    const { loop, clock } = begin(() => gate.pass());
    for (const key of 'abcdefgh') loop.enqueue(key);
    await clock.settle();
    expect(gate.waiting).toBe(5);
  });

  it('is not held up by a key that takes long', async () => {
    const gate = newGate();
    const { loop, clock, keys } = begin(
      (key) => (key === 'slow' ? gate.pass() : fine(key, never)),
      {
        workers: 2,
      },
    );
    for (const key of ['slow', 'a', 'b', 'c']) loop.enqueue(key);
    await clock.settle();
    expect(keys()).toEqual(['slow', 'a', 'b', 'c']);
  });

  property(
    'never works on a key twice at once, never on more keys than workers, and looks at each after its last change',
    fc.record({
      workers: fc.integer({ min: 1, max: 4 }),
      steps: fc.array(
        fc.record({
          key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
          waitMs: fc.integer({ min: 0, max: 20 }),
        }),
        { minLength: 1, maxLength: 20 },
      ),
      works: fc.array(fc.record({ ms: fc.integer({ min: 0, max: 30 }), fails: fc.boolean() }), {
        minLength: 1,
        maxLength: 6,
      }),
    }),
    async ({ workers, steps, works }) => {
      const active = new Set<string>();
      const changedAt = new Map<string, number>();
      const lookedAt = new Map<string, number>();
      const faults: string[] = [];
      let turn = 0;
      const { loop, clock, end } = begin(
        async (key) => {
          if (active.has(key)) faults.push(`twice at once: ${key}`);
          active.add(key);
          if (active.size > workers) faults.push(`${active.size} at once`);
          const started = clock.monotonic();
          const work = works[turn++ % works.length] ?? { ms: 0, fails: false };
          await clock.sleep(work.ms);
          active.delete(key);
          if (work.fails && turn < 12) throw new Error('no');
          lookedAt.set(key, started);
        },
        { workers },
      );
      for (const { key, waitMs } of steps) {
        await clock.advance(waitMs);
        changedAt.set(key, clock.monotonic());
        loop.enqueue(key);
      }
      await clock.advance(3_600_000);
      for (const [key, at] of changedAt) {
        if ((lookedAt.get(key) ?? -1) < at) faults.push(`nobody looked at ${key} after its change`);
      }
      expect(faults).toEqual([]);
      await end();
      expect(clock.pendingTimers).toBe(0);
    },
    { runs: 40 },
  );
});

const never = new AbortController().signal;

describe('ControlLoop when it is stopped', () => {
  it.core('waits for what is under way', async () => {
    const gate = newGate();
    const { loop, clock, stop, hasEnded } = begin(() => gate.pass());
    loop.enqueue('a');
    await clock.settle();
    stop();
    await clock.settle();
    expect(hasEnded()).toBe(false);
    gate.open();
    await clock.settle();
    expect(hasEnded()).toBe(true);
  });

  it('ends at once when nothing is under way', async () => {
    const { loop, clock, stop, hasEnded } = begin(fine);
    loop.enqueue('a');
    await clock.settle();
    stop();
    await clock.settle();
    expect(hasEnded()).toBe(true);
  });

  it('tells reconciles that are under way', async () => {
    let signal: AbortSignal | undefined;
    const gate = newGate();
    const { loop, clock, stop, end } = begin((_, given) => {
      signal = given;
      return gate.pass();
    });
    loop.enqueue('a');
    await clock.settle();
    stop();
    expect(signal?.aborted).toBe(true);
    gate.open();
    await end();
  });

  it('begins no other key', async () => {
    const gate = newGate();
    const { loop, clock, stop, keys, hasEnded } = begin(() => gate.pass(), { workers: 1 });
    for (const key of 'abc') loop.enqueue(key);
    await clock.settle();
    stop();
    gate.open();
    await clock.settle();
    expect(keys()).toEqual(['a']);
    expect(hasEnded()).toBe(true);
  });

  it('does not log what a reconcile throws because of it', async () => {
    const { loop, clock, log, end } = begin(async (_, signal) => {
      await clock.sleep(1000, signal);
    });
    loop.enqueue('a');
    await clock.settle();
    await end();
    expect(log.count('warn') + log.count('error')).toBe(0);
  });

  it('leaves no timer behind, whatever was for later', async () => {
    const { loop, clock, calls, end } = begin(async (key) => {
      if (key === 'a' && calls.length < 20) throw new Error('no');
      return { requeueAfterMs: 60_000 };
    });
    for (const key of 'ab') loop.enqueue(key);
    loop.enqueueAfter('c', 1000);
    await clock.settle();
    expect(clock.pendingTimers).toBeGreaterThan(0);
    await end();
    expect(clock.pendingTimers).toBe(0);
  });

  it('asks for no other look when a reconcile ends after that', async () => {
    const gate = newGate();
    const { loop, clock, stop, end } = begin(async () => {
      await gate.pass();
      return { requeueAfterMs: 1000 };
    });
    loop.enqueue('a');
    await clock.settle();
    stop();
    gate.open();
    await end();
    expect(clock.pendingTimers).toBe(0);
  });

  it('drops what is enqueued after that', async () => {
    const { loop, clock, end, keys } = begin(fine);
    await end();
    loop.enqueue('a');
    loop.enqueueAfter('b', 100);
    await clock.advance(1000);
    expect(keys()).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('does nothing when the signal has aborted before', async () => {
    const clock = new FakeClock();
    const keys: string[] = [];
    const loop = new ControlLoop({
      name: 'test-controller',
      clock,
      log: newLogBook(),
      synced: YES,
      reconcile: async (key) => {
        keys.push(key);
      },
    });
    loop.enqueue('a');
    await loop.run(AbortSignal.abort());
    loop.enqueueAfter('b', 1000);
    await clock.settle();
    expect(keys).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('Expectations', () => {
  const begin = () => {
    const clock = new FakeClock();
    return { clock, expectations: trace('expectations', () => new Expectations({ clock })) };
  };
  const key = 'default/web';

  it.core('are satisfied when nothing is expected', () => {
    expect(begin().expectations.satisfied(key)).toBe(true);
  });

  it.core('wait for every creation', () => {
    const { expectations } = begin();
    expectations.expectCreations(key, 2);
    expect(expectations.satisfied(key)).toBe(false);
    expectations.creationObserved(key);
    expect(expectations.satisfied(key)).toBe(false);
    expectations.creationObserved(key);
    expect(expectations.satisfied(key)).toBe(true);
  });

  it.core('wait for every deletion, by uid', () => {
    const { expectations } = begin();
    expectations.expectDeletions(key, ['a', 'b']);
    expectations.deletionObserved(key, 'a');
    expect(expectations.satisfied(key)).toBe(false);
    expectations.deletionObserved(key, 'b');
    expect(expectations.satisfied(key)).toBe(true);
  });

  it('count the deletion of one object once', () => {
    const { expectations } = begin();
    expectations.expectDeletions(key, ['a', 'b']);
    expectations.deletionObserved(key, 'a');
    expectations.deletionObserved(key, 'a');
    expect(expectations.satisfied(key)).toBe(false);
  });

  it('do not count the deletion of an object that was not expected', () => {
    const { expectations } = begin();
    expectations.expectDeletions(key, ['a']);
    expectations.deletionObserved(key, 'z');
    expect(expectations.satisfied(key)).toBe(false);
  });

  it('wait for both', () => {
    const { expectations } = begin();
    expectations.expect(key, 1, ['a']);
    expectations.creationObserved(key);
    expect(expectations.satisfied(key)).toBe(false);
    expectations.deletionObserved(key, 'a');
    expect(expectations.satisfied(key)).toBe(true);
    expectations.expect(key, 1, ['a']);
    expectations.deletionObserved(key, 'a');
    expect(expectations.satisfied(key)).toBe(false);
  });

  it('do not take creations for deletions, nor the other way round', () => {
    const { expectations } = begin();
    expectations.expectCreations(key, 1);
    expectations.deletionObserved(key, 'a');
    expect(expectations.satisfied(key)).toBe(false);
    expectations.expectDeletions(key, ['a']);
    expectations.creationObserved(key);
    expect(expectations.satisfied(key)).toBe(false);
  });

  it('do not count what was seen before it was expected', () => {
    const { expectations } = begin();
    expectations.creationObserved(key);
    expectations.deletionObserved(key, 'a');
    expectations.expectCreations(key, 1);
    expect(expectations.satisfied(key)).toBe(false);
    expectations.creationObserved(key);
    expectations.creationObserved(key);
    expectations.creationObserved(key);
    expectations.expectCreations(key, 1);
    expect(expectations.satisfied(key)).toBe(false);
  });

  it('never fall below none: more seen than expected makes up for nothing', () => {
    const { expectations } = begin();
    expectations.expect(key, 1, ['a']);
    for (let i = 0; i < 5; i++) expectations.creationObserved(key);
    expect(expectations.satisfied(key)).toBe(false);
    expectations.deletionObserved(key, 'a');
    expect(expectations.satisfied(key)).toBe(true);
  });

  it('are satisfied when nothing is what is expected', () => {
    const { expectations } = begin();
    expectations.expectCreations(key, 0);
    expect(expectations.satisfied(key)).toBe(true);
    expectations.expectDeletions(key, []);
    expect(expectations.satisfied(key)).toBe(true);
  });

  it('replace what was expected before', () => {
    const { expectations } = begin();
    expectations.expectCreations(key, 5);
    expectations.expectCreations(key, 1);
    expectations.creationObserved(key);
    expect(expectations.satisfied(key)).toBe(true);
    expectations.expectCreations(key, 5);
    expectations.expectDeletions(key, ['a']);
    expectations.deletionObserved(key, 'a');
    expect(expectations.satisfied(key)).toBe(true);
    expectations.expectDeletions(key, ['a']);
    expectations.expectCreations(key, 1);
    expectations.creationObserved(key);
    expect(expectations.satisfied(key)).toBe(true);
  });

  it('keep their keys apart', () => {
    const { expectations } = begin();
    expectations.expectCreations(key, 1);
    expectations.expectDeletions('default/db', ['a']);
    expectations.creationObserved('default/db');
    expectations.deletionObserved(key, 'a');
    expect(expectations.satisfied(key)).toBe(false);
    expect(expectations.satisfied('default/db')).toBe(false);
    expect(expectations.satisfied('default/other')).toBe(true);
  });

  it('end after EXPECTATIONS_TIMEOUT_MS, and not before', () => {
    const { clock, expectations } = begin();
    expectations.expectCreations(key, 1);
    clock.step(EXPECTATIONS_TIMEOUT_MS);
    expect(expectations.satisfied(key)).toBe(false);
    clock.step(1);
    expect(expectations.satisfied(key)).toBe(true);
  });

  it('take five minutes to end', () => {
    expect(EXPECTATIONS_TIMEOUT_MS).toBe(300_000);
  });

  it('do not live longer because some of it is seen', () => {
    const { clock, expectations } = begin();
    expectations.expect(key, 2, ['a', 'b']);
    clock.step(EXPECTATIONS_TIMEOUT_MS - 1);
    expectations.creationObserved(key);
    expectations.deletionObserved(key, 'a');
    clock.step(2);
    expect(expectations.satisfied(key)).toBe(true);
  });

  it('have their whole time again when they are set anew', () => {
    const { clock, expectations } = begin();
    expectations.expectCreations(key, 1);
    clock.step(EXPECTATIONS_TIMEOUT_MS - 1);
    expectations.expectCreations(key, 1);
    clock.step(EXPECTATIONS_TIMEOUT_MS);
    expect(expectations.satisfied(key)).toBe(false);
  });

  it('do not notice when the time of day is set', () => {
    const { clock, expectations } = begin();
    expectations.expectCreations(key, 1);
    clock.setNow(clock.now() + 10 * EXPECTATIONS_TIMEOUT_MS);
    expect(expectations.satisfied(key)).toBe(false);
    clock.setNow(0);
    clock.step(EXPECTATIONS_TIMEOUT_MS + 1);
    expect(expectations.satisfied(key)).toBe(true);
  });

  it('are forgotten on demand, also those there never were', () => {
    const { expectations } = begin();
    expectations.expect(key, 3, ['a']);
    expectations.forget(key);
    expectations.forget('default/other');
    expect(expectations.satisfied(key)).toBe(true);
    expectations.creationObserved(key);
    expectations.expectCreations(key, 1);
    expect(expectations.satisfied(key)).toBe(false);
  });

  it('keep no hold of the list they were given', () => {
    const { expectations } = begin();
    const uids = ['a'];
    expectations.expectDeletions(key, uids);
    uids.pop();
    expect(expectations.satisfied(key)).toBe(false);
  });

  it('set no timer', () => {
    const { clock, expectations } = begin();
    expectations.expect(key, 3, ['a']);
    expect(clock.pendingTimers).toBe(0);
  });
});
