/**
 * The connections that are remembered, and how one is found by a packet. Given.
 *
 * When a connection is remembered, and what it means, is `connection-tracking.ts`.
 */

import type { Clock } from '#apimachinery';
import type { Connection, Direction } from './connection.ts';
import { type Tuple, tupleKey } from './packet.ts';

/** What is remembered under one tuple. */
export interface TableEntry {
  readonly connection: Connection;
  /** `original` under the connection's tuple of that name, `reply` under the other one. */
  readonly direction: Direction;
}

/** So often, and only when something new comes, all is searched for what has expired. */
const SWEEP_INTERVAL_MS = 1000;

/**
 * Connections by both of their tuples.
 *
 * @remarks Time is `clock.monotonic()`. From `expiresAtMs` on (the moment itself included) a connection
 * is as if it had never been: nobody finds it. Whoever meets it throws it away; and `add` searches all,
 * if it is a second or more since it did so last. So what nobody asks about goes, too.
 */
export class ConnectionTable {
  readonly #clock: Clock;
  readonly #entries = new Map<string, TableEntry>();
  #sweptAtMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * How many connections take up memory, each counted once: with those that have expired and that
   * nobody has met yet. As the kernel's `nf_conntrack_count`.
   */
  get count(): number {
    return this.#entries.size / 2;
  }

  /** The connection that a packet with this tuple belongs to, and which way it goes. */
  find(tuple: Tuple): TableEntry | undefined {
    const found = this.#entries.get(tupleKey(tuple));
    if (found === undefined || found.connection.expiresAtMs > this.#clock.monotonic()) return found;
    this.delete(found.connection);
    return undefined;
  }

  /** All that have not expired, each once, in the order in which they were added. */
  list(): Connection[] {
    const now = this.#clock.monotonic();
    return [...this.#entries.values()].flatMap(({ direction, connection }) =>
      direction === 'original' && connection.expiresAtMs > now ? [connection] : [],
    );
  }

  /** From now on it is found under both of its tuples, as they are now. */
  add(connection: Connection): void {
    this.#sweep();
    this.#entries.set(tupleKey(connection.original), { connection, direction: 'original' });
    this.#entries.set(tupleKey(connection.reply), { connection, direction: 'reply' });
  }

  /** It is not found any more. */
  delete({ original, reply }: Connection): void {
    this.#entries.delete(tupleKey(original));
    this.#entries.delete(tupleKey(reply));
  }

  #sweep(): void {
    const now = this.#clock.monotonic();
    if (now - this.#sweptAtMs < SWEEP_INTERVAL_MS) return;
    this.#sweptAtMs = now;
    for (const { connection } of this.#entries.values()) {
      if (connection.expiresAtMs <= now) this.delete(connection);
    }
  }
}
