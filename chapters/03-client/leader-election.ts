/**
 * One of several candidates leads, and when it is gone, another.
 *
 * How the record of who leads is read and written is `lease-lock.ts`. Who uses it: programs of which
 * two run so that one may fail, as kube-controller-manager and kube-scheduler.
 */

import type { Lease } from 'kubernetes-types/coordination/v1.js';
import type { Clock, Logger, Random } from '#apimachinery';
import { NotImplemented } from '#not-implemented';
import type { ResourceClient } from './client.ts';
import type { ElectionTiming } from './election-timing.ts';
import type { EventRecorder } from './event-recorder.ts';

/** What a candidate wants to know. */
export interface LeaderCallbacks {
  /**
   * It leads: do the work.
   *
   * @param signal - aborts when it does not lead any more; then nothing may be begun
   * @returns when the work is over, if it takes time. Who rejects ends its leadership
   */
  onStartedLeading(signal: AbortSignal): void | Promise<void>;
  /** It does not lead any more, or ended without having led. */
  onStoppedLeading(): void;
  /** Somebody leads who did not before; also this candidate itself. */
  onNewLeader?(identity: string): void;
}

/** What a candidate needs. */
export interface LeaderElectorOptions extends Partial<ElectionTiming> {
  /** The client of the Lease's namespace. */
  readonly leases: ResourceClient<Lease>;
  /** The Lease's name: `kube-scheduler`. */
  readonly name: string;
  /** Who this candidate is; no other may have the same. */
  readonly identity: string;
  readonly callbacks: LeaderCallbacks;
  /** Give the Lease back in the end, so that the next need not wait; `false` if absent. */
  readonly releaseOnCancel?: boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Told who became leader and who stopped leading. */
  readonly recorder?: EventRecorder;
}

/**
 * A candidate in an election.
 *
 * @remarks
 * The record in the Lease says who holds it. The holder writes it again and again; the others read it
 * and look whether it has changed. Two rules make sure that no two lead at once, whatever happens to
 * requests and answers and however wrong the computers' clocks are (as long as they run equally
 * fast):
 *
 * - A leader stops leading `renewDeadline` after it **sent** the last write that succeeded. What it
 *   knows only since the answer came, others may have seen since it was sent.
 * - A candidate takes the Lease from another when it has **seen no change** for the
 *   `leaseDurationSeconds` in the record, from when it first saw this version, on its own clock. The
 *   times in the record are for people: it never compares with them. It writes only if the Lease is
 *   still the version it has read.
 *
 * ```text
 * lease 15 s, deadline 10 s, retry 2 s
 *  0 s   a creates the Lease and leads                            renewTime 0 s
 *  2 s   a writes                                                 renewTime 2 s
 *  3 s   b reads it, and again every 2 to 4.4 s
 *  4 s   a is cut off; its requests fail, it tries every 2 s
 * 12 s   a has not written since 2 s: it stops leading
 * 18 s   b has seen no change since 3 s; with its next try it takes the Lease: leaderTransitions 1
 * ```
 *
 * Time is measured with the clock's `monotonic()`; `now()` is only written into records.
 *
 * @see client-go v0.33 tools/leaderelection/leaderelection.go, where the deadline begins with the
 * first try after the retry period, so that slow answers can make two lead
 */
export class LeaderElector {
  // Your state goes here: fields of your own choosing.

  /**
   * Makes a candidate that does nothing before `run`. The timing is that of
   * {@link newElectionTiming}; its lock is a {@link LeaseLock}.
   *
   * @throws RangeError what `newElectionTiming` throws; then, when `identity` is `''`,
   * `Lock identity is empty`
   * @exercise client/leader-election
   */
  constructor(options: LeaderElectorOptions) {
    throw new NotImplemented('client/leader-election', 'LeaderElector.constructor');
  }

  /**
   * Takes part in the election: waits until it can lead, leads, and ends when it does not lead any
   * more.
   *
   * @remarks
   * **Each try.** Who last saw itself as the holder first writes at once, without reading (one
   * request). When that fails, and for everybody else: read the Lease. If there is none, create it
   * (`leaderTransitions` 0). If another holds it and its time is not over, the try has failed. Else
   * write the record: with this identity, the lease duration in whole seconds (rounded up),
   * `renewTime` now (`microTimestamp` of the clock's `now()`). Who held it already keeps `acquireTime` and `leaderTransitions`; else
   * `acquireTime` is now, and there is one more transition. A request that fails for whatever reason
   * makes the try fail. So does a write after which the Lease has the `resourceVersion` it had before:
   * nothing has changed, and others see no sign of life. (If that was the write without reading, the
   * Lease is read and written as after any other failure.) Candidates do not count a write whose answer
   * came `renewDeadline` or more after it was sent: the try has failed, and if that was the write
   * without reading, nothing is read after it.
   *
   * **Candidates** try at once and then, after each try that failed, wait the retry period and up to
   * {@link JITTER_FACTOR} times as much more (`random.jitter`). **The leader** waits exactly the
   * retry period between tries, whether they failed or not.
   *
   * **Leading** begins with `onStartedLeading`, called once. It ends, whatever is under way,
   * - when `signal` aborts;
   * - `renewDeadline` after the last successful write was sent;
   * - when it reads that another is the holder (that nobody is, `''`, ends nothing: it writes itself in
   *   again, in the same try, as if it took the Lease from another);
   * - when `onStartedLeading` throws or its promise rejects. That it resolves ends nothing.
   *
   * **In the end** these happen in this order: the work's signal aborts;
   * `onStoppedLeading` is called, once, also by who never led; the promise from `onStartedLeading`
   * settles; with `releaseOnCancel`, who last saw itself as the holder reads the Lease and, if that
   * is so, writes a record without holder (`''`), of 1 second, `acquireTime` and `renewTime` now, and
   * the same `leaderTransitions`. If that fails it is not tried again. Then `run` resolves and leaves
   * no timer.
   *
   * `onNewLeader` is called after a try, before leading begins with it, when the holder seen is
   * another than the one before; that nobody holds the Lease is no news. `recorder` is told
   * `<identity> became leader` before `onStartedLeading` is called and `<identity> stopped leading`
   * before `onStoppedLeading` is, if it led (`LeaseLock.recordEvent`). `onNewLeader` and
   * `onStoppedLeading` must not throw: if one does, the election is over and `run` rejects with that.
   *
   * @param signal - aborts: this candidate is to go. Aborted before: no request is made
   * @throws what `onStartedLeading` threw or its promise rejected with, as a rejection, after all of the
   * above; also if it rejected only because its signal aborted
   * @exercise client/leader-election
   */
  async run(signal: AbortSignal): Promise<void> {
    throw new NotImplemented('client/leader-election', 'LeaderElector.run');
  }

  /**
   * Does this candidate lead, that is, do the work?
   *
   * @exercise client/leader-election
   */
  get isLeader(): boolean {
    throw new NotImplemented('client/leader-election', 'LeaderElector.isLeader');
  }

  /**
   * The identity in the record that was last seen or written; `''` before, and when nobody holds it.
   *
   * @exercise client/leader-election
   */
  get leader(): string {
    throw new NotImplemented('client/leader-election', 'LeaderElector.leader');
  }
}
