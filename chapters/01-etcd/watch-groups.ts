/**
 * The hub that serves thousands of watches of unequal speed.
 *
 * Watches that are up to date hear of a commit at once; the others catch up in rounds, a bounded
 * piece each, from the history that the store keeps anyway. So nothing is buffered for a slow
 * watch but its place. The simple hub is `watchers.ts`.
 */

import { NotImplemented } from '#not-implemented';
import type { Deliver, Watch, WatchHub, WatchSource, WatchSpec } from './watch-hub.ts';

/** How much one round of catching up does. */
export interface WatchGroupsOptions {
  /** Runs a function soon, but not at once; how a round is started when a watch is added. */
  readonly schedule: (run: () => void) => void;
  /** The most watches one round serves; 512 if left out. */
  readonly watchesPerRound?: number;
  /** The most main revisions one batch of a watch that catches up covers; 1,000 if left out. */
  readonly revisionsPerBatch?: number;
}

/**
 * Delivers a store's events to synced watches at once and to the others in rounds.
 *
 * @remarks
 * Every watch is in one of two groups:
 *
 * - **synced**: everything up to the newest revision has been delivered (or the watch begins in the
 *   future). A commit is delivered to those that want any of it, in one batch, before the commit's
 *   caller goes on. If `deliver` says false, the watch moves to the unsynced, keeping its place.
 * - **unsynced**: it begins in the past, or its receiver was full. {@link sync} runs a round.
 *
 * A round serves the first `watchesPerRound` unsynced watches, those that have waited longest
 * first. Each gets one batch: the events it wants of at most `revisionsPerBatch` main revisions from
 * its place on. Whole revisions only. A batch without events is not delivered, the place moves on.
 * A watch that has reached the newest revision becomes synced; one that has not, or whose receiver
 * is full, waits behind all others. A watch whose place is below the compacted revision gets
 * `compactRevision`, and is over once that is taken.
 *
 * Adding an unsynced watch schedules a round, unless one is scheduled already; so does a round after
 * which some watch can still advance. A watch whose receiver is full is a reason for no round, but any
 * round serves it when its turn comes: {@link sync} is also called from outside, when there is room
 * again. In which order the synced watches hear of a commit is left open.
 *
 * ```text
 * store at 3000, watch A from 1, revisionsPerBatch 1000
 * sync()  A gets 1–1000, header revision 3000     sync()  1001–2000     sync()  2001–3000, synced
 * ```
 *
 * @see etcd v3.5 server/mvcc/watchable_store.go (syncWatchers, notify, victims), watcher_group.go
 */
export class WatchGroups implements WatchHub {
  readonly #source: WatchSource;
  // Your state goes here: fields of your own choosing.

  /**
   * @param source - the store to watch
   * @param options - the sizes of a round, and how to start one
   * @exercise etcd/watch-groups
   */
  constructor(source: WatchSource, options: WatchGroupsOptions) {
    throw new NotImplemented('etcd/watch-groups', 'WatchGroups.constructor');
  }

  /** The store's newest main revision. */
  get revision(): number {
    return this.#source.view().revision;
  }

  /**
   * Adds a watch; see the class for when it is served.
   *
   * @exercise etcd/watch-groups
   */
  add(spec: WatchSpec, deliver: Deliver): Watch {
    throw new NotImplemented('etcd/watch-groups', 'WatchGroups.add');
  }

  /**
   * Runs one round of catching up; see the class.
   *
   * @exercise etcd/watch-groups
   */
  sync(): void {
    throw new NotImplemented('etcd/watch-groups', 'WatchGroups.sync');
  }

  /**
   * Tells every synced watch that asked for it (`progressNotify`) how far it is: a batch without
   * events. So also a watch that starts in the future. A watch that has had events since the last
   * call that found it synced is left out this time. A report that `deliver` does not take is not
   * offered again, and the watch stays synced.
   *
   * @exercise etcd/watch-groups
   */
  reportProgress(): void {
    throw new NotImplemented('etcd/watch-groups', 'WatchGroups.reportProgress');
  }
}
