/**
 * Connection tracking: which connection a packet belongs to, and how the connection is translated.
 *
 * A connection has two tuples, one for each way. How long it is remembered is
 * `connection-lifetime.ts`; which address and port it gets is `nat-range.ts`; when it is asked is
 * `netfilter.ts`.
 */

import type { Clock, Random } from '#apimachinery';
import {
  type Connection,
  type Direction,
  INVALID,
  newConnection,
  type Tracked,
} from './connection.ts';
import { observe } from './connection-lifetime.ts';
import type { NatSide } from './hooks.ts';
import { chooseTuple, type NatRange, UNCHANGED } from './nat-range.ts';
import { inverted, type Packet, type Tuple, tupleKey } from './packet.ts';

/** What is remembered under one tuple. */
interface Entry {
  readonly connection: Connection;
  readonly direction: Direction;
}

/** So often, and only when something new comes, all is searched for what has expired. */
const SWEEP_INTERVAL_MS = 1000;

/**
 * All connections of a node.
 *
 * @remarks
 * A connection is remembered under two tuples: `original`, as its first packet came, and `reply`, as
 * an answer comes. Translation is in the difference: a client at 10.244.1.5 asks 10.96.0.10:80 and
 * shall reach 10.244.2.7:8080, masqueraded as 192.168.0.1:
 *
 * ```text
 * original  10.244.1.5:40000  → 10.96.0.10:80
 * reply     10.244.2.7:8080   → 192.168.0.1:51234     without translation: 10.96.0.10:80 → 10.244.1.5:40000
 * ```
 *
 * A packet that goes the original way shall look like `reply` the other way round, one that goes back
 * like `original` the other way round. So each packet gets its addresses from the *other* tuple, and
 * nobody looks at a rule again.
 *
 * Time is `clock.monotonic()`. From `expiresAtMs` on (the moment itself included) a connection is as if
 * it had never been.
 */
export class ConnectionTracking {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #entries = new Map<string, Entry>();
  #sweptAtMs = 0;

  /** @exercise kube-proxy/netfilter */
  constructor({ clock, random }: { readonly clock: Clock; readonly random: Random }) {
    this.#clock = clock;
    this.#random = random;
  }

  /**
   * Says which connection a packet belongs to.
   *
   * @remarks
   * 1. A packet with `about` (an error of ICMP) is RELATED when the packet it is about belongs to a
   *    remembered connection, either way, and INVALID when not. It has no `connection`, its direction is
   *    `original`, and it changes nothing.
   * 2. A packet whose tuple is remembered belongs to that connection: `observe` (given) notes it. When
   *    it answers `wrong` the packet is INVALID. When it answers `again` the connection is forgotten,
   *    and the packet is treated as in rule 3.
   * 3. Any other opens a connection: `newConnection` (given), then `observe` in the direction
   *    `original`; `wrong` is INVALID here, too. The connection is not remembered before `confirm`.
   *
   * The state is ESTABLISHED for a packet in the direction `reply`, and for one in the direction
   * `original` of a connection that somebody had answered (`isReplied`); else NEW.
   *
   * ```text
   * a → b   NEW          nobody answered yet
   * a → b   NEW          still nobody
   * b → a   ESTABLISHED  the answer
   * a → b   ESTABLISHED
   * ```
   *
   * @exercise kube-proxy/netfilter
   */
  track(packet: Packet): Tracked {
    if (packet.about) {
      const isKnown = this.#find(packet.about) !== undefined;
      return isKnown ? { state: 'RELATED', direction: 'original' } : INVALID;
    }
    const now = this.#clock.monotonic();
    const found = this.#find(packet);
    if (found) {
      const { connection, direction } = found;
      const seen = observe(connection, direction, packet, now);
      if (seen === 'wrong') return INVALID;
      if (seen === 'fine') {
        const isNew = direction === 'original' && !connection.isReplied;
        return { state: isNew ? 'NEW' : 'ESTABLISHED', connection, direction };
      }
      this.#forget(connection);
    }
    const connection = newConnection(packet, now);
    if (observe(connection, 'original', packet, now) === 'wrong') return INVALID;
    return { state: 'NEW', connection, direction: 'original' };
  }

  /**
   * Decides once and for all how one side of a connection is translated.
   *
   * @remarks The packet that goes the original way looks now like `reply` the other way round. Of that
   * tuple `chooseTuple` (given) changes one side; the connection's `reply` becomes what an answer to it
   * looks like, and `bound[side]` becomes true. With no range, {@link UNCHANGED} is chosen from: a
   * sender may get another port even then, when two connections would look the same from outside.
   *
   * A tuple is taken when a remembered connection other than this one would be found under the answer
   * to it. (Bound again after `confirm`, a connection does not stand in its own way.)
   *
   * @param range - what the rule says; absent when no rule spoke of it
   * @returns false when every tuple is taken: nothing is changed, and the packet must be dropped
   * @exercise kube-proxy/netfilter
   */
  bind(connection: Connection, side: NatSide, range?: NatRange): boolean {
    const chosen = chooseTuple(inverted(connection.reply), side, range ?? UNCHANGED, {
      isTaken: (tuple) => {
        const found = this.#find(inverted(tuple));
        return found !== undefined && found.connection !== connection;
      },
      random: this.#random,
    });
    if (chosen === undefined) return false;
    connection.reply = inverted(chosen);
    connection.bound[side] = true;
    return true;
  }

  /**
   * Gives one side of a packet the address and port it has to have.
   *
   * @remarks They come from the other tuple of the connection, the other way round: a packet in the
   * direction `original` from `reply`, one in the direction `reply` from `original`. The mark and all
   * else stay. A packet without a connection stays as it is.
   *
   * ```text
   * the connection above
   * original, destination   10.244.1.5:40000 → 10.96.0.10:80      becomes  … → 10.244.2.7:8080
   * original, source        10.244.1.5:40000 → 10.244.2.7:8080    becomes  192.168.0.1:51234 → …
   * reply, destination      10.244.2.7:8080 → 192.168.0.1:51234   becomes  … → 10.244.1.5:40000
   * reply, source           10.244.2.7:8080 → 10.244.1.5:40000    becomes  10.96.0.10:80 → …
   * ```
   *
   * @returns `packet` itself when nothing is to change
   * @exercise kube-proxy/netfilter
   */
  translate(packet: Packet, { connection, direction }: Tracked, side: NatSide): Packet {
    if (!connection) return packet;
    const wanted = inverted(direction === 'original' ? connection.reply : connection.original);
    const change =
      side === 'source'
        ? { source: wanted.source, sourcePort: wanted.sourcePort }
        : { destination: wanted.destination, destinationPort: wanted.destinationPort };
    const changed = { ...packet, ...change };
    return tupleKey(changed) === tupleKey(packet) ? packet : changed;
  }

  /**
   * Remembers a connection from now on, under both tuples: its first packet got through.
   *
   * @remarks A packet that was dropped or rejected leaves nothing behind. One of a connection that is
   * remembered, or without one, changes nothing. `isConfirmed` becomes true.
   *
   * When a connection is to be remembered, and the last search was a second or more ago, all is searched
   * for what has expired, and that is thrown away: nobody has to ask about a connection for it to go.
   *
   * @exercise kube-proxy/netfilter
   */
  confirm({ connection }: Tracked): void {
    if (!connection || connection.isConfirmed) return;
    this.#sweep();
    connection.isConfirmed = true;
    this.#entries.set(tupleKey(connection.original), { connection, direction: 'original' });
    this.#entries.set(tupleKey(connection.reply), { connection, direction: 'reply' });
  }

  /**
   * How many connections take up memory, each counted once: with those that have expired and that
   * nobody has thrown away yet. As the kernel's `nf_conntrack_count`.
   *
   * @exercise kube-proxy/netfilter
   */
  get count(): number {
    return this.#entries.size / 2;
  }

  /**
   * What is remembered and has not expired, oldest first, each connection once.
   *
   * @exercise kube-proxy/netfilter
   */
  connections(): Connection[] {
    const now = this.#clock.monotonic();
    return [...this.#entries.values()]
      .filter(
        ({ direction, connection }) => direction === 'original' && connection.expiresAtMs > now,
      )
      .map(({ connection }) => connection);
  }

  /**
   * Forgets all connections that fit.
   *
   * @returns how many
   * @exercise kube-proxy/netfilter
   */
  flush(fits: (connection: Connection) => boolean): number {
    const gone = this.connections().filter(fits);
    for (const connection of gone) this.#forget(connection);
    return gone.length;
  }

  #find(tuple: Tuple): Entry | undefined {
    const found = this.#entries.get(tupleKey(tuple));
    if (found === undefined || found.connection.expiresAtMs > this.#clock.monotonic()) return found;
    this.#forget(found.connection);
    return undefined;
  }

  #forget({ original, reply }: Connection): void {
    this.#entries.delete(tupleKey(original));
    this.#entries.delete(tupleKey(reply));
  }

  #sweep(): void {
    const now = this.#clock.monotonic();
    if (now - this.#sweptAtMs < SWEEP_INTERVAL_MS) return;
    this.#sweptAtMs = now;
    for (const { connection } of this.#entries.values()) {
      if (connection.expiresAtMs <= now) this.#forget(connection);
    }
  }
}
