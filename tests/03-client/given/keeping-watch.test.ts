/** What the reflector and the informer are given: pauses, waiting, calls in a row, what failures mean. */

import {
  FakeClock,
  newExpired,
  newGone,
  newInternalError,
  newTimeout,
  newTooManyRequests,
  Random,
} from '#apimachinery';
import {
  abortable,
  ExponentialBackoff,
  isConnectionRefused,
  isServerBusyOrDown,
  isVersionTooLarge,
  isVersionTooOld,
  NotificationQueue,
  REFLECTOR_BACKOFF,
} from '#client';
import { describe, expect, it, settle } from '#kit';

describe('exponential backoff', () => {
  it('doubles up to the longest delay', () => {
    const world = { clock: new FakeClock(), random: new Random(() => 0) };
    const backoff = new ExponentialBackoff(world, REFLECTOR_BACKOFF);
    const delays = Array.from({ length: 8 }, () => backoff.next());
    expect(delays).toEqual([800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
  });

  it('starts again only after more than the time of calm', async () => {
    const clock = new FakeClock();
    const backoff = new ExponentialBackoff(
      { clock, random: new Random(() => 0) },
      REFLECTOR_BACKOFF,
    );
    backoff.next();
    backoff.next();
    await clock.advance(120_000);
    expect(backoff.next()).toBe(3200);
    clock.setNow(clock.now() + 1_000_000);
    expect(backoff.next()).toBe(6400);
    await clock.advance(120_001);
    expect(backoff.next()).toBe(800);
  });
});

describe('abortable', () => {
  it('gives what the promise gives', async () => {
    const { signal } = new AbortController();
    expect(await abortable(Promise.resolve(1), signal)).toBe(1);
    await expect(abortable(Promise.reject(new Error('no')), signal)).rejects.toThrow('no');
  });

  it('waits no longer than the signal allows, and hands on what comes too late', async () => {
    const abort = new AbortController();
    let answer = (_: string): void => {};
    const late: string[] = [];
    const slow = new Promise<string>((resolve) => {
      answer = resolve;
    });
    const waiting = abortable(slow, abort.signal, (value) => late.push(value));
    const outcome = waiting.catch((reason: unknown) => reason);
    abort.abort('enough');
    await settle();
    expect(await outcome).toBe('enough');
    answer('too late');
    await settle();
    expect(late).toEqual(['too late']);
  });

  it('does not wait when the signal has aborted before', async () => {
    const waiting = abortable(new Promise(() => {}), AbortSignal.abort('before'));
    expect(await waiting.catch((reason: unknown) => reason)).toBe('before');
  });
});

describe('notification queue', () => {
  it('makes calls in order, later, and each after the one before', async () => {
    const done: string[] = [];
    const queue = new NotificationQueue(() => {});
    queue.push(() => {
      queue.push(() => done.push('third'));
      done.push('first');
    });
    queue.push(() => done.push('second'));
    expect(done).toEqual([]);
    await settle();
    expect(done).toEqual(['first', 'second', 'third']);
  });

  it('goes on after a call that throws', async () => {
    const done: unknown[] = [];
    const queue = new NotificationQueue((error) => done.push((error as Error).message));
    queue.push(() => {
      throw new Error('no');
    });
    queue.push(() => done.push('yes'));
    await settle();
    queue.push(() => done.push('again'));
    await settle();
    expect(done).toEqual(['no', 'yes', 'again']);
  });

  it('makes no call after it was closed', async () => {
    const done: string[] = [];
    const queue = new NotificationQueue(() => {});
    queue.push(() => {
      done.push('first');
      queue.close();
    });
    queue.push(() => done.push('second'));
    await settle();
    queue.push(() => done.push('third'));
    await settle();
    expect(done).toEqual(['first']);
  });
});

describe('watch failures', () => {
  const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
  const rows: [name: string, error: unknown, is: string[]][] = [
    ['410 Expired', newExpired('old'), ['too old']],
    ['410 Gone', newGone('gone'), ['too old']],
    ['429', newTooManyRequests('slow down', 1), ['busy']],
    ['500', newInternalError(new Error('x')), []],
    ['a timeout', newTimeout('took too long', 1), []],
    ['an old server’s "too large"', newTimeout('Too large resource version: 9', 1), ['too large']],
    ['a refused connection', refused, ['busy', 'refused']],
    ['one that was caused by it', new TypeError('fetch', { cause: refused }), ['busy', 'refused']],
    ['another network error', new TypeError('fetch failed'), []],
    ['no error at all', 'ECONNREFUSED', []],
  ];
  for (const [name, error, is] of rows) {
    it(`are told apart: ${name}`, () => {
      const found = [
        isVersionTooOld(error) && 'too old',
        isVersionTooLarge(error) && 'too large',
        isServerBusyOrDown(error) && 'busy',
        isConnectionRefused(error) && 'refused',
      ].filter(Boolean);
      expect(found).toEqual(is);
    });
  }

  it('ends with causes that lead back into themselves', () => {
    const error = new Error('round');
    error.cause = error;
    expect(isConnectionRefused(error)).toBe(false);
  });
});
