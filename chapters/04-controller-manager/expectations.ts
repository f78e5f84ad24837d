/**
 * What a controller has asked for and does not see in its cache yet.
 *
 * A controller that creates a pod and looks at its cache right afterwards does not find it there, and
 * would create another one. So it notes what it asked for, and waits until it has seen it.
 */

import type { Clock } from '#apimachinery';
import { NotImplemented } from '#not-implemented';

/** After so long nobody waits any more: a change that was not seen by then was not to be seen. */
export const EXPECTATIONS_TIMEOUT_MS = 5 * 60 * 1000;

/**
 * Expected creations and deletions, by the key of the object that owns what is created and deleted.
 *
 * @remarks Creations are counted, since the name of what is to be created is not known. Deletions are
 * known by what is deleted, since the cache may tell of one twice: first that it was marked, then that
 * it is gone.
 *
 * ```text
 * expectCreations(rs, 2)      satisfied(rs)  false
 * creationObserved(rs)        satisfied(rs)  false
 * creationObserved(rs)        satisfied(rs)  true
 * expectDeletions(rs, [a])    satisfied(rs)  false
 * deletionObserved(rs, b)     satisfied(rs)  false
 * deletionObserved(rs, a)     satisfied(rs)  true
 * ```
 *
 * @see pkg/controller/controller_utils.go (1.33), UIDTrackingControllerExpectations
 */
export class Expectations {
  // Your state goes here: fields of your own choosing.

  /** @exercise controller-manager/control-loop */
  constructor({ clock }: { readonly clock: Clock }) {
    throw new NotImplemented('controller-manager/control-loop', 'Expectations.constructor');
  }

  /**
   * Says, before any of it is asked for, how many objects are going to be created and which are going
   * to be deleted. What was expected before is forgotten, and the time begins anew.
   *
   * @param uids - of what is going to be deleted
   * @exercise controller-manager/control-loop
   */
  expect(key: string, creations: number, uids: readonly string[]): void {
    throw new NotImplemented('controller-manager/control-loop', 'Expectations.expect');
  }

  /**
   * `expect` without deletions.
   *
   * @exercise controller-manager/control-loop
   */
  expectCreations(key: string, count: number): void {
    throw new NotImplemented('controller-manager/control-loop', 'Expectations.expectCreations');
  }

  /**
   * `expect` without creations.
   *
   * @exercise controller-manager/control-loop
   */
  expectDeletions(key: string, uids: readonly string[]): void {
    throw new NotImplemented('controller-manager/control-loop', 'Expectations.expectDeletions');
  }

  /**
   * One creation less to wait for: it was seen, or it failed. Less than none is none.
   *
   * @exercise controller-manager/control-loop
   */
  creationObserved(key: string): void {
    throw new NotImplemented('controller-manager/control-loop', 'Expectations.creationObserved');
  }

  /**
   * The deletion of this object is not waited for any more: it was seen, or it failed.
   *
   * @exercise controller-manager/control-loop
   */
  deletionObserved(key: string, uid: string): void {
    throw new NotImplemented('controller-manager/control-loop', 'Expectations.deletionObserved');
  }

  /**
   * May the controller act on what its cache says?
   *
   * @returns true when nothing was expected, when all that was expected has been observed, and when it
   * has been expected for more than `EXPECTATIONS_TIMEOUT_MS`
   * @exercise controller-manager/control-loop
   */
  satisfied(key: string): boolean {
    throw new NotImplemented('controller-manager/control-loop', 'Expectations.satisfied');
  }

  /**
   * Forgets all that is expected for a key, when its object is gone.
   *
   * @exercise controller-manager/control-loop
   */
  forget(key: string): void {
    throw new NotImplemented('controller-manager/control-loop', 'Expectations.forget');
  }
}
