/**
 * The store: one revision after another, one request at a time.
 *
 * It makes a view per request, hands it to the function that knows how (`put-get`, `range`,
 * `delete`, `txn`, `compaction`), and commits. It is in memory and synchronous; `etcd.ts` puts the
 * log before it and `watch-hub.ts` says who hears of its commits.
 */

import type { Clock } from '#apimachinery';
import { Backend, isTombstone } from './backend.ts';
import type { ByteString } from './byte-string.ts';
import { checkDeleteRange, checkPut, checkRange } from './checks.ts';
import { compact } from './compaction.ts';
import { deleteRange } from './delete.ts';
import { KeyIndex } from './key-index.ts';
import { Lessor } from './lease.ts';
import { put } from './put-get.ts';
import { range } from './range.ts';
import type { Revision } from './revision.ts';
import {
  type CompactionRequest,
  type CompactionResponse,
  type DeleteRangeRequest,
  type DeleteRangeResponse,
  type KeyValue,
  type LeaseGrantResponse,
  type LeaseId,
  NO_LEASE,
  type PutRequest,
  type PutResponse,
  type RangeRequest,
  type RangeResponse,
  type ResponseHeader,
  type TxnRequest,
  type TxnResponse,
} from './rpc.ts';
import { TreeIndex } from './tree-index.ts';
import { checkTxn, MAX_TXN_OPS, txn } from './txn.ts';
import { type ReadView, WriteView } from './views.ts';
import type { WatchSource } from './watch-hub.ts';

/** Everything a store is, in a form that can be written down. */
export interface StoreState {
  readonly revision: number;
  readonly compactedRevision: number;
  /** Every stored version, tombstones included, in order of revision. */
  readonly versions: readonly (readonly [Revision, KeyValue])[];
  readonly leases: readonly { readonly id: LeaseId; readonly ttlSeconds: number }[];
}

/** What the store needs of the world. */
export interface StoreOptions {
  /** Tells leases the time; without one, leases cannot be used. */
  readonly clock?: Clock;
  /** The most operations of a transaction; {@link MAX_TXN_OPS} if left out. */
  readonly maxTxnOps?: number;
}

/** An etcd store in memory. Every request is done when its method returns. */
export class Store implements WatchSource {
  readonly #keys = new TreeIndex();
  readonly #backend = new Backend();
  readonly #clock: Clock | undefined;
  readonly #maxTxnOps: number;
  readonly #listeners = new Set<(revision: number) => void>();
  #revision = 1;
  #compactedRevision = -1;
  #lessor: Lessor | undefined;
  /** Tombstones that a snapshot brought back without the rest of their key's life. */
  #loneTombstones: Revision[] = [];

  constructor(options: StoreOptions = {}) {
    this.#clock = options.clock;
    this.#maxTxnOps = options.maxTxnOps ?? MAX_TXN_OPS;
  }

  /** The newest main revision; an empty store is at 1. */
  get revision(): number {
    return this.#revision;
  }

  /** Reads below this main revision are refused; -1 when nothing was ever compacted. */
  get compactedRevision(): number {
    return this.#compactedRevision;
  }

  /** The leases of this store. Made when first asked for, so that a store without leases needs none. */
  get lessor(): Lessor {
    if (this.#lessor === undefined) {
      if (this.#clock === undefined) throw new Error('a store with leases needs a clock');
      this.#lessor = new Lessor(this.#clock);
    }
    return this.#lessor;
  }

  /** See {@link range}. */
  range(request: RangeRequest): RangeResponse {
    checkRange(request);
    return range(this.view(), request);
  }

  /** See {@link put}. */
  put(request: PutRequest): PutResponse {
    checkPut(request);
    this.#checkLease(request.lease);
    return this.#write((view) => put(view, request));
  }

  /** See {@link deleteRange}. */
  deleteRange(request: DeleteRangeRequest): DeleteRangeResponse {
    checkDeleteRange(request);
    return this.#write((view) => deleteRange(view, request));
  }

  /** See {@link checkTxn} and {@link txn}. */
  txn(request: TxnRequest): TxnResponse {
    checkTxn(request, this.#maxTxnOps);
    return this.#write((view) => txn(view, request, (lease) => this.#checkLease(lease)));
  }

  /** See {@link compact}. */
  compact(request: CompactionRequest): CompactionResponse {
    this.#compactedRevision = compact(this.view(), request.revision);
    this.#loneTombstones = this.#loneTombstones.filter((revision) => {
      if (revision.main >= this.#compactedRevision) return true;
      this.#backend.delete(revision);
      return false;
    });
    return { header: this.header() };
  }

  /** Makes a lease; `id` must not be 0. See {@link Lessor.grant}. */
  leaseGrant(id: LeaseId, ttlSeconds: number): LeaseGrantResponse {
    const granted = this.lessor.grant(id, ttlSeconds);
    return { header: this.header(), id, ttlSeconds: granted };
  }

  /** Ends a lease and deletes its keys, all in one revision. See {@link Lessor.revoke}. */
  leaseRevoke(id: LeaseId): { readonly header: ResponseHeader } {
    const keys = this.lessor.revoke(id);
    this.#write((view) => {
      for (const key of keys) deleteRange(view, { key });
    });
    return { header: this.header() };
  }

  /** The header of an answer made now. */
  header(): ResponseHeader {
    return { revision: this.#revision };
  }

  view(): ReadView {
    return {
      revision: this.#revision,
      compactedRevision: this.#compactedRevision,
      keys: this.#keys,
      backend: this.#backend,
    };
  }

  onCommit(listener: (revision: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The store as it is now; later changes do not show in it. */
  state(): StoreState {
    return {
      revision: this.#revision,
      compactedRevision: this.#compactedRevision,
      versions: [...this.#backend.all()],
      leases: this.#lessor?.state() ?? [],
    };
  }

  /** A store that is what `state` says; leases run their full time again from now. */
  static restore(state: StoreState, options: StoreOptions = {}): Store {
    const store = new Store(options);
    for (const { id, ttlSeconds } of state.leases) store.lessor.grant(id, ttlSeconds);
    const leases = new Set(state.leases.map(({ id }) => id));
    for (const [revision, kv] of state.versions) {
      store.#restoreVersion(revision, kv);
      // A lease that only history remembers is gone, and a later version says who holds the key.
      store.#lessor?.attach(kv.key, leases.has(kv.lease) ? kv.lease : NO_LEASE);
    }
    store.#revision = state.revision;
    store.#compactedRevision = state.compactedRevision;
    return store;
  }

  #restoreVersion(revision: Revision, kv: KeyValue): void {
    const index = this.#keys.get(kv.key);
    if (isTombstone(kv)) {
      if (!index?.tombstone(revision)) this.#loneTombstones.push(revision);
    } else if (index === undefined) {
      const created = { main: kv.createRevision, sub: 0 };
      this.#keys.set(kv.key, KeyIndex.restore(created, revision, kv.version));
    } else {
      index.put(revision);
    }
    this.#backend.put(revision, kv);
  }

  #checkLease(lease: LeaseId | undefined): void {
    if (lease) this.lessor.check(lease);
  }

  #write<T>(apply: (view: WriteView) => T): T {
    const view = new WriteView(this.view());
    const response = apply(view);
    this.#commit(view);
    return response;
  }

  #commit(view: WriteView): void {
    if (view.changes.length === 0) return;
    this.#revision = view.revision;
    this.#attachLeases(view.changes);
    for (const listener of this.#listeners) listener(this.#revision);
  }

  #attachLeases(changes: readonly { key: ByteString; lease: LeaseId }[]): void {
    // Without a lessor no lease was ever granted, so no key can have one.
    if (this.#lessor === undefined) return;
    for (const { key, lease } of changes) this.#lessor.attach(key, lease);
  }
}
