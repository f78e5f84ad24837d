/**
 * What connection tracking remembers of a connection. Given; who keeps them is
 * `connection-tracking.ts`.
 */

import type { NatSide } from './hooks.ts';
import { inverted, type Packet, type Tuple } from './packet.ts';

/** A packet goes the way the first one went, or back. */
export type Direction = 'original' | 'reply';

/** What `-m conntrack --ctstate` calls a packet. */
export type ConnectionState = 'NEW' | 'ESTABLISHED' | 'RELATED' | 'INVALID' | 'UNTRACKED';

/** @see linux 6.1 include/uapi/linux/netfilter/nf_conntrack_tcp.h */
export type TcpState =
  | 'NONE'
  | 'SYN_SENT'
  | 'SYN_RECV'
  | 'ESTABLISHED'
  | 'FIN_WAIT'
  | 'CLOSE_WAIT'
  | 'LAST_ACK'
  | 'TIME_WAIT'
  | 'CLOSE';

/** One connection, of TCP or of anything else. */
export interface Connection {
  /** The first packet as it came. */
  readonly original: Tuple;
  /**
   * What an answer looks like when it comes. Without translation it is `original` the other way
   * round; translating a connection is nothing but changing this.
   */
  reply: Tuple;
  /** For which sides it was decided whether they are translated. The `nat` table is asked once. */
  readonly bound: Record<NatSide, boolean>;
  /** Somebody answered. */
  isReplied: boolean;
  /** Its first packet got through, so it is remembered. */
  isConfirmed: boolean;
  tcpState: TcpState;
  readonly createdAtMs: number;
  /** By the monotonic clock: from this moment on it is as if it had never been. */
  expiresAtMs: number;
}

/** What is known of one packet. */
export interface Tracked {
  readonly state: ConnectionState;
  /** Absent for INVALID, UNTRACKED and RELATED. */
  readonly connection?: Connection;
  readonly direction: Direction;
}

/** A packet that connection tracking has not seen, or can make nothing of. */
export const INVALID: Tracked = { state: 'INVALID', direction: 'original' };
/** A packet that a rule has exempted. */
export const UNTRACKED: Tracked = { state: 'UNTRACKED', direction: 'original' };

/** The connection that a packet opens, not translated and not yet remembered. */
export function newConnection(packet: Packet, nowMs: number): Connection {
  const { protocol, source, sourcePort, destination, destinationPort } = packet;
  const original = { protocol, source, sourcePort, destination, destinationPort };
  return {
    original,
    reply: inverted(original),
    bound: { source: false, destination: false },
    isReplied: false,
    isConfirmed: false,
    tcpState: 'NONE',
    createdAtMs: nowMs,
    expiresAtMs: nowMs,
  };
}

/** Does the connection lead elsewhere than its first packet asked? What `--ctstate DNAT` asks. */
export function isDestinationTranslated({ original, reply }: Connection): boolean {
  return reply.source !== original.destination || reply.sourcePort !== original.destinationPort;
}

/** Is another sender shown than the first packet's? What `--ctstate SNAT` asks. */
export function isSourceTranslated({ original, reply }: Connection): boolean {
  return reply.destination !== original.source || reply.destinationPort !== original.sourcePort;
}
