/**
 * An etcd: the store behind its log, with leases that expire and watches that catch up.
 *
 * A write goes into the log first and is applied, in log order, once it is safe there; a read looks
 * at what has been applied. This is what Raft's apply loop is to etcd, for a cluster of one. The
 * wire is in `grpc/`.
 */

import type { Clock, Logger, Random } from '#apimachinery';
import { checkDeleteRange, checkPut } from './checks.ts';
import type { Disk } from './disk.ts';
import { decodeEntry, type Entry, encodeEntry } from './entry.ts';
import { leaseNotFound, requestTooLarge, serverStopped } from './errors.ts';
import { type Recovered, recover, writeSnapshot } from './recovery.ts';
import { requestSize } from './request-size.ts';
import {
  type CompactionRequest,
  type CompactionResponse,
  type DeleteRangeRequest,
  type DeleteRangeResponse,
  type LeaseGrantResponse,
  type LeaseId,
  type LeaseKeepAliveResponse,
  type LeaseTimeToLiveResponse,
  NO_LEASE,
  type PutRequest,
  type PutResponse,
  type RangeRequest,
  type RangeResponse,
  type RequestOp,
  type ResponseHeader,
  type TxnRequest,
  type TxnResponse,
  type WatchResponse,
} from './rpc.ts';
import { Store } from './store.ts';
import { checkTxn } from './txn.ts';
import type { Wal } from './wal.ts';
import { WatchStream } from './watch.ts';
import { WatchGroups } from './watch-groups.ts';

/** The largest write etcd accepts unless told otherwise, in bytes (`--max-request-bytes`). */
export const MAX_REQUEST_BYTES = 1.5 * 1024 * 1024;

/** How often leases are looked at for expiry, as etcd does. */
const LEASE_CHECK_MS = 500;
/** How often watches whose receiver was full are offered their events again. */
const WATCH_SYNC_MS = 100;
/** A snapshot is due when the log since the last one is longer than this, and than that one's state. */
const SNAPSHOT_MIN_BYTES = 64 * 1024 * 1024;

/** What an etcd needs of the world. */
export interface EtcdOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Where the log and the snapshots are; without one nothing survives. */
  readonly disk?: Disk;
  /** The largest write, as {@link requestSize} counts; {@link MAX_REQUEST_BYTES} if left out. */
  readonly maxRequestBytes?: number;
  /** The most operations of a transaction; {@link MAX_TXN_OPS} if left out. */
  readonly maxTxnOps?: number;
  /** How often watches with `progressNotify` hear of the revision; 10 minutes as in etcd. */
  readonly watchProgressNotifyIntervalMs?: number;
}

/** One client's stream of watches on an {@link Etcd}. */
export interface EtcdWatchStream
  extends Pick<WatchStream, 'create' | 'cancel' | 'progress' | 'close'> {
  /** Says that there is room again after `send` returned false. */
  ready(): void;
}

/** A single-member etcd. */
export class Etcd {
  readonly #store: Store;
  readonly #watches: WatchGroups;
  readonly #options: EtcdOptions;
  readonly #wal: Wal | undefined;
  readonly #stopped = new AbortController();
  #loggedBytes = 0;
  #appliedIndex: number;
  /** Bytes logged since the last snapshot. */
  #snapshotBytes = 0;
  #snapshotDueBytes = SNAPSHOT_MIN_BYTES;
  #snapshot: Promise<void> | undefined;

  /** @see {@link Etcd.open} */
  private constructor(store: Store, options: EtcdOptions, recovered: Recovered | undefined) {
    this.#store = store;
    this.#options = options;
    this.#wal = recovered?.wal;
    this.#appliedIndex = recovered?.index ?? 0;
    // What was logged before a restart counts too, or a server that restarts often never takes one.
    for (const { data } of recovered?.entries ?? []) this.#snapshotBytes += data.length;
    this.#watches = new WatchGroups(store, { schedule: queueMicrotask });
  }

  /**
   * Starts an etcd: brings back what its disk holds, then lets time pass for leases and watches.
   *
   * @throws DamagedLogError when the log cannot be trusted
   */
  static async open(options: EtcdOptions): Promise<Etcd> {
    const { clock, disk } = options;
    // Requests are checked before they are logged; what is in the log was within the limit then.
    const ofStore = { clock, maxTxnOps: Number.POSITIVE_INFINITY };
    if (disk === undefined) return new Etcd(new Store(ofStore), options, undefined).#start();
    const recovered = await recover(disk);
    const store = recovered.state ? Store.restore(recovered.state, ofStore) : new Store(ofStore);
    for (const { data } of recovered.entries) replay(store, decodeEntry(data));
    return new Etcd(store, options, recovered).#start();
  }

  #start(): this {
    const { watchProgressNotifyIntervalMs = 600_000 } = this.#options;
    this.#every(LEASE_CHECK_MS, () => this.#revokeDueLeases());
    this.#every(WATCH_SYNC_MS, () => this.#watches.sync());
    this.#every(watchProgressNotifyIntervalMs, () => this.#watches.reportProgress());
    return this;
  }

  /** Calls `run` every `periodMs` until the etcd stops. */
  #every(periodMs: number, run: () => void): void {
    const { clock } = this.#options;
    let timer = clock.after(periodMs, tick);
    function tick(): void {
      timer = clock.after(periodMs, tick);
      run();
    }
    this.#stopped.signal.addEventListener('abort', () => timer.cancel());
  }

  /** The newest main revision. */
  get revision(): number {
    return this.#store.revision;
  }

  /** The store itself, for reading what the API has no word for (hashes, sizes). */
  get store(): Store {
    return this.#store;
  }

  /** How many entries of the log have been applied: what etcd calls the raft index. */
  get appliedIndex(): number {
    return this.#appliedIndex;
  }

  /** Bytes of log written since the start. */
  get loggedBytes(): number {
    return this.#loggedBytes;
  }

  range(request: RangeRequest): RangeResponse {
    return this.#store.range(request);
  }

  async put(request: PutRequest): Promise<PutResponse> {
    checkPut(request);
    return this.#propose({ put: request }, () => this.#store.put(request));
  }

  async deleteRange(request: DeleteRangeRequest): Promise<DeleteRangeResponse> {
    checkDeleteRange(request);
    return this.#propose({ deleteRange: request }, () => this.#store.deleteRange(request));
  }

  async txn(request: TxnRequest): Promise<TxnResponse> {
    checkTxn(request, this.#options.maxTxnOps);
    if (isReadOnly(request)) return this.#store.txn(request);
    return this.#propose({ txn: request }, () => this.#store.txn(request));
  }

  async compact(request: CompactionRequest): Promise<CompactionResponse> {
    return this.#propose({ compact: request }, () => this.#store.compact(request));
  }

  /** @param id - 0 lets etcd choose */
  async leaseGrant(ttlSeconds: number, id: LeaseId = NO_LEASE): Promise<LeaseGrantResponse> {
    const chosen = id === NO_LEASE ? this.#newLeaseId() : id;
    return this.#propose({ leaseGrant: { id: chosen, ttlSeconds } }, () =>
      this.#store.leaseGrant(chosen, ttlSeconds),
    );
  }

  async leaseRevoke(id: LeaseId): Promise<{ readonly header: ResponseHeader }> {
    return this.#propose({ leaseRevoke: { id } }, () => this.#store.leaseRevoke(id));
  }

  leaseKeepAlive(id: LeaseId): LeaseKeepAliveResponse {
    const ttlSeconds = this.#store.lessor.keepAlive(id) ?? 0;
    return { header: this.#store.header(), id, ttlSeconds };
  }

  leaseTimeToLive(id: LeaseId, keys = false): LeaseTimeToLiveResponse {
    const lease = this.#store.lessor.timeToLive(id);
    const header = this.#store.header();
    if (lease === undefined) return { header, id, ttlSeconds: -1, grantedTtlSeconds: 0, keys: [] };
    return { header, id, ...lease, keys: keys ? lease.keys : [] };
  }

  leases(): { readonly header: ResponseHeader; readonly leases: readonly LeaseId[] } {
    return { header: this.#store.header(), leases: this.#store.lessor.list() };
  }

  /**
   * Opens a stream of watches.
   *
   * @param send - as for {@link WatchStream}
   */
  watchStream(send: (response: WatchResponse) => boolean): EtcdWatchStream {
    const stream = new WatchStream(this.#watches, send);
    return {
      create: (request) => stream.create(request),
      cancel: (watchId) => stream.cancel(watchId),
      progress: () => stream.progress(),
      close: () => stream.close(),
      ready: () => this.#watches.sync(),
    };
  }

  /** Takes no more writes; what was accepted is safe on disk when this resolves. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#snapshot;
    await this.#wal?.close();
  }

  /** Logs a write and applies it when its turn comes; refusals are applied too, and change nothing. */
  async #propose<T>(entry: Entry, apply: () => T): Promise<T> {
    if (this.#stopped.signal.aborted) throw serverStopped();
    const { maxRequestBytes = MAX_REQUEST_BYTES } = this.#options;
    if (requestSize(entry) > maxRequestBytes) throw requestTooLarge();
    if (this.#wal === undefined) return apply();
    const data = encodeEntry(entry);
    this.#loggedBytes += data.length;
    this.#snapshotBytes += data.length;
    // Appends resolve in log order, so what follows runs in log order.
    this.#appliedIndex = await this.#wal.append(data);
    this.#snapshotIfDue();
    return apply();
  }

  #snapshotIfDue(): void {
    if (this.#snapshotBytes < this.#snapshotDueBytes || this.#snapshot) return;
    const { disk, log } = this.#options;
    if (disk === undefined || this.#wal === undefined) return;
    const wal = this.#wal;
    // The entry just logged is not applied yet: the snapshot stands at the one before.
    const index = this.#appliedIndex - 1;
    this.#snapshotBytes = 0;
    const state = this.#store.state();
    // A large store is not written down anew for every little piece of log.
    const stateBytes = state.versions.reduce(
      (sum, [, kv]) => sum + kv.key.length + kv.value.length,
      0,
    );
    this.#snapshotDueBytes = Math.max(SNAPSHOT_MIN_BYTES, stateBytes);
    this.#snapshot = writeSnapshot(disk, wal, index, state)
      .catch((error: unknown) => log.error('snapshot failed; the log is kept', { error }))
      .finally(() => {
        this.#snapshot = undefined;
      });
  }

  #revokeDueLeases(): void {
    for (const id of this.#store.lessor.due()) {
      this.leaseRevoke(id).catch((error: unknown) => {
        // Somebody else revoked it first.
        if (error instanceof Error && error.message === leaseNotFound().message) return;
        this.#options.log.error('lease could not be revoked', { id: String(id), error });
      });
    }
  }

  #newLeaseId(): LeaseId {
    const { random } = this.#options;
    const id = (BigInt(random.int(2 ** 31)) << 32n) | BigInt(random.int(2 ** 32));
    return id === NO_LEASE ? 1n : id;
  }
}

/** Applies an entry of the log once more; what was refused then is refused now, and changes nothing. */
function replay(store: Store, entry: Entry): void {
  try {
    if ('put' in entry) store.put(entry.put);
    else if ('deleteRange' in entry) store.deleteRange(entry.deleteRange);
    else if ('txn' in entry) store.txn(entry.txn);
    else if ('compact' in entry) store.compact(entry.compact);
    else if ('leaseGrant' in entry) {
      store.leaseGrant(entry.leaseGrant.id, entry.leaseGrant.ttlSeconds);
    } else store.leaseRevoke(entry.leaseRevoke.id);
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error;
  }
}

function isReadOnly({ success = [], failure = [] }: TxnRequest): boolean {
  return success.every(isRead) && failure.every(isRead);
}

function isRead(operation: RequestOp): boolean {
  return 'range' in operation || ('txn' in operation && isReadOnly(operation.txn));
}
