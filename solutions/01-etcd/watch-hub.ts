/**
 * What stands between the store and those who watch it.
 *
 * A stream (`watch.ts`) speaks the protocol with one client; a hub delivers the store's events to
 * every watch of every stream. There are two hubs: the simple one of `watchers.ts`, and the one that
 * serves thousands of watches of unequal speed, `watch-groups.ts`.
 */

import type { Event, WatchCreateRequest } from './rpc.ts';
import type { ReadView } from './views.ts';

/** What a watch wants to see, with its first revision settled. */
export type WatchSpec = Omit<WatchCreateRequest, 'startRevision' | 'watchId'> & {
  /** First main revision to see; may be in the past or in the future. */
  readonly startRevision: number;
};

/** What a hub hands to a watch in one go. */
export interface WatchBatch {
  /**
   * The store's main revision when the batch was made: all that the watch wants up to it has been
   * delivered, or will be by later batches that were not cut off by a full receiver.
   */
  readonly revision: number;
  /** In order; whole revisions only. Empty in a progress report and when `compactRevision` is set. */
  readonly events: readonly Event[];
  /** The watch asked for history that is gone; it is over, and this is the first revision left. */
  readonly compactRevision?: number;
}

/**
 * Takes a batch. It may close watches, but must not write to the store: others have not heard of the
 * present commit yet.
 *
 * @returns true when it was taken; false when the receiver is full, and nothing of it was taken:
 * the hub keeps the place and offers the events again later
 */
export type Deliver = (batch: WatchBatch) => boolean;

/** One watch in a hub. */
export interface Watch {
  /** Everything up to the hub's revision has been delivered. */
  readonly isSynced: boolean;
  /** No batch is delivered after this. */
  close(): void;
}

/** Delivers a store's events to watches. */
export interface WatchHub {
  /** The newest main revision watches may have been told of. */
  readonly revision: number;
  /**
   * Adds a watch. Nothing is delivered before `add` has returned.
   *
   * @param spec - what it wants to see
   * @param deliver - gets the batches, in order of revision
   */
  add(spec: WatchSpec, deliver: Deliver): Watch;
}

/** The side of the store that hubs see. */
export interface WatchSource {
  /** The store as it is now. */
  view(): ReadView;
  /**
   * Calls `listener` after every commit that changed something, once its changes can be read, with
   * the main revision it made.
   *
   * @returns a function that ends this
   */
  onCommit(listener: (revision: number) => void): () => void;
}
