/**
 * The hub that serves thousands of watches of unequal speed.
 *
 * Watches that are up to date hear of a commit at once; the others catch up in rounds, a bounded
 * piece each, from the history that the store keeps anyway. So nothing is buffered for a slow
 * watch but its place. The simple hub is `watchers.ts`.
 */

import type { ByteString } from './byte-string.ts';
import type { Event } from './rpc.ts';
import { inRange } from './tree-index.ts';
import { eventsAt, wants } from './watch.ts';
import type { Deliver, Watch, WatchHub, WatchSource, WatchSpec } from './watch-hub.ts';

/** How much one round of catching up does. */
export interface WatchGroupsOptions {
  /** Runs a function soon, but not at once; how a round is started when a watch is added. */
  readonly schedule: (run: () => void) => void;
  /** The most watches one round serves; 512 if left out. */
  readonly watchesPerRound?: number;
  /** The most main revisions one batch of a watch that catches up covers; 1,000 if left out. */
  readonly revisionsPerBatch?: number;
}

interface Member {
  readonly spec: WatchSpec;
  readonly deliver: Deliver;
  /** First main revision that has not been delivered. */
  next: number;
  /** Has had events since it was last asked to report, so a report would say nothing new. */
  hadEvents: boolean;
  /** Its receiver was full when it was last served. */
  isFull: boolean;
  isOpen: boolean;
}

/**
 * Delivers a store's events to synced watches at once and to the others in rounds.
 *
 * @remarks
 * Every watch is in one of two groups:
 *
 * - **synced**: everything up to the newest revision has been delivered (or the watch begins in the
 *   future). A commit is delivered to those that want any of it, in one batch, before the commit's
 *   caller goes on. If `deliver` says false, the watch moves to the unsynced, keeping its place.
 * - **unsynced**: it begins in the past, or its receiver was full. {@link sync} runs a round.
 *
 * A round serves the first `watchesPerRound` unsynced watches, those that have waited longest
 * first. Each gets one batch: the events it wants of at most `revisionsPerBatch` main revisions from
 * its place on. Whole revisions only. A batch without events is not delivered, the place moves on.
 * A watch that has reached the newest revision becomes synced; one that has not, or whose receiver
 * is full, waits behind all others. A watch whose place is below the compacted revision gets
 * `compactRevision`, and is over once that is taken.
 *
 * Adding an unsynced watch schedules a round, unless one is scheduled already; so does a round after
 * which some watch can still advance. A watch whose receiver is full is a reason for no round, but any
 * round serves it when its turn comes: {@link sync} is also called from outside, when there is room
 * again. In which order the synced watches hear of a commit is left open.
 *
 * ```text
 * store at 3000, watch A from 1, revisionsPerBatch 1000
 * sync()  A gets 1–1000, header revision 3000     sync()  1001–2000     sync()  2001–3000, synced
 * ```
 *
 * @see etcd v3.5 server/mvcc/watchable_store.go (syncWatchers, notify, victims), watcher_group.go
 */
export class WatchGroups implements WatchHub {
  readonly #source: WatchSource;
  readonly #options: Required<WatchGroupsOptions>;
  /** Insertion order is waiting order. */
  readonly #unsynced = new Set<Member>();
  readonly #synced = new Set<Member>();
  /** The synced watches of one key each, by key: a commit asks for its keys only. */
  readonly #syncedByKey = new Map<ByteString, Set<Member>>();
  /** The synced watches of ranges: a commit asks each. */
  readonly #syncedRanges = new Set<Member>();
  #isScheduled = false;

  /**
   * @param source - the store to watch
   * @param options - the sizes of a round, and how to start one
   * @exercise etcd/watch-groups
   */
  constructor(source: WatchSource, options: WatchGroupsOptions) {
    this.#source = source;
    this.#options = { watchesPerRound: 512, revisionsPerBatch: 1000, ...options };
    source.onCommit((revision) => this.#notify(revision));
  }

  /** The store's newest main revision. */
  get revision(): number {
    return this.#source.view().revision;
  }

  /**
   * Adds a watch; see the class for when it is served.
   *
   * @exercise etcd/watch-groups
   */
  add(spec: WatchSpec, deliver: Deliver): Watch {
    const member: Member = {
      spec,
      deliver,
      next: spec.startRevision,
      hadEvents: false,
      isFull: false,
      isOpen: true,
    };
    if (member.next > this.revision) {
      this.#join(member);
    } else {
      this.#unsynced.add(member);
      this.#scheduleRound();
    }
    const synced = this.#synced;
    return {
      get isSynced() {
        return synced.has(member);
      },
      close: () => {
        member.isOpen = false;
        this.#remove(member);
      },
    };
  }

  /**
   * Runs one round of catching up; see the class.
   *
   * @exercise etcd/watch-groups
   */
  sync(): void {
    const round = [...this.#unsynced].slice(0, this.#options.watchesPerRound);
    for (const member of round) {
      // A receiver may close any watch of the round while it is served, its own included.
      if (!this.#unsynced.delete(member)) continue;
      const outcome = this.#advance(member);
      if (outcome === 'over' || !member.isOpen) continue;
      member.isFull = outcome === 'full';
      if (outcome === 'synced') this.#join(member);
      else this.#unsynced.add(member);
    }
    // Full receivers alone must not keep rounds going: nobody else would ever get a turn.
    if ([...this.#unsynced].some(({ isFull }) => !isFull)) this.#scheduleRound();
  }

  /**
   * Tells every synced watch that asked for it (`progressNotify`) how far it is: a batch without
   * events. So also a watch that starts in the future. A watch that has had events since the last
   * call that found it synced is left out this time. A report that `deliver` does not take is not
   * offered again, and the watch stays synced.
   *
   * @exercise etcd/watch-groups
   */
  reportProgress(): void {
    const { revision } = this;
    for (const member of [...this.#synced]) {
      const isDue = member.spec.progressNotify && !member.hadEvents;
      member.hadEvents = false;
      if (isDue && this.#synced.has(member)) member.deliver({ revision, events: [] });
    }
  }

  /** Delivers the next piece of history to an unsynced watch. */
  #advance(member: Member): 'synced' | 'behind' | 'full' | 'over' {
    const view = this.#source.view();
    const { revision, compactedRevision } = view;
    if (member.next < compactedRevision) {
      const isTaken = member.deliver({ revision, events: [], compactRevision: compactedRevision });
      return isTaken ? 'over' : 'full';
    }
    const last = Math.min(revision, member.next + this.#options.revisionsPerBatch - 1);
    const events: Event[] = [];
    for (let main = member.next; main <= last; main++) {
      for (const event of eventsAt(view, main, member.spec.prevKv ?? false)) {
        if (wants(member.spec, event)) events.push(event);
      }
    }
    if (events.length > 0) {
      if (!member.deliver({ revision, events })) return 'full';
      member.hadEvents = true;
    }
    member.next = last + 1;
    return last === revision ? 'synced' : 'behind';
  }

  /** Delivers one commit to the synced watches that want it. */
  #notify(revision: number): void {
    if (this.#synced.size === 0) return;
    const view = this.#source.view();
    const plain = eventsAt(view, revision, false);
    // Looked up only if some watch asks, and then once for all of them.
    let withPrevKv: Event[] | undefined;
    for (const member of this.#interestedIn(plain)) {
      if (revision < member.next || !this.#synced.has(member)) continue;
      withPrevKv ??= member.spec.prevKv ? eventsAt(view, revision, true) : undefined;
      const all = member.spec.prevKv ? (withPrevKv ?? []) : plain;
      const events = all.every((event) => wants(member.spec, event))
        ? all
        : all.filter((event) => wants(member.spec, event));
      if (events.length === 0) continue;
      member.next = revision;
      if (member.deliver({ revision, events })) {
        member.next = revision + 1;
        member.hadEvents = true;
      } else if (this.#synced.has(member)) {
        this.#remove(member);
        member.isFull = true;
        this.#unsynced.add(member);
      }
    }
  }

  /** The synced watches whose range holds any of the events' keys, each once. */
  #interestedIn(events: readonly Event[]): Set<Member> {
    const members = new Set<Member>();
    for (const { kv } of events) {
      for (const member of this.#syncedRanges) {
        if (inRange(kv.key, member.spec)) members.add(member);
      }
      for (const member of this.#syncedByKey.get(kv.key) ?? []) members.add(member);
    }
    return members;
  }

  #join(member: Member): void {
    this.#synced.add(member);
    const { key, rangeEnd } = member.spec;
    if (rangeEnd) {
      this.#syncedRanges.add(member);
      return;
    }
    const group = this.#syncedByKey.get(key) ?? new Set();
    this.#syncedByKey.set(key, group.add(member));
  }

  #remove(member: Member): void {
    this.#unsynced.delete(member);
    if (!this.#synced.delete(member)) return;
    this.#syncedRanges.delete(member);
    const group = this.#syncedByKey.get(member.spec.key);
    if (group?.delete(member) && group.size === 0) this.#syncedByKey.delete(member.spec.key);
  }

  #scheduleRound(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#options.schedule(() => {
      this.#isScheduled = false;
      this.sync();
    });
  }
}
