/**
 * Coming back after a crash: the newest snapshot, and what the log says happened after it.
 *
 * A snapshot is the store written down at one index of the log, so that the log before it can go.
 * What entries mean is not known here; `etcd.ts` applies them.
 */

import { NotImplemented } from '#not-implemented';
import type { Disk } from './disk.ts';
import type { StoreState } from './store.ts';
import { Wal, type WalRecord } from './wal.ts';

/** The file a snapshot is written to before it is whole. */
export const UNFINISHED_SNAPSHOT = 'snapshot.tmp';

/** The file of the snapshot that stands at `index` of the log; names sort as the indexes do. */
export function snapshotName(index: number): string {
  return `snapshot-${index.toString(16).padStart(16, '0')}.snap`;
}

/** The index a snapshot stands at; `undefined` when `name` is not a snapshot's. */
export function snapshotIndex(name: string): number | undefined {
  const match = /^snapshot-([0-9a-f]{16})\.snap$/.exec(name);
  return match?.[1] === undefined ? undefined : Number.parseInt(match[1], 16);
}

/** What a disk held. */
export interface Recovered {
  /** The snapshot's state; `undefined` when there is no snapshot. */
  readonly state: StoreState | undefined;
  /** The index of the newest record: the snapshot's and the log's together. 0 on an empty disk. */
  readonly index: number;
  /** The log's records after the snapshot, in order: to be applied to `state`. */
  readonly entries: readonly WalRecord[];
  /** The log, open for what comes next. */
  readonly wal: Wal;
}

/**
 * Writes a snapshot and lets go of the log before it.
 *
 * @remarks
 * The order makes a crash at any instant harmless:
 *
 * 1. write everything to {@link UNFINISHED_SNAPSHOT} and sync it;
 * 2. rename it to {@link snapshotName}(index): from now on it is the snapshot;
 * 3. `wal.dropThrough(index)` and remove the older snapshots.
 *
 * An unfinished snapshot of an earlier try may be lying around; it is not added to. The content is a
 * sequence of records ({@link encodeRecord}, indexes 1, 2, 3 …) of JSON ({@link encodeJson}); how the
 * state is spread over them is up to you, since only {@link recover} reads them. A store of a million
 * versions is not one record: write in pieces, so that others get their turn while the disk writes.
 *
 * @param disk - where the log is too
 * @param wal - goes on being appended to meanwhile
 * @param index - `state` holds the effects of every record up to this one and of none after
 * @param state - does not change while it is written
 * @exercise etcd/recovery
 */
export async function writeSnapshot(
  disk: Disk,
  wal: Wal,
  index: number,
  state: StoreState,
): Promise<void> {
  throw new NotImplemented('etcd/recovery', 'writeSnapshot');
}

/**
 * Reads what a disk holds.
 *
 * @remarks
 * The newest snapshot counts; {@link UNFINISHED_SNAPSHOT} and older snapshots are removed. The
 * log's records up to the snapshot's index are passed over; their segments stay where they are, and
 * the next snapshot removes them. If the log begins after the record that follows the snapshot, or
 * ends before the snapshot's index, something is missing, and nothing is recovered.
 *
 * ```text
 * snapshot at 4, log 3 4 5 6     → state of the snapshot, entries 5 6, index 6
 * snapshot at 4, log 6 7         → DamagedLogError: 5 is missing
 * snapshot at 4, log 1 2         → DamagedLogError: 3 is missing
 * snapshot at 4, log 1 2 3torn   → the same: 3 is cut off, and then it is missing
 * no snapshot,   log 1 2         → no state, entries 1 2, index 2
 * snapshot at 4, no log          → state of the snapshot, no entries, index 4; the next append is 5
 * ```
 *
 * @param disk - an empty one is a store that has never been used
 * @returns the state, the entries to apply to it, and the log
 * @throws DamagedLogError when the log is damaged (as {@link Wal.open}), records between snapshot
 * and log are missing, or the snapshot itself is damaged. In it are the file and the offset of the
 * bad record; of missing records the log's first segment and 0. Nothing on the disk that was safe
 * has been changed
 * @see etcd v3.5 server/etcdserver/bootstrap.go, server/etcdserver/api/snap/snapshotter.go
 * @exercise etcd/recovery
 */
export async function recover(disk: Disk): Promise<Recovered> {
  throw new NotImplemented('etcd/recovery', 'recover');
}
