/**
 * What an etcd should be, written down without any cleverness: one whole copy of the keys for every
 * revision there ever was, and the list of everything that happened. For `model.test.ts`.
 */

import type { Event, KeyValue, LeaseId, RequestOp, TxnRequest } from '#etcd';

/** A request that changes something. */
export type Write =
  | Exclude<RequestOp, { range: unknown }>
  | { readonly grant: LeaseId; readonly ttlSeconds: number }
  | { readonly revoke: LeaseId };

interface Lease {
  readonly ttlMs: number;
  dueAtMs: number;
}

type Keys = ReadonlyMap<string, KeyValue>;

/** Keys and events by revision, and the leases. */
export class StoreModel {
  /** The keys as they were at each revision; the last ones are the present. */
  readonly keysAt: Keys[] = [new Map(), new Map()];
  /** Everything that happened, never compacted. */
  readonly events: Event[] = [];
  readonly leases = new Map<LeaseId, Lease>();
  compactedRevision = -1;

  get revision(): number {
    return this.keysAt.length - 1;
  }

  get keys(): Keys {
    return this.keysAt[this.revision] ?? new Map();
  }

  /** The keys of `[key, end)` at a revision, in byte order; to the end without `end`. */
  range(key: string, end: string | undefined, revision = this.revision): KeyValue[] {
    return [...(this.keysAt[revision] ?? new Map<string, KeyValue>()).values()]
      .filter((kv) => kv.key >= key && (end === undefined || kv.key < end))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /**
   * Does a write.
   *
   * @returns false when it must be refused; nothing is changed then
   */
  write(write: Write, nowMs: number): boolean {
    if ('grant' in write) {
      if (this.leases.has(write.grant)) return false;
      const ttlMs = Math.max(write.ttlSeconds, 2) * 1000;
      this.leases.set(write.grant, { ttlMs, dueAtMs: nowMs + ttlMs });
      return true;
    }
    if ('revoke' in write) {
      if (!this.leases.delete(write.revoke)) return false;
      const held = this.range('', undefined).filter(({ lease }) => lease === write.revoke);
      this.#commit(held.map(({ key }) => ({ deleteRange: { key } })));
      return true;
    }
    const operations = 'txn' in write ? this.#branch(write.txn) : [write];
    for (const operation of operations) {
      if (!('put' in operation)) continue;
      const { key, lease, ignoreValue, ignoreLease } = operation.put;
      if (lease && !this.leases.has(lease)) return false;
      if ((ignoreValue || ignoreLease) && !this.keys.has(key)) return false;
    }
    this.#commit(operations);
    return true;
  }

  /** Ends the leases that are due at `nowMs`, in the order in which they became due. */
  expire(nowMs: number): void {
    const due = [...this.leases].filter(([, { dueAtMs }]) => dueAtMs <= nowMs);
    due.sort(([, a], [, b]) => a.dueAtMs - b.dueAtMs);
    for (const [id] of due) this.write({ revoke: id }, nowMs);
  }

  /** After a restart every lease has its full time again. */
  restart(nowMs: number): void {
    for (const lease of this.leases.values()) lease.dueAtMs = nowMs + lease.ttlMs;
  }

  #branch({ compare = [], success = [], failure = [] }: TxnRequest): readonly RequestOp[] {
    const holds = compare.every((one) => {
      const kv = this.keys.get(one.key);
      if (one.target === 'value') return kv !== undefined && kv.value === one.value;
      if (one.target === 'version') return (kv?.version ?? 0) === one.version;
      throw new Error('the model knows conditions on value and version only');
    });
    return holds ? success : failure;
  }

  #commit(operations: readonly RequestOp[]): void {
    const revision = this.revision + 1;
    const keys = new Map(this.keys);
    const events: Event[] = [];
    for (const operation of operations) {
      if ('put' in operation) {
        const prevKv = keys.get(operation.put.key);
        const kv = newVersion(operation.put, prevKv, revision);
        keys.set(kv.key, kv);
        events.push({ type: 'put', kv, prevKv });
      } else if ('deleteRange' in operation) {
        const { key, rangeEnd } = operation.deleteRange;
        const doomed = [...keys.keys()].filter((one) =>
          rangeEnd ? one >= key && one < rangeEnd : one === key,
        );
        for (const one of doomed.sort()) {
          const kv = { ...tombstone, key: one, modRevision: revision };
          events.push({ type: 'delete', kv, prevKv: keys.get(one) });
          keys.delete(one);
        }
      }
    }
    if (events.length === 0) return;
    this.keysAt.push(keys);
    this.events.push(...events);
  }
}

const tombstone = { value: '', createRevision: 0, version: 0, lease: 0n };

function newVersion(
  put: Extract<RequestOp, { put: unknown }>['put'],
  before: KeyValue | undefined,
  revision: number,
): KeyValue {
  return {
    key: put.key,
    value: (put.ignoreValue ? before?.value : put.value) ?? '',
    lease: (put.ignoreLease ? before?.lease : put.lease) ?? 0n,
    createRevision: before?.createRevision ?? revision,
    modRevision: revision,
    version: (before?.version ?? 0) + 1,
  };
}
