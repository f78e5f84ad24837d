/**
 * What a request sees of the store, and how a write adds to it.
 *
 * The exercises `put-get`, `range`, `delete`, `txn` and `compaction` are functions over these
 * views; `store.ts` makes one view per request and commits it.
 */

import type { Backend } from './backend.ts';
import type { Revision } from './revision.ts';
import type { KeyValue } from './rpc.ts';
import type { TreeIndex } from './tree-index.ts';

/** What a read needs. */
export interface ReadView {
  /** The newest main revision there is for this reader. */
  readonly revision: number;
  /** Reads below this main revision are refused; -1 when nothing was ever compacted. */
  readonly compactedRevision: number;
  /** Which revision of which key. */
  readonly keys: TreeIndex;
  /** What was written at a revision. */
  readonly backend: Backend;
}

/**
 * A read view that can also be written to: one write request, from its first change to its commit.
 *
 * @remarks
 * All changes of one view get the same main revision and ascending subs; they are visible to the
 * view's own reads at once. A view without changes takes no revision. A trace on a store at 7:
 *
 * ```text
 * view.revision         7
 * view.nextRevision()   (8,0)    nothing has happened yet
 * view.write(kv)                 kv is stored under (8,0)
 * view.revision         8        the view's reads see it
 * view.nextRevision()   (8,1)
 * ```
 */
export class WriteView implements ReadView {
  readonly compactedRevision: number;
  readonly keys: TreeIndex;
  readonly backend: Backend;
  readonly #base: number;
  readonly #changes: KeyValue[] = [];

  constructor(base: ReadView) {
    this.#base = base.revision;
    this.compactedRevision = base.compactedRevision;
    this.keys = base.keys;
    this.backend = base.backend;
  }

  /** The store's revision before this view, plus one as soon as the view has a change. */
  get revision(): number {
    return this.#changes.length === 0 ? this.#base : this.#base + 1;
  }

  /** What was changed so far, in order. */
  get changes(): readonly KeyValue[] {
    return this.#changes;
  }

  /** The revision the next change will have. */
  nextRevision(): Revision {
    return { main: this.#base + 1, sub: this.#changes.length };
  }

  /**
   * Stores one change under {@link nextRevision}.
   *
   * @param kv - the new version, or a tombstone (version 0); the key's history in `keys` must
   * already know the revision
   */
  write(kv: KeyValue): void {
    this.backend.put(this.nextRevision(), kv);
    this.#changes.push(kv);
  }
}
