/**
 * How long a Job waits before it makes the next pod, when pods fail. Given.
 *
 * @see pkg/controller/job/backoff_utils.go (1.33)
 */

import type { Job } from 'kubernetes-types/batch/v1.js';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { allFailures, awaitingReplacement, pendingIndexes } from './job-indexes.ts';
import { endedAt } from './job-pods.ts';

/** After the first failure; then twice as long each time. */
export const POD_FAILURE_BACKOFF_MS = 10_000;
export const MAX_POD_FAILURE_BACKOFF_MS = 10 * 60 * 1000;

/** Failures since a pod last succeeded. */
export interface BackoffRecord {
  readonly failures: number;
  /** When the newest pod failed, in milliseconds since 1970. */
  readonly lastFailure: number;
}

const NONE: BackoffRecord = { failures: 0, lastFailure: 0 };

/** How much longer to wait; 0 when it is time. */
export function backoffMs({ failures, lastFailure }: BackoffRecord, now: number): number {
  if (failures === 0) return 0;
  const wait = POD_FAILURE_BACKOFF_MS * 2 ** Math.min(failures - 1, 10);
  return Math.max(0, Math.min(wait, MAX_POD_FAILURE_BACKOFF_MS) - (now - lastFailure));
}

/** The same for one index, by the pod of it that failed last; without one it is time. */
export function indexBackoffMs(failed: Pod | undefined, now: number): number {
  if (!failed) return 0;
  return backoffMs({ failures: allFailures(failed) + 1, lastFailure: endedAt(failed) }, now);
}

/**
 * Which indexes pods can be made for now.
 *
 * @remarks Of the lowest that are pending those that need not wait. Only where failures are counted for
 * each index one may have to.
 *
 * @param count - how many at most
 * @returns with `waitMs`, the shortest wait, when all of them have to wait
 */
export function nextIndexes(
  job: Job,
  pods: readonly Pod[],
  count: number,
  now: number,
): { readonly indexes: readonly number[]; readonly waitMs?: number } {
  const failed = awaitingReplacement(job, pods);
  const waits = pendingIndexes(job, pods, count).map((index) => ({
    index,
    ms: indexBackoffMs(failed.get(index), now),
  }));
  const indexes = waits.filter(({ ms }) => ms === 0).map(({ index }) => index);
  if (indexes.length > 0 || waits.length === 0) return { indexes };
  return { indexes, waitMs: Math.min(...waits.map(({ ms }) => ms)) };
}

/** Remembers the failures of all Jobs, by key. A restart forgets them, and nobody waits. */
export class PodBackoff {
  readonly #records = new Map<string, BackoffRecord>();

  /** What is known, and what these pods that ended since then add to it. */
  after(key: string, succeeded: readonly Pod[], failed: readonly Pod[]): BackoffRecord {
    const failures = failed.map(endedAt);
    if (succeeded.length === 0) {
      const { failures: count, lastFailure } = this.#records.get(key) ?? NONE;
      return {
        failures: count + failures.length,
        lastFailure: failures.length > 0 ? Math.max(...failures) : lastFailure,
      };
    }
    const lastSuccess = Math.max(...succeeded.map(endedAt));
    const later = failures.filter((at) => at > lastSuccess);
    return { failures: later.length, lastFailure: Math.max(0, ...later) };
  }

  set(key: string, record: BackoffRecord): void {
    this.#records.set(key, record);
  }

  forget(key: string): void {
    this.#records.delete(key);
  }
}
