/** Ranges of addresses for load balancers: `192.0.2.10-192.0.2.20`, `192.0.2.0/28`. Given. */

import { addressText, parseAddress, parseCidr } from '../node/cidr.ts';

/** All addresses from the first to the last. */
export interface AddressRange {
  readonly bits: 32 | 128;
  readonly first: bigint;
  readonly last: bigint;
}

/**
 * Reads a range: two addresses with `-` between them, a CIDR, or one address.
 *
 * @throws Error `invalid address range: X`
 */
export function parseAddressRange(text: string): AddressRange {
  if (text.includes('/')) {
    const { bits, start, prefixLength } = parseCidr(text);
    return { bits, first: start, last: start + (1n << BigInt(bits - prefixLength)) - 1n };
  }
  const [from = '', to = from] = text.split('-').map((one) => one.trim());
  const [first, last] = [parseAddress(from), parseAddress(to)];
  if (!first || !last || first.bits !== last.bits || last.number < first.number) {
    throw new Error(`invalid address range: ${text}`);
  }
  return { bits: first.bits, first: first.number, last: last.number };
}

/** Is the address one of the range? What is no address is in none. */
export function isInRange({ bits, first, last }: AddressRange, address: string): boolean {
  const parsed = parseAddress(address);
  return parsed?.bits === bits && parsed.number >= first && parsed.number <= last;
}

/** The addresses of a range, lowest first. */
export function* addressesIn({ bits, first, last }: AddressRange): Generator<string> {
  for (let number = first; number <= last; number++) yield addressText(number, bits);
}
