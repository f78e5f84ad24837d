/**
 * Who leads, written down in a Lease that all candidates read. Given.
 *
 * This only reads and writes the record. What it means, who may write it and when, is
 * `leader-election.ts`.
 */

import type { Lease } from 'kubernetes-types/coordination/v1.js';
import { type Clock, isNotFound } from '#apimachinery';
import { abortable } from './abortable.ts';
import type { ResourceClient } from './client.ts';
import type { EventRecorder } from './event-recorder.ts';
import { LEASES } from './resource-types.ts';

/** What a Lease says about a leader. */
export interface LeaderElectionRecord {
  /** `''`: nobody leads, anybody may. */
  readonly holderIdentity: string;
  /** So long after the record changed nobody else may take it. */
  readonly leaseDurationSeconds: number;
  /** When the holder began, on the holder's clock: `2025-01-01T00:00:00.000000Z`. */
  readonly acquireTime: string;
  /** When the holder last said that it is alive, on the holder's clock. */
  readonly renewTime: string;
  /** How often it went from one holder to another. */
  readonly leaderTransitions: number;
}

/** A record and which version of the Lease it was in: it is another with every write. */
export interface VersionedRecord {
  readonly record: LeaderElectionRecord;
  readonly resourceVersion: string;
}

/** What a lock needs. */
export interface LeaseLockOptions {
  /** The client of the Lease's namespace. */
  readonly leases: ResourceClient<Lease>;
  /** The Lease's name. */
  readonly name: string;
  readonly clock: Clock;
  /** After so long a request counts as failed, in milliseconds. */
  readonly timeoutMs: number;
  /** Who is told of `recordEvent`. */
  readonly recorder?: EventRecorder | undefined;
}

/**
 * The record of one election.
 *
 * @remarks A request that failed, was not answered in time or was aborted may nevertheless have been
 * carried out, or may be later. A write is carried out only if nobody has written since this lock
 * last got an answer.
 *
 * @see client-go v0.33 tools/leaderelection/resourcelock/leaselock.go
 */
export class LeaseLock {
  readonly #options: LeaseLockOptions;
  /** As of the last answer. */
  #lease: Lease | undefined;

  constructor(options: LeaseLockOptions) {
    this.#options = options;
  }

  /** Reads the record; `undefined` when there is no Lease. */
  async get(signal: AbortSignal): Promise<VersionedRecord | undefined> {
    const { leases, name } = this.#options;
    try {
      return this.#keep(await this.#inTime(signal, (options) => leases.get(name, options)));
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** Creates the Lease; fails when there is one. */
  async create(record: LeaderElectionRecord, signal: AbortSignal): Promise<VersionedRecord> {
    const { leases, name } = this.#options;
    const lease: Lease = { metadata: { name }, spec: specOf(record) };
    return this.#keep(await this.#inTime(signal, (options) => leases.create(lease, options)));
  }

  /** Writes the record; fails with a conflict when somebody has written since the last answer. */
  async update(record: LeaderElectionRecord, signal: AbortSignal): Promise<VersionedRecord> {
    const { leases, name } = this.#options;
    if (this.#lease === undefined) throw new Error(`lease ${name}: update before get or create`);
    const lease: Lease = { ...this.#lease, spec: { ...this.#lease.spec, ...specOf(record) } };
    return this.#keep(await this.#inTime(signal, (options) => leases.update(lease, options)));
  }

  /** Tells people what became of a candidate: an Event of the Lease, `who became leader`. */
  recordEvent(message: string): void {
    if (this.#lease === undefined) return;
    this.#options.recorder?.event(LEASES, this.#lease, 'Normal', 'LeaderElection', message);
  }

  #keep(lease: Lease): VersionedRecord {
    this.#lease = lease;
    return {
      record: recordOf(lease),
      resourceVersion: lease.metadata?.resourceVersion ?? '',
    };
  }

  /** Rejects in time even if the client does not listen to its signal. */
  async #inTime<R>(
    signal: AbortSignal,
    request: (options: { signal: AbortSignal }) => Promise<R>,
  ): Promise<R> {
    signal.throwIfAborted();
    const { clock, name, timeoutMs } = this.#options;
    const ended = new AbortController();
    const onAbort = (): void => ended.abort(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    const timer = clock.after(timeoutMs, () =>
      ended.abort(new Error(`lease ${name}: no answer within ${timeoutMs} ms`)),
    );
    try {
      return await abortable(request({ signal: ended.signal }), ended.signal);
    } finally {
      timer.cancel();
      signal.removeEventListener('abort', onAbort);
    }
  }
}

function specOf(record: LeaderElectionRecord): NonNullable<Lease['spec']> {
  const { leaderTransitions, ...rest } = record;
  return { ...rest, leaseTransitions: leaderTransitions };
}

function recordOf({ spec = {} }: Lease): LeaderElectionRecord {
  return {
    holderIdentity: spec.holderIdentity ?? '',
    leaseDurationSeconds: spec.leaseDurationSeconds ?? 0,
    acquireTime: spec.acquireTime ?? '',
    renewTime: spec.renewTime ?? '',
    leaderTransitions: spec.leaseTransitions ?? 0,
  };
}
