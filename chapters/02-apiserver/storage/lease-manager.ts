/**
 * Leases for objects that live for a time (Events). Given.
 *
 * A lease per object would be a write more for each; so objects written about the same time share
 * one, and live a little longer than asked for.
 */

import type { Clock } from '#apimachinery';
import type { EtcdClient } from '#etcd';

/** For how long a lease is given out again, at most. */
const REUSE_SECONDS = 60;
/** The same as a part of the time to live, for short ones. */
const REUSE_PART = 0.05;
const MAX_OBJECTS_PER_LEASE = 1000;

/**
 * Gives out leases, one for many objects.
 *
 * @see k8s.io/apiserver/pkg/storage/etcd3/lease_manager.go (1.33)
 */
export class LeaseManager {
  readonly #client: EtcdClient;
  readonly #clock: Clock;
  readonly #current = new Map<number, SharedLease>();

  constructor(client: EtcdClient, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** A lease under which an object lives for at least `ttlSeconds`. */
  async leaseFor(ttlSeconds: number): Promise<bigint> {
    const now = this.#clock.monotonic();
    let shared = this.#current.get(ttlSeconds);
    if (shared === undefined || shared.untilMs <= now || shared.objects >= MAX_OBJECTS_PER_LEASE) {
      const reuseSeconds = Math.max(
        1,
        Math.min(REUSE_SECONDS, Math.floor(ttlSeconds * REUSE_PART)),
      );
      const id = this.#client.leaseGrant(ttlSeconds + reuseSeconds).then((lease) => lease.id);
      shared = { id, untilMs: now + reuseSeconds * 1000, objects: 0 };
      this.#current.set(ttlSeconds, shared);
      // The next object asks again when this one was refused.
      id.catch(() => this.#current.delete(ttlSeconds));
    }
    shared.objects += 1;
    return shared.id;
  }
}

interface SharedLease {
  readonly id: Promise<bigint>;
  readonly untilMs: number;
  objects: number;
}
