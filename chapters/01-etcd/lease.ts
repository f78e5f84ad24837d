/**
 * Leases: keys that go away when nobody keeps them.
 *
 * The lessor knows who holds which key and until when. It deletes nothing itself: it says which
 * leases are due, and the store revokes them through the log like any other write.
 */

import type { Clock } from '#apimachinery';
import { NotImplemented } from '#not-implemented';
import type { ByteString } from './byte-string.ts';
import type { LeaseId } from './rpc.ts';

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
  // Your state goes here: fields of your own choosing.

  /**
   * @param clock - tells how much time has passed
   * @exercise etcd/lease
   */
  constructor(clock: Clock) {
    throw new NotImplemented('etcd/lease', 'Lessor.constructor');
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
    throw new NotImplemented('etcd/lease', 'Lessor.grant');
  }

  /**
   * Ends a lease.
   *
   * @returns the keys that were attached, ascending; the caller deletes them
   * @throws leaseNotFound() when there is no lease `id`
   * @exercise etcd/lease
   */
  revoke(id: LeaseId): ByteString[] {
    throw new NotImplemented('etcd/lease', 'Lessor.revoke');
  }

  /**
   * Gives a lease its full TTL again, from now.
   *
   * @returns that TTL in seconds; `undefined` when there is no such lease or it is due
   * @exercise etcd/lease
   */
  keepAlive(id: LeaseId): number | undefined {
    throw new NotImplemented('etcd/lease', 'Lessor.keepAlive');
  }

  /**
   * Says how a lease is doing.
   *
   * @returns `undefined` when there is no such lease
   * @exercise etcd/lease
   */
  timeToLive(id: LeaseId): LeaseStatus | undefined {
    throw new NotImplemented('etcd/lease', 'Lessor.timeToLive');
  }

  /**
   * All leases, those due soonest first; of those due at the same moment, the one granted first.
   *
   * @exercise etcd/lease
   */
  list(): LeaseId[] {
    throw new NotImplemented('etcd/lease', 'Lessor.list');
  }

  /**
   * The leases whose time is over, in the order of `list`.
   *
   * @exercise etcd/lease
   */
  due(): LeaseId[] {
    throw new NotImplemented('etcd/lease', 'Lessor.due');
  }

  /**
   * Checks that a key may be attached to a lease.
   *
   * @throws leaseNotFound() when there is no such lease; there is none with the id 0
   * @exercise etcd/lease
   */
  check(id: LeaseId): void {
    throw new NotImplemented('etcd/lease', 'Lessor.check');
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
    throw new NotImplemented('etcd/lease', 'Lessor.attach');
  }

  /**
   * What a snapshot writes down: every lease and its full TTL, in the order in which they were made.
   *
   * @exercise etcd/lease
   */
  state(): { readonly id: LeaseId; readonly ttlSeconds: number }[] {
    throw new NotImplemented('etcd/lease', 'Lessor.state');
  }
}
