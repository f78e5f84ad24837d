/**
 * Every stored version of every key, by revision: what bbolt is to etcd, in memory.
 *
 * `tree-index.ts` answers "which revision", this answers "what was written there". It is also the
 * history that watchers read. What survives a restart is in `wal.ts` and `recovery.ts`.
 */

import type { Revision } from './revision.ts';
import type { KeyValue } from './rpc.ts';

/** Tells whether a stored version is a deletion. */
export function isTombstone(kv: KeyValue): boolean {
  return kv.version === 0;
}

/** A map from revision to the version written there, in order of revision. */
export class Backend {
  /**
   * By main revision. Nearly every revision holds one change, and a million arrays of one element
   * would cost as much as the changes: so one change stands alone, several stand in an array whose
   * holes are what compaction dropped.
   */
  readonly #changes = new Map<number, KeyValue | (KeyValue | undefined)[]>();

  /** Stores what was written at `revision`; revisions come in ascending order. */
  put(revision: Revision, kv: KeyValue): void {
    const { main, sub } = revision;
    const present = this.#changes.get(main);
    if (present === undefined) {
      this.#changes.set(main, sub === 0 ? kv : holesThen(sub, kv));
    } else if (Array.isArray(present)) {
      present[sub] = kv;
    } else {
      this.#changes.set(main, [present, kv]);
    }
  }

  /** What was written at `revision`, or `undefined` when nothing was or it is compacted. */
  get(revision: Revision): KeyValue | undefined {
    const present = this.#changes.get(revision.main);
    if (Array.isArray(present)) return present[revision.sub];
    return revision.sub === 0 ? present : undefined;
  }

  /** All changes of one main revision in order; none when it is compacted or has not happened. */
  changesAt(main: number): readonly KeyValue[] {
    const present = this.#changes.get(main);
    if (present === undefined) return [];
    if (!Array.isArray(present)) return [present];
    return present.filter((kv) => kv !== undefined);
  }

  /** Frees what was written at `revision`. */
  delete(revision: Revision): void {
    const present = this.#changes.get(revision.main);
    if (!Array.isArray(present)) {
      if (revision.sub === 0) this.#changes.delete(revision.main);
      return;
    }
    present[revision.sub] = undefined;
    if (present.every((kv) => kv === undefined)) this.#changes.delete(revision.main);
  }

  /** Every stored version, tombstones included, in order of revision. */
  *all(): Generator<[Revision, KeyValue]> {
    for (const [main, present] of this.#changes) {
      if (!Array.isArray(present)) {
        yield [{ main, sub: 0 }, present];
        continue;
      }
      for (const [sub, kv] of present.entries()) if (kv !== undefined) yield [{ main, sub }, kv];
    }
  }
}

function holesThen(sub: number, kv: KeyValue): (KeyValue | undefined)[] {
  const changes = new Array<KeyValue | undefined>(sub).fill(undefined);
  changes.push(kv);
  return changes;
}
