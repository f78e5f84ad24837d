import { FakeClock } from '#apimachinery';
import {
  BucketRateLimiter,
  defaultRateLimiter,
  ItemExponentialFailureRateLimiter,
  MaxOfRateLimiter,
  type RateLimiter,
  WorkQueue,
} from '#client';
import { describe, expect, fc, it, property, settle, trace } from '#kit';

const second = 1000;

function newQueue() {
  const clock = trace('clock', () => new FakeClock());
  return { clock, queue: trace('queue', () => new WorkQueue({ clock })) };
}

/** Asks for an item; `[]` as long as there is none, then `[item]`. */
function ask(queue: WorkQueue): (string | undefined)[] {
  const answers: (string | undefined)[] = [];
  void queue.get().then((item) => answers.push(item));
  return answers;
}

/** The next item, or `undefined`, or that there is none yet. */
async function next(queue: WorkQueue): Promise<string | undefined> {
  const answers = ask(queue);
  await settle();
  return answers.length === 0 ? 'none yet' : answers[0];
}

/** Takes all that waits, in order, and is done with each at once. */
async function drain(queue: WorkQueue): Promise<string[]> {
  const items: string[] = [];
  for (let left = queue.length; left > 0; left = queue.length) {
    const item = await next(queue);
    items.push(item ?? 'undefined');
    queue.done(item ?? '');
    if (items.length > 100) expect.unreachable('the queue never becomes empty');
  }
  return items;
}

describe('work queue', () => {
  it.core('gives items out in the order in which they were added', async () => {
    const { queue } = newQueue();
    for (const item of ['b', 'a', 'c']) queue.add(item);
    expect(queue.length).toBe(3);
    expect(await next(queue)).toBe('b');
    expect(await next(queue)).toBe('a');
    expect(queue.length).toBe(1);
    expect(await next(queue)).toBe('c');
    expect(queue.length).toBe(0);
  });

  it.core('has an item once, however often it is added', async () => {
    const { queue } = newQueue();
    for (const item of ['a', 'b', 'a', 'b', 'a']) queue.add(item);
    expect(queue.length).toBe(2);
    expect(await drain(queue)).toEqual(['a', 'b']);
  });

  it.core('does not give out what is being worked on, but gives it again after that', async () => {
    const { queue } = newQueue();
    queue.add('a');
    expect(await next(queue)).toBe('a');
    queue.add('a');
    expect(queue.length).toBe(0);
    const answer = ask(queue);
    await settle();
    expect(answer).toEqual([]);
    queue.done('a');
    await settle();
    expect(answer).toEqual(['a']);
  });

  it.core('lets who asks wait until there is something', async () => {
    const { queue } = newQueue();
    const answer = ask(queue);
    await settle();
    expect(answer).toEqual([]);
    queue.add('a');
    await settle();
    expect(answer).toEqual(['a']);
    expect(queue.length).toBe(0);
  });

  it.core('adds an item when its time has come', async () => {
    const { clock, queue } = newQueue();
    queue.addAfter('a', 100);
    expect(queue.length).toBe(0);
    await clock.advance(99);
    expect(queue.length).toBe(0);
    await clock.advance(1);
    expect(queue.length).toBe(1);
    expect(await next(queue)).toBe('a');
  });

  it.core('makes an item that fails wait longer each time', async () => {
    const { clock, queue } = newQueue();
    for (const delayMs of [5, 10, 20, 40]) {
      queue.addRateLimited('a');
      await clock.advance(delayMs - 1);
      expect(queue.length).toBe(0);
      await clock.advance(1);
      expect(await drain(queue)).toEqual(['a']);
    }
    expect(queue.numRequeues('a')).toBe(4);
  });

  it.core('sends workers home after shutdown', async () => {
    const { queue } = newQueue();
    queue.add('a');
    const waiting = [ask(queue), ask(queue)];
    await settle();
    queue.shutDown();
    await settle();
    expect(waiting).toEqual([['a'], [undefined]]);
    expect(await next(queue)).toBeUndefined();
  });
});

describe('work queue, items being worked on', () => {
  it('come again once, however often they were added meanwhile', async () => {
    const { queue } = newQueue();
    queue.add('a');
    await next(queue);
    for (let i = 0; i < 3; i++) queue.add('a');
    queue.done('a');
    expect(queue.length).toBe(1);
    expect(await drain(queue)).toEqual(['a']);
  });

  it('do not come again when they were not added', async () => {
    const { queue } = newQueue();
    queue.add('a');
    await next(queue);
    queue.done('a');
    expect(queue.length).toBe(0);
    queue.add('a');
    expect(queue.length).toBe(1);
  });

  it('come again behind those that wait when they are done', async () => {
    const { queue } = newQueue();
    queue.add('a');
    await next(queue);
    queue.add('a');
    queue.add('b');
    queue.done('a');
    queue.add('c');
    expect(await drain(queue)).toEqual(['b', 'a', 'c']);
  });

  it('do not hold up the others', async () => {
    const { queue } = newQueue();
    for (const item of ['a', 'b', 'c']) queue.add(item);
    expect(await next(queue)).toBe('a');
    queue.add('a');
    expect(await next(queue)).toBe('b');
    expect(await next(queue)).toBe('c');
    expect(queue.length).toBe(0);
  });

  it('are the business of done alone: not of those that are not worked on', async () => {
    const { queue } = newQueue();
    queue.done('never seen');
    expect(queue.length).toBe(0);
    queue.add('a');
    queue.done('a');
    expect(queue.length).toBe(1);
    expect(await drain(queue)).toEqual(['a']);
    queue.done('a');
    expect(queue.length).toBe(0);
  });

  it('are being worked on from the call of get, before its promise is looked at', async () => {
    const { queue } = newQueue();
    queue.add('a');
    const first = queue.get();
    queue.add('a');
    expect(queue.length).toBe(0);
    expect(await first).toBe('a');
    queue.done('a');
    expect(queue.length).toBe(1);
  });

  it('are being worked on from when they are given to who waits', async () => {
    const { queue } = newQueue();
    const first = ask(queue);
    const second = ask(queue);
    queue.add('a');
    queue.add('a');
    await settle();
    expect([first, second]).toEqual([['a'], []]);
    queue.done('a');
    await settle();
    expect([first, second]).toEqual([['a'], ['a']]);
  });
});

describe('work queue, several who wait', () => {
  it('get items in the order in which they asked', async () => {
    const { queue } = newQueue();
    const asked = [ask(queue), ask(queue), ask(queue)];
    queue.add('a');
    queue.add('b');
    await settle();
    expect(asked).toEqual([['a'], ['b'], []]);
    queue.add('c');
    await settle();
    expect(asked).toEqual([['a'], ['b'], ['c']]);
  });

  it('never have the same item at once', async () => {
    const { queue } = newQueue();
    const working: string[] = [];
    let most = 0;
    let worked = 0;
    const worker = async (): Promise<void> => {
      for (let item = await queue.get(); item !== undefined; item = await queue.get()) {
        if (working.includes(item)) expect.unreachable(`${item} is worked on twice at once`);
        working.push(item);
        most = Math.max(most, working.length);
        for (let i = 0; i < 4; i++) await Promise.resolve();
        working.splice(working.indexOf(item), 1);
        worked++;
        queue.done(item);
      }
    };
    const workers = [worker(), worker(), worker()];
    for (let i = 0; i < 200; i++) {
      queue.add(`item-${i % 5}`);
      if (i % 3 === 0) await Promise.resolve();
    }
    await settle();
    queue.shutDown();
    await Promise.all(workers);
    expect(worked).toBeGreaterThan(10);
    expect(most).toBe(3);
    expect(queue.length).toBe(0);
  });

  it('leave items alone when they are many', async () => {
    const { queue } = newQueue();
    const asked = Array.from({ length: 50 }, () => ask(queue));
    for (let i = 0; i < 40; i++) queue.add(`item-${i}`);
    await settle();
    expect(asked.flat()).toEqual(Array.from({ length: 40 }, (_, i) => `item-${i}`));
  });
});

describe('work queue, items for later', () => {
  it('are added at once when later is now', async () => {
    const { clock, queue } = newQueue();
    queue.addAfter('a', 0);
    queue.addAfter('b', -100);
    expect(queue.length).toBe(2);
    expect(clock.pendingTimers).toBe(0);
    expect(await drain(queue)).toEqual(['a', 'b']);
  });

  it('keep the earlier time, whichever was said first', async () => {
    for (const [first, then] of [
      [100, 300],
      [300, 100],
    ] as const) {
      const { clock, queue } = newQueue();
      queue.addAfter('a', first);
      queue.addAfter('a', then);
      await clock.advance(99);
      expect(queue.length).toBe(0);
      await clock.advance(1);
      expect(await drain(queue)).toEqual(['a']);
      await clock.advance(second);
      expect(queue.length).toBe(0);
    }
  });

  it('compare times, not delays', async () => {
    const { clock, queue } = newQueue();
    queue.addAfter('a', 100);
    await clock.advance(80);
    queue.addAfter('a', 50);
    await clock.advance(20);
    expect(await drain(queue)).toEqual(['a']);
    await clock.advance(second);
    expect(queue.length).toBe(0);
  });

  it('can be put off again when their time has come', async () => {
    const { clock, queue } = newQueue();
    queue.addAfter('a', 100);
    await clock.advance(100);
    expect(await drain(queue)).toEqual(['a']);
    queue.addAfter('a', 300);
    await clock.advance(300);
    expect(await drain(queue)).toEqual(['a']);
  });

  it('come in the order of their times', async () => {
    const { clock, queue } = newQueue();
    queue.addAfter('c', 300);
    queue.addAfter('a', 100);
    queue.addAfter('b', 200);
    await clock.advance(second);
    expect(await drain(queue)).toEqual(['a', 'b', 'c']);
  });

  it('of the same time come in the order in which they got it', async () => {
    const { clock, queue } = newQueue();
    queue.addAfter('z', 500);
    for (const item of ['c', 'a', 'b']) queue.addAfter(item, 100);
    await clock.advance(50);
    for (const item of ['z', 'y']) queue.addAfter(item, 50);
    await clock.advance(50);
    expect(await drain(queue)).toEqual(['c', 'a', 'b', 'z', 'y']);
  });

  it('keep their place when they get the same time again', async () => {
    const { clock, queue } = newQueue();
    for (const item of ['a', 'b', 'a']) queue.addAfter(item, 100);
    await clock.advance(100);
    expect(await drain(queue)).toEqual(['a', 'b']);
    queue.addAfter('c', 100);
    await clock.advance(40);
    for (const item of ['d', 'c']) queue.addAfter(item, 60);
    await clock.advance(60);
    expect(await drain(queue)).toEqual(['c', 'd']);
  });

  it('stay for later when they are added after no time at all', async () => {
    const { clock, queue } = newQueue();
    queue.addAfter('a', 100);
    queue.addAfter('a', 0);
    expect(await drain(queue)).toEqual(['a']);
    await clock.advance(100);
    expect(await drain(queue)).toEqual(['a']);
  });

  it('wake who waits', async () => {
    const { clock, queue } = newQueue();
    const answer = ask(queue);
    queue.addAfter('a', 100);
    await clock.advance(100);
    expect(answer).toEqual(['a']);
  });

  it('do not stop waiting when they are to come again later', async () => {
    const { clock, queue } = newQueue();
    queue.add('a');
    queue.addAfter('a', 100);
    expect(queue.length).toBe(1);
    expect(await drain(queue)).toEqual(['a']);
    await clock.advance(100);
    expect(await drain(queue)).toEqual(['a']);
  });

  it('stay for later when they are added now', async () => {
    const { clock, queue } = newQueue();
    queue.addAfter('a', 100);
    queue.add('a');
    expect(await drain(queue)).toEqual(['a']);
    await clock.advance(100);
    expect(await drain(queue)).toEqual(['a']);
  });

  it('are not added twice when they wait already', async () => {
    const { clock, queue } = newQueue();
    queue.addAfter('a', 100);
    queue.add('a');
    queue.add('b');
    await clock.advance(100);
    expect(await drain(queue)).toEqual(['a', 'b']);
  });

  it('are not given out while they are being worked on', async () => {
    const { clock, queue } = newQueue();
    queue.add('a');
    await next(queue);
    queue.addAfter('a', 100);
    const answer = ask(queue);
    await clock.advance(200);
    expect(answer).toEqual([]);
    queue.done('a');
    await settle();
    expect(answer).toEqual(['a']);
  });

  it('do not come sooner because their work is done', async () => {
    const { clock, queue } = newQueue();
    queue.add('a');
    await next(queue);
    queue.addAfter('a', 100);
    queue.done('a');
    expect(queue.length).toBe(0);
    await clock.advance(99);
    expect(queue.length).toBe(0);
    await clock.advance(1);
    expect(queue.length).toBe(1);
  });

  it('do not go by a wall clock that jumps', async () => {
    const { clock, queue } = newQueue();
    queue.addAfter('a', 10 * second);
    clock.setNow(clock.now() + 3600 * second);
    queue.addAfter('a', 20 * second);
    await clock.advance(second);
    expect(queue.length).toBe(0);
    clock.setNow(0);
    queue.addAfter('a', 15 * second);
    await clock.advance(9 * second);
    expect(queue.length).toBe(1);
  });

  it('leave no timer when their time has come', async () => {
    const { clock, queue } = newQueue();
    for (const ms of [300, 200, 100, 200]) queue.addAfter('a', ms);
    queue.addAfter('b', 100);
    await clock.advance(100);
    expect(clock.pendingTimers).toBe(0);
    expect(await drain(queue)).toEqual(['a', 'b']);
  });
});

describe('work queue, items that fail', () => {
  it('start again from the shortest wait when they are forgotten', async () => {
    const { clock, queue } = newQueue();
    for (let i = 0; i < 5; i++) {
      queue.addRateLimited('a');
      await clock.advance(second);
      await drain(queue);
    }
    expect(queue.numRequeues('a')).toBe(5);
    queue.forget('a');
    expect(queue.numRequeues('a')).toBe(0);
    queue.addRateLimited('a');
    await clock.advance(5);
    expect(queue.length).toBe(1);
  });

  it('are counted each by itself', () => {
    const { queue } = newQueue();
    queue.addRateLimited('a');
    queue.addRateLimited('a');
    queue.addRateLimited('b');
    expect(queue.numRequeues('a')).toBe(2);
    expect(queue.numRequeues('b')).toBe(1);
    expect(queue.numRequeues('c')).toBe(0);
    queue.forget('a');
    expect(queue.numRequeues('b')).toBe(1);
  });

  it('stay in the queue when they are forgotten', async () => {
    const { clock, queue } = newQueue();
    queue.add('a');
    queue.addRateLimited('b');
    queue.forget('a');
    queue.forget('b');
    expect(queue.length).toBe(1);
    await clock.advance(5);
    expect(await drain(queue)).toEqual(['a', 'b']);
  });

  it('are still being worked on when they are forgotten', async () => {
    const { queue } = newQueue();
    queue.add('a');
    await next(queue);
    queue.forget('a');
    queue.add('a');
    expect(queue.length).toBe(0);
  });

  it('wait as long as the rate limiter they are given says', async () => {
    const clock = new FakeClock();
    const asked: string[] = [];
    const rateLimiter: RateLimiter<string> = {
      when: (item) => {
        asked.push(`when ${item}`);
        return 700;
      },
      forget: (item) => void asked.push(`forget ${item}`),
      numRequeues: () => 42,
    };
    const queue = new WorkQueue({ clock, rateLimiter });
    queue.addRateLimited('a');
    await clock.advance(699);
    expect(queue.length).toBe(0);
    await clock.advance(1);
    expect(queue.length).toBe(1);
    queue.forget('a');
    expect(queue.numRequeues('a')).toBe(42);
    expect(asked).toEqual(['when a', 'forget a']);
  });

  it('are added at once when the rate limiter lets them', () => {
    const rateLimiter = { when: () => 0, forget: () => {}, numRequeues: () => 0 };
    const queue = new WorkQueue({ clock: new FakeClock(), rateLimiter });
    queue.addRateLimited('a');
    expect(queue.length).toBe(1);
  });

  it('are held to ten a second after the first hundred', async () => {
    const { clock, queue } = newQueue();
    for (let i = 0; i < 103; i++) queue.addRateLimited(`item-${i}`);
    await clock.advance(5);
    expect(queue.length).toBe(100);
    await clock.advance(95);
    expect(queue.length).toBe(101);
    await clock.advance(100);
    expect(queue.length).toBe(102);
    await clock.advance(100);
    expect(queue.length).toBe(103);
  });
});

describe('work queue, shutdown', () => {
  it('gives out what waits, and then undefined', async () => {
    const { queue } = newQueue();
    queue.add('a');
    queue.add('b');
    queue.shutDown();
    expect(queue.length).toBe(2);
    expect(await next(queue)).toBe('a');
    expect(await next(queue)).toBe('b');
    expect(await next(queue)).toBeUndefined();
    expect(await next(queue)).toBeUndefined();
  });

  it('adds nothing any more, in no way', async () => {
    const { clock, queue } = newQueue();
    queue.shutDown();
    queue.add('a');
    queue.addAfter('b', 0);
    queue.addAfter('c', 100);
    queue.addRateLimited('d');
    expect(clock.pendingTimers).toBe(0);
    await clock.advance(second);
    expect(queue.length).toBe(0);
    expect(await next(queue)).toBeUndefined();
  });

  it('drops what is for later, and leaves no timer', async () => {
    const { clock, queue } = newQueue();
    queue.addAfter('a', 100);
    queue.addAfter('b', 200);
    queue.addRateLimited('c');
    queue.shutDown();
    expect(clock.pendingTimers).toBe(0);
    await clock.advance(second);
    expect(queue.length).toBe(0);
  });

  it('says so', () => {
    const { queue } = newQueue();
    expect(queue.isShuttingDown).toBe(false);
    queue.shutDown();
    expect(queue.isShuttingDown).toBe(true);
    queue.shutDown();
    expect(queue.isShuttingDown).toBe(true);
  });

  it('still gives out what was added again before it, when its work is done', async () => {
    const { queue } = newQueue();
    queue.add('a');
    await next(queue);
    queue.add('a');
    queue.shutDown();
    expect(await next(queue)).toBeUndefined();
    queue.done('a');
    expect(queue.length).toBe(1);
    expect(await next(queue)).toBe('a');
    queue.done('a');
    expect(await next(queue)).toBeUndefined();
  });

  it('forgets what is added again after it', async () => {
    const { queue } = newQueue();
    queue.add('a');
    await next(queue);
    queue.shutDown();
    queue.add('a');
    queue.done('a');
    expect(queue.length).toBe(0);
  });
});

describe('work queue, shutdown with drain', () => {
  /** What the promise has come to: nothing yet, or that it is drained. */
  function drained(queue: WorkQueue): string[] {
    const said: string[] = [];
    void queue.shutDownWithDrain().then(() => said.push('drained'));
    return said;
  }

  it('is over at once when there is nothing to do', async () => {
    const { clock, queue } = newQueue();
    queue.addAfter('a', 100);
    const said = drained(queue);
    await settle();
    expect(said).toEqual(['drained']);
    expect(queue.isShuttingDown).toBe(true);
    expect(clock.pendingTimers).toBe(0);
  });

  it('waits for what is being worked on', async () => {
    const { queue } = newQueue();
    queue.add('a');
    queue.add('b');
    await next(queue);
    await next(queue);
    const said = drained(queue);
    queue.done('a');
    await settle();
    expect(said).toEqual([]);
    queue.done('b');
    await settle();
    expect(said).toEqual(['drained']);
  });

  it('waits for what has not been begun', async () => {
    const { queue } = newQueue();
    queue.add('a');
    queue.add('b');
    const said = drained(queue);
    await settle();
    expect(said).toEqual([]);
    for (const item of ['a', 'b']) {
      expect(await next(queue)).toBe(item);
      await settle();
      expect(said).toEqual([]);
      queue.done(item);
    }
    await settle();
    expect(said).toEqual(['drained']);
  });

  it('waits for what was added again', async () => {
    const { queue } = newQueue();
    queue.add('a');
    await next(queue);
    queue.add('a');
    const said = drained(queue);
    queue.done('a');
    await settle();
    expect(said).toEqual([]);
    expect(await next(queue)).toBe('a');
    queue.done('a');
    await settle();
    expect(said).toEqual(['drained']);
    expect(await next(queue)).toBeUndefined();
  });

  it('adds nothing, and sends home who waits', async () => {
    const { queue } = newQueue();
    queue.add('a');
    await next(queue);
    const answer = ask(queue);
    const said = drained(queue);
    queue.add('b');
    await settle();
    expect(answer).toEqual([undefined]);
    expect(queue.length).toBe(0);
    queue.done('a');
    await settle();
    expect(said).toEqual(['drained']);
  });

  it('tells all who wait for it', async () => {
    const { queue } = newQueue();
    queue.add('a');
    await next(queue);
    const both = [drained(queue), drained(queue)];
    await settle();
    expect(both).toEqual([[], []]);
    queue.done('a');
    await settle();
    expect(both).toEqual([['drained'], ['drained']]);
  });

  it('is cut short by a shutdown', async () => {
    const { queue } = newQueue();
    queue.add('a');
    queue.add('b');
    await next(queue);
    const said = drained(queue);
    queue.shutDown();
    await settle();
    expect(said).toEqual(['drained']);
    expect(await next(queue)).toBe('b');
  });

  it('may come after a shutdown', async () => {
    const { queue } = newQueue();
    queue.add('a');
    await next(queue);
    queue.shutDown();
    const said = drained(queue);
    await settle();
    expect(said).toEqual([]);
    queue.done('a');
    await settle();
    expect(said).toEqual(['drained']);
  });
});

describe('rate limiter, for each item', () => {
  const newLimiter = (baseMs: number, maxMs: number) =>
    trace('limiter', () => new ItemExponentialFailureRateLimiter<string>(baseMs, maxMs));

  it('doubles the delay, up to the longest', () => {
    const limiter = newLimiter(1, 100);
    const delays = Array.from({ length: 10 }, () => limiter.when('a'));
    expect(delays).toEqual([1, 2, 4, 8, 16, 32, 64, 100, 100, 100]);
    expect(limiter.numRequeues('a')).toBe(10);
  });

  it('knows items apart and forgets them one by one', () => {
    const limiter = newLimiter(5, 1000);
    expect([limiter.when('a'), limiter.when('a'), limiter.when('b')]).toEqual([5, 10, 5]);
    limiter.forget('a');
    limiter.forget('never seen');
    expect(limiter.numRequeues('a')).toBe(0);
    expect(limiter.numRequeues('b')).toBe(1);
    expect([limiter.when('a'), limiter.when('b')]).toEqual([5, 10]);
  });

  it('stays at the longest delay for ever', () => {
    const limiter = newLimiter(5, 1_000_000);
    for (let i = 0; i < 5000; i++) limiter.when('a');
    expect(limiter.when('a')).toBe(1_000_000);
    expect(limiter.numRequeues('a')).toBe(5001);
  });
});

describe('rate limiter, for all items', () => {
  function newBucket(qps: number, burst: number) {
    const clock = trace('clock', () => new FakeClock());
    const limiter = trace('limiter', () => new BucketRateLimiter<string>({ clock, qps, burst }));
    return { clock, limiter };
  }

  it('lets a burst through and then makes each wait longer than the one before', () => {
    const { limiter } = newBucket(10, 3);
    const delays = ['a', 'b', 'a', 'c', 'a', 'd'].map((item) => limiter.when(item));
    expect(delays).toEqual([0, 0, 0, 100, 200, 300]);
  });

  it('takes into account what has flowed in', () => {
    const { clock, limiter } = newBucket(10, 2);
    for (let i = 0; i < 4; i++) limiter.when('a');
    clock.step(250);
    expect(limiter.when('a')).toBeCloseTo(50);
    clock.step(1000);
    expect(limiter.when('a')).toBe(0);
  });

  it('holds no more than its burst, however long nobody came', () => {
    const { clock, limiter } = newBucket(10, 2);
    clock.step(3600 * second);
    expect(['a', 'b', 'c'].map((item) => limiter.when(item))).toEqual([0, 0, 100]);
    clock.step(3600 * second);
    expect(['a', 'b', 'c'].map((item) => limiter.when(item))).toEqual([0, 0, 100]);
  });

  it('does not go by a wall clock that jumps', () => {
    const { clock, limiter } = newBucket(10, 1);
    limiter.when('a');
    clock.setNow(clock.now() + 3600 * second);
    expect(limiter.when('a')).toBeCloseTo(100);
    clock.setNow(0);
    expect(limiter.when('a')).toBeCloseTo(200);
  });

  it('gives nothing back to who is forgotten', () => {
    const { limiter } = newBucket(10, 1);
    limiter.when('a');
    limiter.forget('a');
    expect(limiter.numRequeues('a')).toBe(0);
    expect(limiter.when('a')).toBeCloseTo(100);
  });

  property(
    'never lets more through than burst and rate allow',
    fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 60 }),
    fc.integer({ min: 1, max: 5 }),
    (pauses, burst) => {
      const clock = new FakeClock();
      const limiter = new BucketRateLimiter<string>({ clock, qps: 10, burst });
      const times = pauses.map((pauseMs) => {
        clock.step(pauseMs);
        return clock.monotonic() + limiter.when('a');
      });
      const sorted = times.toSorted((a, b) => a - b);
      sorted.forEach((time, i) => {
        const earlier = sorted[i - burst];
        // Any burst + 1 in a row take at least as long as one token needs.
        if (earlier !== undefined) expect(time - earlier).toBeGreaterThan(100 - 1e-6);
      });
    },
  );
});

describe('rate limiter, the strictest of several', () => {
  it('asks all and takes the longest delay', () => {
    const fast = new ItemExponentialFailureRateLimiter<string>(1, 1000);
    const slow = new ItemExponentialFailureRateLimiter<string>(10, 15);
    const limiter = trace('limiter', () => new MaxOfRateLimiter<string>(fast, slow));
    const delays = Array.from({ length: 6 }, () => limiter.when('a'));
    expect(delays).toEqual([10, 15, 15, 15, 16, 32]);
    expect(fast.numRequeues('a')).toBe(6);
    expect(slow.numRequeues('a')).toBe(6);
  });

  it('says the highest count and forgets with all', () => {
    const one = new ItemExponentialFailureRateLimiter<string>(1, 1000);
    const other = new ItemExponentialFailureRateLimiter<string>(1, 1000);
    const limiter = trace('limiter', () => new MaxOfRateLimiter<string>(one, other));
    one.when('a');
    one.when('a');
    other.when('a');
    expect(limiter.numRequeues('a')).toBe(2);
    limiter.forget('a');
    expect([one, other].map((each) => each.numRequeues('a'))).toEqual([0, 0]);
    expect(limiter.numRequeues('a')).toBe(0);
  });

  it('lets all through when there is none', () => {
    const limiter = trace('limiter', () => new MaxOfRateLimiter<string>());
    expect(limiter.when('a')).toBe(0);
    expect(limiter.numRequeues('a')).toBe(0);
  });

  it('is what controllers use: per item and all together', () => {
    const clock = trace('clock', () => new FakeClock());
    const limiter = trace('limiter', () => defaultRateLimiter<string>(clock));
    const delays = Array.from({ length: 20 }, () => limiter.when('a'));
    expect(delays.slice(0, 4)).toEqual([5, 10, 20, 40]);
    expect(delays[17]).toBe(655_360);
    expect(delays[18]).toBe(1_000_000);
    for (let i = 0; i < 80; i++) limiter.when(`other-${i}`);
    expect(limiter.when('new')).toBeCloseTo(100);
  });
});

const items = ['a', 'b', 'c', 'd'];
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ add: fc.constantFrom(...items) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      addAfter: fc.constantFrom(...items),
      ms: fc.constantFrom(0, 10, 20, 30, 50),
    }),
  },
  { weight: 3, arbitrary: fc.constant({ get: true }) },
  { weight: 3, arbitrary: fc.record({ done: fc.constantFrom(...items) }) },
  { weight: 2, arbitrary: fc.record({ advance: fc.constantFrom(5, 10, 25) }) },
);

/** The queue as a list of rules, slow and plain. */
class Model {
  now = 0;
  waiting: string[] = [];
  working: string[] = [];
  again: string[] = [];
  later: { item: string; at: number }[] = [];
  asked = 0;
  readonly given: string[] = [];

  add(item: string): void {
    if (this.working.includes(item)) {
      if (!this.again.includes(item)) this.again.push(item);
    } else if (!this.waiting.includes(item)) this.waiting.push(item);
    this.give();
  }

  addAfter(item: string, ms: number): void {
    if (ms === 0) {
      this.add(item);
      return;
    }
    const at = this.now + ms;
    const known = this.later.find((other) => other.item === item);
    if (known && known.at <= at) return;
    this.later = this.later.filter((other) => other !== known);
    this.later.push({ item, at });
  }

  get(): void {
    this.asked++;
    this.give();
  }

  done(item: string): void {
    if (!this.working.includes(item)) return;
    this.working = this.working.filter((other) => other !== item);
    if (!this.again.includes(item)) return;
    this.again = this.again.filter((other) => other !== item);
    this.add(item);
  }

  advance(ms: number): void {
    this.now += ms;
    const due = this.later.filter(({ at }) => at <= this.now).toSorted((a, b) => a.at - b.at);
    this.later = this.later.filter(({ at }) => at > this.now);
    for (const { item } of due) this.add(item);
  }

  give(): void {
    while (this.asked > 0 && this.waiting.length > 0) {
      this.asked--;
      const item = this.waiting.shift() ?? '';
      this.working.push(item);
      this.given.push(item);
    }
  }
}

describe('work queue, any order of calls', () => {
  property(
    'gives out what the rules say, when they say it',
    fc.array(step, { maxLength: 60 }),
    async (steps) => {
      const { clock, queue } = newQueue();
      const model = new Model();
      const given: string[] = [];
      let asked = 0;
      for (const call of steps) {
        if ('add' in call) {
          queue.add(call.add);
          model.add(call.add);
        } else if ('addAfter' in call) {
          queue.addAfter(call.addAfter, call.ms);
          model.addAfter(call.addAfter, call.ms);
        } else if ('get' in call) {
          const turn = asked++;
          void queue.get().then((item) => {
            given[turn] = item ?? 'undefined';
          });
          model.get();
        } else if ('done' in call) {
          queue.done(call.done);
          model.done(call.done);
        } else {
          await clock.advance(call.advance);
          model.advance(call.advance);
        }
        expect(queue.length).toBe(model.waiting.length);
      }
      await settle();
      expect(given).toEqual(model.given);
      queue.shutDown();
      expect(clock.pendingTimers).toBe(0);
    },
    { runs: 150 },
  );
});
