/**
 * Connection tracking: which connection a packet belongs to, and how the connection is translated.
 *
 * A connection has two tuples, one for each way. Where it is kept is `connection-table.ts`, and for how
 * long `connection-lifetime.ts`; which address and port it gets is `nat-range.ts`; when it is asked is
 * `netfilter.ts`.
 */

import type { Clock, Random } from '#apimachinery';
import { NotImplemented } from '#not-implemented';
import type { Connection, Tracked } from './connection.ts';
import { ConnectionTable } from './connection-table.ts';
import type { NatSide } from './hooks.ts';
import type { NatRange } from './nat-range.ts';
import type { Packet } from './packet.ts';

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
 * What is remembered is in `table` ({@link ConnectionTable}, given). Time is `clock.monotonic()`.
 */
export class ConnectionTracking {
  readonly clock: Clock;
  /** For `chooseTuple`. */
  readonly random: Random;
  /** What is remembered. What has expired is not found in it. */
  readonly table: ConnectionTable;

  constructor({ clock, random }: { readonly clock: Clock; readonly random: Random }) {
    this.clock = clock;
    this.random = random;
    this.table = new ConnectionTable(clock);
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
    throw new NotImplemented('kube-proxy/netfilter', 'ConnectionTracking.track');
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
    throw new NotImplemented('kube-proxy/netfilter', 'ConnectionTracking.bind');
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
    throw new NotImplemented('kube-proxy/netfilter', 'ConnectionTracking.translate');
  }

  /**
   * Remembers a connection from now on, under both tuples: its first packet got through.
   *
   * @remarks A packet that was dropped or rejected leaves nothing behind. `isConfirmed` becomes true, and
   * says that this has happened: a connection is remembered once. So a packet of one that is remembered,
   * or that was and has been forgotten meanwhile (flushed, expired), changes nothing; nor does a packet
   * without a connection.
   *
   * @exercise kube-proxy/netfilter
   */
  confirm({ connection }: Tracked): void {
    throw new NotImplemented('kube-proxy/netfilter', 'ConnectionTracking.confirm');
  }

  /** How many connections take up memory: with those that have expired and that nobody has met yet. */
  get count(): number {
    return this.table.count;
  }

  /** What is remembered and has not expired, each connection once, in the order in which they were confirmed. */
  connections(): Connection[] {
    return this.table.list();
  }

  /** Forgets all connections that fit, of those that are remembered. @returns how many */
  flush(fits: (connection: Connection) => boolean): number {
    const gone = this.table.list().filter(fits);
    for (const connection of gone) this.table.delete(connection);
    return gone.length;
  }
}
