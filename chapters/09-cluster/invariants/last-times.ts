/** When something was last true of each pod. Given. */

import type { Pod } from '#apimachinery';
import { type Deleted, type Put, uidOfWrite } from './history.ts';

/**
 * Remembers until when something held.
 *
 * @remarks `new LastTimes(isPodReady)` that was told of all writes of pods up to some entry:
 * `isNow(uid)` says whether the pod is ready at it, `wasSince(uid, since)` whether it is or was at any
 * time not before `since`.
 */
export class LastTimes {
  readonly #holds: (pod: Pod) => boolean;
  /** By uid; `Infinity` while it is true. */
  readonly #last = new Map<string, number>();

  constructor(holds: (pod: Pod) => boolean) {
    this.#holds = holds;
  }

  /** @param write - of a pod; one that is deleted is nothing any more */
  note(write: Put | Deleted): void {
    const uid = uidOfWrite(write);
    if (write.kind === 'put' && this.#holds(write.after as Pod)) this.#last.set(uid, Infinity);
    else if (this.isNow(uid)) this.#last.set(uid, write.at);
  }

  isNow(uid: string): boolean {
    return this.#last.get(uid) === Infinity;
  }

  /** @param since - in milliseconds, as `at` of an entry */
  wasSince(uid: string, since: number): boolean {
    return (this.#last.get(uid) ?? -Infinity) >= since;
  }
}
