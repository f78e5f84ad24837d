/**
 * How long an item waits before it is tried again. Part of the exercise `client/work-queue`.
 *
 * An item that fails again and again waits longer each time; and all together are held to a rate.
 * Who asks: `work-queue.ts`.
 */

import type { Clock } from '#apimachinery';
import { NotImplemented } from '#not-implemented';

/** Decides how long items wait after failures. `K` is what items are: keys `namespace/name`. */
export interface RateLimiter<K> {
  /**
   * Counts one more failure of the item.
   *
   * @returns how long it is to wait now, in milliseconds, from 0
   */
  when(item: K): number;
  /** The item is done with, for good or bad: its failures count no more. */
  forget(item: K): void;
  /** How many failures of the item count. */
  numRequeues(item: K): number;
}

/**
 * Doubles an item's delay with each failure, whatever the others do.
 *
 * @remarks The n-th failure since the item was last forgotten waits `baseMs` × 2^(n-1), at most
 * `maxMs`:
 *
 * ```text
 * base 5, max 1000     when('a') → 5    when('a') → 10    when('b') → 5    numRequeues('a') → 2
 *                      forget('a')      when('a') → 5     numRequeues('a') → 1
 * ```
 *
 * @see client-go v0.33 util/workqueue/default_rate_limiters.go, ItemExponentialFailureRateLimiter
 */
export class ItemExponentialFailureRateLimiter<K> implements RateLimiter<K> {
  // Your state goes here: fields of your own choosing.

  /**
   * @param baseMs - the delay after the first failure, in milliseconds
   * @param maxMs - the longest delay, in milliseconds
   * @exercise client/work-queue
   */
  constructor(baseMs: number, maxMs: number) {
    throw new NotImplemented('client/work-queue', 'ItemExponentialFailureRateLimiter.constructor');
  }

  /**
   * Counts a failure and says how long it makes the item wait; never more than the longest delay,
   * also after ten thousand failures.
   *
   * @exercise client/work-queue
   */
  when(item: K): number {
    throw new NotImplemented('client/work-queue', 'ItemExponentialFailureRateLimiter.when');
  }

  /**
   * Starts again from the shortest delay; an item that never failed may be forgotten, too.
   *
   * @exercise client/work-queue
   */
  forget(item: K): void {
    throw new NotImplemented('client/work-queue', 'ItemExponentialFailureRateLimiter.forget');
  }

  /**
   * How often the item failed since it was last forgotten; 0 when it did not.
   *
   * @exercise client/work-queue
   */
  numRequeues(item: K): number {
    throw new NotImplemented('client/work-queue', 'ItemExponentialFailureRateLimiter.numRequeues');
  }
}

/**
 * Holds all items together to a rate, whichever they are: a token bucket.
 *
 * @remarks
 * The bucket is full at first, with `burst` tokens; `qps` tokens a second flow in, and what is more
 * than `burst` is lost. Every `when` takes one token. Who finds none gets the next that comes in
 * which nobody has been promised, and waits for it: so, at the same moment, each waits longer than
 * the one before. Time is the clock's `monotonic()`.
 *
 * ```text
 * qps 10, burst 2      at 0 ms:     when('a') → 0    when('b') → 0    when('a') → 100   when('c') → 200
 *                      at 250 ms:   when('a') → 50   (that of 300 ms)
 *                      at 9000 ms:  full again: 0, 0, 100, …
 * ```
 *
 * @see client-go v0.33 util/workqueue/default_rate_limiters.go, BucketRateLimiter, and
 * golang.org/x/time rate/rate.go, Reserve
 */
export class BucketRateLimiter<K> implements RateLimiter<K> {
  // Your state goes here: fields of your own choosing.

  /**
   * @param options.qps - tokens that flow in each second
   * @param options.burst - tokens the bucket holds
   * @exercise client/work-queue
   */
  constructor(options: { readonly clock: Clock; readonly qps: number; readonly burst: number }) {
    throw new NotImplemented('client/work-queue', 'BucketRateLimiter.constructor');
  }

  /**
   * Takes a token.
   *
   * @returns how long until it is there, in milliseconds; fractions are possible
   * @exercise client/work-queue
   */
  when(_item: K): number {
    throw new NotImplemented('client/work-queue', 'BucketRateLimiter.when');
  }

  /** Does nothing: a token that was taken is gone. */
  forget(_item: K): void {}

  /** Always 0: a bucket does not know items. */
  numRequeues(_item: K): number {
    return 0;
  }
}

/**
 * Asks several limiters; the strictest counts.
 *
 * @see client-go v0.33 util/workqueue/default_rate_limiters.go, MaxOfRateLimiter
 */
export class MaxOfRateLimiter<K> implements RateLimiter<K> {
  // Your state goes here: fields of your own choosing.

  /** @exercise client/work-queue */
  constructor(...limiters: readonly RateLimiter<K>[]) {
    throw new NotImplemented('client/work-queue', 'MaxOfRateLimiter.constructor');
  }

  /**
   * Counts the failure with every limiter.
   *
   * @returns the longest of their delays; 0 without limiters
   * @exercise client/work-queue
   */
  when(item: K): number {
    throw new NotImplemented('client/work-queue', 'MaxOfRateLimiter.when');
  }

  /**
   * Makes every limiter forget the item.
   *
   * @exercise client/work-queue
   */
  forget(item: K): void {
    throw new NotImplemented('client/work-queue', 'MaxOfRateLimiter.forget');
  }

  /**
   * The highest count of all limiters; 0 without limiters.
   *
   * @exercise client/work-queue
   */
  numRequeues(item: K): number {
    throw new NotImplemented('client/work-queue', 'MaxOfRateLimiter.numRequeues');
  }
}

/**
 * What controllers use: 5 ms after an item's first failure, doubled with each, at most 1000 s; and
 * all items together 10 a second after the first hundred.
 *
 * @see client-go v0.33 util/workqueue/default_rate_limiters.go, DefaultTypedControllerRateLimiter
 */
export function defaultRateLimiter<K>(clock: Clock): RateLimiter<K> {
  return new MaxOfRateLimiter<K>(
    new ItemExponentialFailureRateLimiter<K>(5, 1_000_000),
    new BucketRateLimiter<K>({ clock, qps: 10, burst: 100 }),
  );
}
