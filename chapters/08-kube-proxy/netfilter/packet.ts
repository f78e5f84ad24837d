/**
 * A packet as netfilter sees it: addresses, ports, a mark. Given.
 *
 * A packet is never changed: what a rule does to it makes another one. Next: `rule.ts`.
 */

/** What is in the header. Rules about other protocols are refused. */
export type PacketProtocol = 'tcp' | 'udp' | 'sctp' | 'icmp' | 'icmpv6';

/** Who talks to whom: what connection tracking knows a packet by. */
export interface Tuple {
  readonly protocol: PacketProtocol;
  /** Addresses are written the usual way: `10.0.0.1`, `fd00::1`. */
  readonly source: string;
  /** 0 where the protocol has no ports. */
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
}

/** The flags of TCP, as far as they matter: `syn` opens, `fin` and `rst` end. */
export type TcpFlag = 'syn' | 'syn-ack' | 'ack' | 'fin' | 'rst';

/** One packet on its way. */
export interface Packet extends Tuple {
  /** 32 bits that rules leave each other notes in; it never leaves the node. */
  readonly mark: number;
  /** TCP only. Absent: `syn` or `syn-ack` while a connection opens, then `ack`. */
  readonly tcp?: TcpFlag;
  /** For an error of ICMP: the packet it is about. */
  readonly about?: Tuple;
}

/** The tuple of an answer: source and destination change places. */
export function inverted(tuple: Tuple): Tuple {
  return {
    protocol: tuple.protocol,
    source: tuple.destination,
    sourcePort: tuple.destinationPort,
    destination: tuple.source,
    destinationPort: tuple.sourcePort,
  };
}

/** A tuple as a key of a map: equal tuples have equal keys. */
export function tupleKey(tuple: Tuple): string {
  return `${tuple.protocol} ${tuple.source} ${tuple.sourcePort} ${tuple.destination} ${tuple.destinationPort}`;
}
