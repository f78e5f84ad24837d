/**
 * What a controller has still to look at: keys, each at most once, some of them later.
 *
 * How long "later" is after failures is `rate-limiter.ts`. What puts keys in: the handlers of an
 * informer (`informer.ts`). What takes them out: a controller's workers.
 */

import type { Clock } from '#apimachinery';
import { NotImplemented } from '#not-implemented';
import type { RateLimiter } from './rate-limiter.ts';

/** What a work queue needs. */
export interface WorkQueueOptions {
  readonly clock: Clock;
  /** How long an item waits after a failure; absent: `defaultRateLimiter(clock)`. */
  readonly rateLimiter?: RateLimiter<string>;
}

/**
 * A queue of keys for workers that may be several.
 *
 * @remarks
 * An item is in at most one of these states, and may be for later as well:
 *
 * - it waits: the next `get` that has its turn takes it;
 * - it is being worked on: `get` gave it out, `done` has not been called for it;
 * - it is being worked on and was added again: with `done` it waits again, at the end.
 *
 * So no two workers ever have the same item, and a change that comes while an item is being worked
 * on is not lost.
 *
 * ```text
 * add a, add b, add a     a b wait
 * get → a                 b waits; a is being worked on
 * add a                   b waits; a is being worked on, and again after that
 * get → b                 nothing waits
 * get → …                 has to wait
 * done a                  … → a
 * ```
 *
 * For later means for a time on the clock. When it has come the item is added as `add` does it.
 *
 * ```text
 * at 0 ms: addAfter a 100, addAfter a 300, addAfter b 50, add b      b waits; a at 100, b at 50
 * at 50 ms: b is added: it waits already, unless somebody has taken it
 * at 100 ms: a is added, once
 * ```
 *
 * @see client-go v0.33 util/workqueue/queue.go, delaying_queue.go, rate_limiting_queue.go
 */
export class WorkQueue {
  // Your state goes here: fields of your own choosing.

  /** @exercise client/work-queue */
  constructor(options: WorkQueueOptions) {
    throw new NotImplemented('client/work-queue', 'WorkQueue.constructor');
  }

  /**
   * Says that an item is to be worked on: it waits, behind those that wait already.
   *
   * @remarks An item that waits keeps its place. One that is being worked on waits again after its
   * `done`, once, however often it was added. If it is for later as well, it stays so. After
   * shutdown nothing is added.
   * @exercise client/work-queue
   */
  add(item: string): void {
    throw new NotImplemented('client/work-queue', 'WorkQueue.add');
  }

  /**
   * Adds an item `ms` milliseconds from now. If that is not more than 0, it does what `add` does, and
   * no more: if the item is for later as well, it stays so.
   *
   * @remarks If the item is for later already, the earlier time counts and the other is dropped; an
   * equal time changes nothing. Items of the same time are added in the order in which they were given that time. Whether the
   * item waits or is being worked on does not matter and is not changed. After shutdown nothing is
   * added.
   * @exercise client/work-queue
   */
  addAfter(item: string, ms: number): void {
    throw new NotImplemented('client/work-queue', 'WorkQueue.addAfter');
  }

  /**
   * Adds an item that failed, as long from now as the rate limiter says.
   *
   * @remarks After shutdown the rate limiter is asked, so the failure counts, but nothing is added.
   * @exercise client/work-queue
   */
  addRateLimited(item: string): void {
    throw new NotImplemented('client/work-queue', 'WorkQueue.addRateLimited');
  }

  /**
   * Tells the rate limiter to forget an item's failures. It does not call `done` and takes nothing
   * out of the queue.
   *
   * @exercise client/work-queue
   */
  forget(item: string): void {
    throw new NotImplemented('client/work-queue', 'WorkQueue.forget');
  }

  /**
   * How many failures of an item the rate limiter counts.
   *
   * @exercise client/work-queue
   */
  numRequeues(item: string): number {
    throw new NotImplemented('client/work-queue', 'WorkQueue.numRequeues');
  }

  /**
   * Takes the item that has waited longest; it is being worked on from then on.
   *
   * @remarks When nothing waits, it resolves as soon as there is something. Of several who wait for
   * items, the first who asked gets the first item. After shutdown it goes on to give out what still
   * waits.
   * @returns `undefined` when the queue is shut down and nothing waits: the worker can go home
   * @exercise client/work-queue
   */
  async get(): Promise<string | undefined> {
    throw new NotImplemented('client/work-queue', 'WorkQueue.get');
  }

  /**
   * Says that an item is no longer being worked on. If it was added meanwhile, it waits again, also
   * after shutdown. It does nothing for an item that is not being worked on.
   *
   * @exercise client/work-queue
   */
  done(item: string): void {
    throw new NotImplemented('client/work-queue', 'WorkQueue.done');
  }

  /**
   * How many items wait; those being worked on and those for later are not among them.
   *
   * @exercise client/work-queue
   */
  get length(): number {
    throw new NotImplemented('client/work-queue', 'WorkQueue.length');
  }

  /**
   * Ends the queue without waiting for anybody; may be called more than once.
   *
   * @remarks From now on nothing is added. Items for later are dropped, and no timer is left. Who
   * waits for an item gets `undefined`; items that wait are still given out. Who waits in
   * `shutDownWithDrain` waits no longer.
   * @exercise client/work-queue
   */
  shutDown(): void {
    throw new NotImplemented('client/work-queue', 'WorkQueue.shutDown');
  }

  /**
   * Ends the queue as `shutDown` does, but lets the work that is there be finished.
   *
   * @remarks Workers must go on until `get` gives them `undefined`, and call `done` for all they
   * got. Otherwise only `shutDown` ends the wait.
   * @returns when nothing waits and nothing is being worked on
   * @exercise client/work-queue
   */
  async shutDownWithDrain(): Promise<void> {
    throw new NotImplemented('client/work-queue', 'WorkQueue.shutDownWithDrain');
  }

  /**
   * Has `shutDown` or `shutDownWithDrain` been called?
   *
   * @exercise client/work-queue
   */
  get isShuttingDown(): boolean {
    throw new NotImplemented('client/work-queue', 'WorkQueue.isShuttingDown');
  }
}
