/**
 * Which address and port a translated connection gets. Given.
 *
 * No two connections may look the same from outside, or answers could not be told apart.
 *
 * @see linux 6.1 net/netfilter/nf_nat_core.c (get_unique_tuple, nf_nat_l4proto_unique_tuple)
 */

import type { Random } from '#apimachinery';
import { familyOf, ipNumber, ipText } from '../services/ip-addresses.ts';
import type { NatSide } from './hooks.ts';
import type { Tuple } from './packet.ts';

/** What a rule leaves to choose from. */
export interface NatRange {
  /** First and last; the same one twice for one. Absent: the address stays. */
  readonly addresses?: readonly [first: string, last: string];
  /** Absent: the port stays if it can; of a sender it may be changed. */
  readonly ports?: readonly [first: number, last: number];
  /** A port is drawn even when the one it has would do: `--random`, `--random-fully`. */
  readonly isRandom: boolean;
  /** One client always gets the same address, whomever it asks: `--persistent`. */
  readonly isPersistent: boolean;
}

/** Leaves all as it is, if no other connection looks the same. */
export const UNCHANGED: NatRange = { isRandom: false, isPersistent: false };

/** What choosing needs. */
export interface Choice {
  /** Does another connection look like this already? */
  isTaken(tuple: Tuple): boolean;
  readonly random: Random;
}

/** The kernel looks at so many ports before it gives up. */
const MAX_TRIES = 128;

/**
 * Changes one side of a tuple so that it is in the range and like no other.
 *
 * @param tuple - the packet as it is now
 * @returns the tuple as it shall be; `undefined` when all are taken
 */
export function chooseTuple(
  tuple: Tuple,
  side: NatSide,
  range: NatRange,
  { isTaken, random }: Choice,
): Tuple | undefined {
  const ip = chooseAddress(tuple, side, range);
  const port = side === 'source' ? tuple.sourcePort : tuple.destinationPort;
  const isFree = (wanted: number) => !isTaken(withSide(tuple, side, ip, wanted));
  const ports = range.ports ?? usualPorts(tuple, side);
  const mayStay = range.ports === undefined || (port >= ports[0] && port <= ports[1]);
  // Many may be sent to one port; it is only who sends that must differ.
  if (side === 'destination' && ports[0] === ports[1]) return withSide(tuple, side, ip, ports[0]);
  if (mayStay && !range.isRandom && isFree(port)) return withSide(tuple, side, ip, port);
  const size = ports[1] - ports[0] + 1;
  const offset = random.int(size);
  for (let i = 0; i < Math.min(size, MAX_TRIES); i++) {
    const candidate = ports[0] + ((offset + i) % size);
    if (isFree(candidate)) return withSide(tuple, side, ip, candidate);
  }
  return undefined;
}

/** What a port may become when the rule does not say: like with like. */
function usualPorts({ protocol, sourcePort, destinationPort }: Tuple, side: NatSide) {
  if (side === 'destination') return [destinationPort, destinationPort] as const;
  if (protocol === 'icmp' || protocol === 'icmpv6') return [sourcePort, sourcePort] as const;
  if (sourcePort < 512) return [1, 511] as const;
  if (sourcePort < 1024) return [600, 1023] as const;
  return [1024, 65_535] as const;
}

function chooseAddress(tuple: Tuple, side: NatSide, range: NatRange): string {
  const [first, last] = range.addresses ?? [];
  if (first === undefined || last === undefined) {
    return side === 'source' ? tuple.source : tuple.destination;
  }
  if (first === last) return first;
  const low = ipNumber(first) ?? 0n;
  const size = (ipNumber(last) ?? low) - low + 1n;
  const asks = range.isPersistent ? tuple.source : `${tuple.source} ${tuple.destination}`;
  return ipText(low + (BigInt(hash(asks)) % size), familyOf(first));
}

/** FNV-1a: any will do, if the same client always gets the same address. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}

function withSide(tuple: Tuple, side: NatSide, ip: string, port: number): Tuple {
  return side === 'source'
    ? { ...tuple, source: ip, sourcePort: port }
    : { ...tuple, destination: ip, destinationPort: port };
}
