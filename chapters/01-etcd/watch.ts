/**
 * Watching: which events a watch wants, and one client's stream of watches.
 *
 * Where events come from, and when, is a hub's affair (`watch-hub.ts`); the simple one is next:
 * `watchers.ts`.
 */

import { NotImplemented } from '#not-implemented';
import type { Event, WatchCreateRequest, WatchResponse } from './rpc.ts';
import type { ReadView } from './views.ts';
import type { WatchHub, WatchSpec } from './watch-hub.ts';

/** The watch id of an answer that belongs to no watch. */
export const NO_WATCH = -1;

/**
 * The events of one main revision, in the order in which the changes were made.
 *
 * @param view - the store
 * @param main - a main revision that is not compacted
 * @param withPrevKv - carry each key's version as it was at `main - 1`, where the key existed then and
 * that version is not compacted; never for the put that created the key
 * @returns none when nothing happened at `main`
 * @exercise etcd/watch
 */
export function eventsAt(view: ReadView, main: number, withPrevKv: boolean): Event[] {
  throw new NotImplemented('etcd/watch', 'eventsAt');
}

/**
 * Tells whether a watch wants an event: its key is in the range and no filter drops its type.
 *
 * @param spec - `filters` may hold `noput` and `nodelete`
 * @exercise etcd/watch
 */
export function wants(spec: WatchSpec, event: Event): boolean {
  throw new NotImplemented('etcd/watch', 'wants');
}

/**
 * One client's stream: many watches, told apart by ids, over one connection.
 *
 * @remarks
 * What a client sees, all of it through `send`:
 *
 * - `create` is answered with `created: true` and the hub's revision; every event of the watch comes
 *   after that answer, and bears its id. The header of events is the revision of their batch.
 * - Ids: a client may choose one (not 0); left out or 0, the stream chooses, from 0 upward: each id it
 *   chooses is the lowest that is larger than all it chose before and not in use on the stream.
 * - A `create` that is refused is answered with `created: true, canceled: true`, watch id -1 and a
 *   `cancelReason`: `mvcc: duplicate watch ID provided on the WatchStream` for an id in use,
 *   `mvcc: watcher range is empty` when `rangeEnd` is not after `key` (and not `'\0'`), which is looked
 *   at first. Its header, too, has the hub's revision.
 * - `cancel` is answered with `canceled: true`; nothing of the watch comes after. An unknown id is
 *   not answered.
 * - A watch whose history is compacted ends with `canceled: true` and `compactRevision`, and header
 *   revision 0.
 * - `progress` is answered, with watch id -1 and the hub's revision, only when every watch of the
 *   stream is synced; else not at all.
 * - The key `''` means `'\0'`, the smallest key; the `rangeEnd` `''` means none. `startRevision` left
 *   out or 0 means the revision after the hub's; any other number is taken as it is.
 *
 * ```text
 * create {key:'a'}                → {watchId:0, created:true, header 7}
 * create {key:'b', watchId:5}     → {watchId:5, created:true, header 7}
 * put a=1                         → {watchId:0, header 8, events:[put a=1]}
 * cancel 0                        → {watchId:0, canceled:true, header 8}
 * ```
 *
 * @see etcd v3.5 server/etcdserver/api/v3rpc/watch.go, server/mvcc/watcher.go
 */
export class WatchStream {
  // Your state goes here: fields of your own choosing.

  /**
   * @param hub - where the events come from
   * @param send - takes a response. It returns false when it is full and took nothing; only what the
   * hub delivers (events, the end by compaction) is offered again, so answers to `create`, `cancel`
   * and `progress` must always be taken
   * @exercise etcd/watch
   */
  constructor(hub: WatchHub, send: (response: WatchResponse) => boolean) {
    throw new NotImplemented('etcd/watch', 'WatchStream.constructor');
  }

  /**
   * Starts a watch; see the class for how it is answered.
   *
   * @exercise etcd/watch
   */
  create(request: WatchCreateRequest): void {
    throw new NotImplemented('etcd/watch', 'WatchStream.create');
  }

  /**
   * Ends one watch; see the class for how it is answered.
   *
   * @exercise etcd/watch
   */
  cancel(watchId: number): void {
    throw new NotImplemented('etcd/watch', 'WatchStream.cancel');
  }

  /**
   * Reports how far all watches of this stream are; see the class.
   *
   * @exercise etcd/watch
   */
  progress(): void {
    throw new NotImplemented('etcd/watch', 'WatchStream.progress');
  }

  /**
   * Ends every watch without an answer: the connection is gone, and the stream is not used any more.
   *
   * @exercise etcd/watch
   */
  close(): void {
    throw new NotImplemented('etcd/watch', 'WatchStream.close');
  }
}
