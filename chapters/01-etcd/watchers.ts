/**
 * The simple hub: every watch catches up at once when it is added and hears of every commit after.
 *
 * Nothing is lost or repeated because catching up and joining happen in one go, between two commits.
 * It has no answer to receivers that are full or slow; `watch-groups.ts` has.
 */

import { NotImplemented } from '#not-implemented';
import type { Deliver, Watch, WatchHub, WatchSource, WatchSpec } from './watch-hub.ts';

/**
 * Delivers a store's events to watches, at once.
 *
 * @remarks
 * A watch that starts in the past gets all the history it wants in one batch, on the first turn of
 * the event loop after `add` (a microtask); commits that happen before that turn are part of the
 * history. A watch whose start is below the compacted revision gets one batch with `compactRevision`
 * and is over. A watch that starts in the future hears nothing before its start. A commit is one
 * batch per watch that wants any of it: a transaction's events are never split, and a watch that
 * wants none gets no batch.
 *
 * What `deliver` returns is ignored here: every receiver is taken to have room.
 *
 * @see etcd v3.5 server/mvcc/watchable_store.go
 */
export class Watchers implements WatchHub {
  readonly #source: WatchSource;
  // Your state goes here: fields of your own choosing.

  /**
   * @param source - the store to watch
   * @exercise etcd/watch
   */
  constructor(source: WatchSource) {
    throw new NotImplemented('etcd/watch', 'Watchers.constructor');
  }

  /** The store's newest main revision. */
  get revision(): number {
    return this.#source.view().revision;
  }

  /**
   * Adds a watch.
   *
   * @param spec - what it wants to see, and from which revision
   * @param deliver - gets the batches; never called before `add` has returned
   * @returns the watch; it counts as synced as soon as its history has been delivered. One that
   * starts after the newest revision has none, and is synced when `add` returns
   * @exercise etcd/watch
   */
  add(spec: WatchSpec, deliver: Deliver): Watch {
    throw new NotImplemented('etcd/watch', 'Watchers.add');
  }
}
