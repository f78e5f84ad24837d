/**
 * The loop that all controllers share: take a key, look at how things are, make them right, and when
 * that fails try again later.
 *
 * What "right" means is each controller's own. Beside it: `expectations.ts`, for controllers that
 * create things.
 */

import { type Clock, isConflict, type KubernetesObject, keyOf, type Logger } from '#apimachinery';
import { defaultRateLimiter, type RateLimiter, WorkQueue } from '#client';
import type { Controller } from './controller.ts';

/**
 * Makes one object right, whatever happened to it.
 *
 * @param key - `namespace/name`, or `name`; the object may be gone
 * @param signal - aborts when the controller is to stop
 * @throws anything, when it should be tried again
 */
export type Reconcile = (
  key: string,
  signal: AbortSignal,
  // Most have nothing to say in the end, and need not say so.
) => Promise<ReconcileResult | undefined> | Promise<void>;

/** What a reconcile that went well may ask for. */
export interface ReconcileResult {
  /** Look again after so long, although nothing went wrong. */
  readonly requeueAfterMs?: number;
}

/** What a loop is made with. */
export interface ControlLoopOptions {
  /** As upstream calls the controller: `replicaset-controller`. */
  readonly name: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly reconcile: Reconcile;
  /** Work begins when all of these say true: usually the informers' `hasSynced`. */
  readonly synced: readonly (() => boolean)[];
  /** How many keys are worked on at once; absent: 5. */
  readonly workers?: number;
  /** How long a key waits after a failure; absent: `defaultRateLimiter`. */
  readonly rateLimiter?: RateLimiter<string>;
  /** After so many retries in a row a key waits for its next change; absent: never. */
  readonly maxRetries?: number;
}

/** How often the loop looks whether the caches are filled. */
export const SYNC_POLL_MS = 100;
const DEFAULT_WORKERS = 5;

/**
 * Works through keys until it is told to stop.
 *
 * @remarks
 * - Keys may be enqueued at any time, before `run` too; work begins once every `synced` says true,
 *   which is asked at once and then every `SYNC_POLL_MS`. No key is taken in the same turn in which `run`
 *   is called: what is enqueued right behind that call counts as enqueued before.
 * - At most `workers` reconciles run at the same time, and never two for one key: a key that is enqueued
 *   while it is worked on is worked on again afterwards (`WorkQueue` sees to that).
 * - A reconcile that throws, or rejects, with whatever: the key is added again, rate limited, and the
 *   failure is logged once, as a warning with `key` and `error` in its fields. After `maxRetries`
 *   such retries in a row the next failure is logged as an error instead; the key is not added again,
 *   and its failures are forgotten.
 * - One that goes well: its failures are forgotten; with `requeueAfterMs` the key is added after so
 *   long. 0 means at once, `undefined` not at all.
 * - When the signal aborts, no key is taken any more, reconciles under way get an aborted signal, and
 *   `run` resolves when they have ended. What a reconcile throws then is not logged. No timer is left
 *   behind, and keys that are enqueued later are dropped.
 *
 * ```text
 * enqueue a        reconcile a   fails        → again after 5 ms
 * enqueue a, a     reconcile a   once, fails  → again after 10 ms
 *                  reconcile a   goes well    → forgotten
 * ```
 *
 * @see pkg/controller/replicaset/replica_set.go (1.33), worker, processNextWorkItem
 */
export class ControlLoop implements Controller {
  readonly name: string;
  readonly #options: ControlLoopOptions;
  readonly #queue: WorkQueue;

  /** @exercise controller-manager/control-loop */
  constructor(options: ControlLoopOptions) {
    this.name = options.name;
    this.#options = options;
    const { clock, rateLimiter = defaultRateLimiter(clock) } = options;
    this.#queue = new WorkQueue({ clock, rateLimiter });
  }

  /**
   * Has an object looked at.
   *
   * @param object - or its key
   * @exercise controller-manager/control-loop
   */
  enqueue(object: KubernetesObject | string): void {
    this.#queue.add(typeof object === 'string' ? object : keyOf(object));
  }

  /**
   * Has an object looked at in `ms` milliseconds.
   *
   * @exercise controller-manager/control-loop
   */
  enqueueAfter(object: KubernetesObject | string, ms: number): void {
    this.#queue.addAfter(typeof object === 'string' ? object : keyOf(object), ms);
  }

  /**
   * Runs until the signal aborts; called once.
   *
   * @exercise controller-manager/control-loop
   */
  async run(signal: AbortSignal): Promise<void> {
    const { log, workers = DEFAULT_WORKERS } = this.#options;
    const stop = (): void => this.#queue.shutDown();
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop);
    if (await this.#cachesFilled(signal)) {
      log.debug('caches are filled', { controller: this.name });
      await Promise.all(Array.from({ length: workers }, () => this.#work(signal)));
    }
    signal.removeEventListener('abort', stop);
  }

  async #cachesFilled(signal: AbortSignal): Promise<boolean> {
    const { clock, synced } = this.#options;
    try {
      while (!signal.aborted && !synced.every((isSynced) => isSynced())) {
        await clock.sleep(SYNC_POLL_MS, signal);
      }
    } catch (error) {
      // The sleep ends early when the loop is to stop.
      if (!signal.aborted) throw error;
    }
    return !signal.aborted;
  }

  async #work(signal: AbortSignal): Promise<void> {
    for (;;) {
      const key = await this.#queue.get();
      // What still waits at the end is left to the next run: it begins with a look at everything.
      if (key === undefined || signal.aborted) return;
      try {
        this.#succeeded(key, (await this.#options.reconcile(key, signal)) ?? {});
      } catch (error) {
        if (!signal.aborted) this.#failed(key, error);
      } finally {
        this.#queue.done(key);
      }
    }
  }

  #succeeded(key: string, { requeueAfterMs }: ReconcileResult): void {
    this.#queue.forget(key);
    if (requeueAfterMs !== undefined) this.#queue.addAfter(key, requeueAfterMs);
  }

  #failed(key: string, error: unknown): void {
    const { log, maxRetries = Number.POSITIVE_INFINITY } = this.#options;
    const fields = { controller: this.name, key, error };
    if (this.#queue.numRequeues(key) < maxRetries) {
      // Somebody else wrote first, which is how things are: the next try sees what they wrote.
      if (isConflict(error)) log.debug('a reconcile came too late and is tried again', fields);
      else log.warn('a reconcile failed and is tried again', fields);
      this.#queue.addRateLimited(key);
    } else {
      log.error('a reconcile failed too often and waits for the next change', fields);
      this.#queue.forget(key);
    }
  }
}
