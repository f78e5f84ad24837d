/**
 * How long a connection is remembered, and which packets do not belong to it. Given.
 *
 * The states of TCP are a table; the durations are the kernel's defaults.
 *
 * @see linux 6.1 net/netfilter/nf_conntrack_proto_tcp.c, nf_conntrack_proto_udp.c
 */

import type { Connection, Direction, TcpState } from './connection.ts';
import type { Packet, PacketProtocol, TcpFlag } from './packet.ts';

const SECOND_MS = 1000;

const TCP_TIMEOUT_SECONDS: Readonly<Record<TcpState, number>> = {
  NONE: 120,
  SYN_SENT: 120,
  SYN_RECV: 60,
  ESTABLISHED: 5 * 24 * 3600,
  FIN_WAIT: 120,
  CLOSE_WAIT: 60,
  LAST_ACK: 30,
  TIME_WAIT: 120,
  CLOSE: 10,
};

/** Until somebody answered, and after. */
const TIMEOUT_SECONDS: Readonly<Record<Exclude<PacketProtocol, 'tcp'>, readonly [number, number]>> =
  { udp: [30, 120], sctp: [3, 210], icmp: [30, 30], icmpv6: [30, 30] };

/** Questions and answers of UDP over in less than this were no stream: they keep the short time. */
const STREAM_AFTER_MS = 2 * SECOND_MS;

/** Stays as it was; is no packet of this connection. */
const STAY = '=';
const WRONG = '!';
type Next = TcpState | typeof STAY | typeof WRONG;

const FIN: Partial<Record<TcpState, Next>> = {
  SYN_RECV: 'FIN_WAIT',
  ESTABLISHED: 'FIN_WAIT',
  FIN_WAIT: 'LAST_ACK',
  CLOSE_WAIT: 'LAST_ACK',
  LAST_ACK: 'LAST_ACK',
  TIME_WAIT: 'TIME_WAIT',
  CLOSE: 'CLOSE',
};
const ACK: Partial<Record<TcpState, Next>> = {
  ESTABLISHED: 'ESTABLISHED',
  FIN_WAIT: 'CLOSE_WAIT',
  CLOSE_WAIT: 'CLOSE_WAIT',
  LAST_ACK: 'TIME_WAIT',
  TIME_WAIT: 'TIME_WAIT',
  CLOSE: 'CLOSE',
};
const RST: Partial<Record<TcpState, Next>> = Object.fromEntries(
  Object.keys(TCP_TIMEOUT_SECONDS)
    .filter((state) => state !== 'NONE')
    .map((state) => [state, 'CLOSE']),
);

/** What a flag makes of a state, by direction; what is not there is wrong. */
const TCP_NEXT: Readonly<Record<Direction, Record<TcpFlag, Partial<Record<TcpState, Next>>>>> = {
  original: {
    syn: {
      NONE: 'SYN_SENT',
      SYN_SENT: 'SYN_SENT',
      SYN_RECV: STAY,
      ESTABLISHED: STAY,
      FIN_WAIT: STAY,
      CLOSE_WAIT: STAY,
      LAST_ACK: STAY,
    },
    'syn-ack': {},
    fin: FIN,
    // Somebody who speaks in the middle of a connection is believed.
    ack: { ...ACK, NONE: 'ESTABLISHED', SYN_RECV: 'ESTABLISHED' },
    rst: RST,
  },
  reply: {
    syn: {},
    'syn-ack': { SYN_SENT: 'SYN_RECV', SYN_RECV: STAY, ESTABLISHED: STAY },
    fin: FIN,
    ack: { ...ACK, SYN_SENT: STAY, SYN_RECV: STAY },
    rst: RST,
  },
};

/**
 * Notes that a packet of a connection was seen: its state, and when it will be forgotten.
 *
 * @returns `wrong` when it cannot be of this connection: nothing is noted; `again` when it opens a
 *   new connection where an old one has ended: the old one must go
 */
export function observe(
  connection: Connection,
  direction: Direction,
  packet: Packet,
  nowMs: number,
): 'fine' | 'wrong' | 'again' {
  if (packet.protocol === 'tcp') return observeTcp(connection, direction, packet, nowMs);
  const [alone, answered] = TIMEOUT_SECONDS[packet.protocol];
  const { isReplied, createdAtMs } = connection;
  const isStream = packet.protocol !== 'udp' || nowMs > createdAtMs + STREAM_AFTER_MS;
  const seconds = isReplied && isStream ? answered : alone;
  connection.expiresAtMs = nowMs + seconds * SECOND_MS;
  if (direction === 'reply') connection.isReplied = true;
  return 'fine';
}

function observeTcp(
  connection: Connection,
  direction: Direction,
  packet: Packet,
  nowMs: number,
): 'fine' | 'wrong' | 'again' {
  const { tcpState, isReplied } = connection;
  const flag = packet.tcp ?? usualFlag(tcpState, direction);
  const isOver = tcpState === 'TIME_WAIT' || tcpState === 'CLOSE';
  if (isOver && flag === 'syn') return 'again';
  const next = TCP_NEXT[direction][flag][tcpState] ?? WRONG;
  if (next === WRONG) return 'wrong';
  if (next !== STAY) connection.tcpState = next;
  // A refused connection is forgotten at once: the port may be tried again.
  const isRefused = flag === 'rst' && !isReplied;
  const seconds = TCP_TIMEOUT_SECONDS[connection.tcpState];
  connection.expiresAtMs = isRefused ? nowMs : nowMs + seconds * SECOND_MS;
  if (direction === 'reply') connection.isReplied = true;
  return 'fine';
}

/** What a packet is when nobody says. */
function usualFlag(state: TcpState, direction: Direction): TcpFlag {
  const isOpening = state === 'NONE' || state === 'SYN_SENT';
  if (!isOpening) return 'ack';
  return direction === 'original' ? 'syn' : 'syn-ack';
}
