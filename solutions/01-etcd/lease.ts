/**
 * Leases: keys that go away when nobody keeps them.
 *
 * The lessor knows who holds which key and until when. It deletes nothing itself: it says which
 * leases are due, and the store revokes them through the log like any other write.
 */

import type { Clock } from '#apimachinery';
import type { ByteString } from './byte-string.ts';
import { leaseExists, leaseNotFound, leaseTtlTooLarge } from './errors.ts';
import { type LeaseId, NO_LEASE } from './rpc.ts';

/** The shortest TTL etcd grants with its default election timeout: shorter ones become this. */
export const MIN_LEASE_TTL_SECONDS = 2;
/** The longest TTL etcd grants. */
export const MAX_LEASE_TTL_SECONDS = 9_000_000_000;

/** What is known of one lease at one moment. */
export interface LeaseStatus {
  /** Whole seconds left, rounded down; 0 when it is due. */
  readonly ttlSeconds: number;
  readonly grantedTtlSeconds: number;
  /** The keys attached to it, ascending. */
  readonly keys: readonly ByteString[];
}

interface Lease {
  readonly id: LeaseId;
  readonly ttlSeconds: number;
  /** On the clock's monotonic time. */
  dueAtMs: number;
  readonly keys: Set<ByteString>;
}

/**
 * Keeps the leases of one store.
 *
 * @remarks
 * A lease is due when its TTL has passed since it was granted or last kept alive, to the
 * millisecond. A due lease stays, with its keys, until it is revoked; it cannot be kept alive any
 * more. Time is the clock's `monotonic()`, because a wall clock that jumps must not end leases.
 *
 * ```text
 * t=0 s   grant(7, 10)     due at 10 s
 * t=4 s   attach('a', 7)
 * t=6 s   keepAlive(7)     → 10, due at 16 s
 * t=16 s  due()            → [7];  keepAlive(7) → undefined
 *         revoke(7)        → ['a']
 * ```
 *
 * @see etcd v3.5 server/lease/lessor.go
 */
export class Lessor {
  readonly #clock: Clock;
  readonly #leases = new Map<LeaseId, Lease>();
  readonly #holders = new Map<ByteString, Lease>();

  /**
   * @param clock - tells how much time has passed
   * @exercise etcd/lease
   */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Makes a lease.
   *
   * @param id - not 0
   * @param ttlSeconds - raised to {@link MIN_LEASE_TTL_SECONDS} when shorter
   * @returns the TTL granted, in seconds
   * @throws leaseTtlTooLarge() when `ttlSeconds` is more than {@link MAX_LEASE_TTL_SECONDS}; looked
   * at first
   * @throws leaseExists() when there is a lease `id`, due or not
   * @exercise etcd/lease
   */
  grant(id: LeaseId, ttlSeconds: number): number {
    if (ttlSeconds > MAX_LEASE_TTL_SECONDS) throw leaseTtlTooLarge();
    if (this.#leases.has(id)) throw leaseExists();
    const granted = Math.max(ttlSeconds, MIN_LEASE_TTL_SECONDS);
    this.#leases.set(id, {
      id,
      ttlSeconds: granted,
      dueAtMs: this.#clock.monotonic() + granted * 1000,
      keys: new Set(),
    });
    return granted;
  }

  /**
   * Ends a lease.
   *
   * @returns the keys that were attached, ascending; the caller deletes them
   * @throws leaseNotFound() when there is no lease `id`
   * @exercise etcd/lease
   */
  revoke(id: LeaseId): ByteString[] {
    const lease = this.#find(id);
    this.#leases.delete(id);
    for (const key of lease.keys) this.#holders.delete(key);
    return [...lease.keys].sort();
  }

  /**
   * Gives a lease its full TTL again, from now.
   *
   * @returns that TTL in seconds; `undefined` when there is no such lease or it is due
   * @exercise etcd/lease
   */
  keepAlive(id: LeaseId): number | undefined {
    const lease = this.#leases.get(id);
    const now = this.#clock.monotonic();
    if (lease === undefined || lease.dueAtMs <= now) return undefined;
    lease.dueAtMs = now + lease.ttlSeconds * 1000;
    return lease.ttlSeconds;
  }

  /**
   * Says how a lease is doing.
   *
   * @returns `undefined` when there is no such lease
   * @exercise etcd/lease
   */
  timeToLive(id: LeaseId): LeaseStatus | undefined {
    const lease = this.#leases.get(id);
    if (lease === undefined) return undefined;
    const leftMs = Math.max(0, lease.dueAtMs - this.#clock.monotonic());
    return {
      ttlSeconds: Math.floor(leftMs / 1000),
      grantedTtlSeconds: lease.ttlSeconds,
      keys: [...lease.keys].sort(),
    };
  }

  /**
   * All leases, those due soonest first; of those due at the same moment, the one granted first.
   *
   * @exercise etcd/lease
   */
  list(): LeaseId[] {
    return idsByDueTime([...this.#leases.values()]);
  }

  /**
   * The leases whose time is over, in the order of `list`.
   *
   * @exercise etcd/lease
   */
  due(): LeaseId[] {
    const now = this.#clock.monotonic();
    return idsByDueTime([...this.#leases.values()].filter(({ dueAtMs }) => dueAtMs <= now));
  }

  /**
   * Checks that a key may be attached to a lease.
   *
   * @throws leaseNotFound() when there is no such lease; there is none with the id 0
   * @exercise etcd/lease
   */
  check(id: LeaseId): void {
    this.#find(id);
  }

  /**
   * Records that a key now belongs to a lease, and to no other any more.
   *
   * The store calls this after every change of a key, deletions included.
   *
   * @param id - the lease of the key's new version; 0 when it has none or the key was deleted
   * @throws leaseNotFound() when `id` is not 0 and there is no such lease
   * @exercise etcd/lease
   */
  attach(key: ByteString, id: LeaseId): void {
    const next = id === NO_LEASE ? undefined : this.#find(id);
    this.#holders.get(key)?.keys.delete(key);
    if (next === undefined) {
      this.#holders.delete(key);
      return;
    }
    next.keys.add(key);
    this.#holders.set(key, next);
  }

  /**
   * What a snapshot writes down: every lease and its full TTL, in the order in which they were made.
   *
   * @exercise etcd/lease
   */
  state(): { readonly id: LeaseId; readonly ttlSeconds: number }[] {
    return [...this.#leases.values()].map(({ id, ttlSeconds }) => ({ id, ttlSeconds }));
  }

  #find(id: LeaseId): Lease {
    const lease = this.#leases.get(id);
    if (lease === undefined) throw leaseNotFound();
    return lease;
  }
}

function idsByDueTime(leases: Lease[]): LeaseId[] {
  return leases.sort((a, b) => a.dueAtMs - b.dueAtMs).map(({ id }) => id);
}
