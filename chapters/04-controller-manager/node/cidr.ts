/** Ranges of addresses as numbers. Given. */

/** A range: all addresses that begin with the same bits. */
export interface Cidr {
  /** Of an address: 32 or 128. */
  readonly bits: 32 | 128;
  readonly prefixLength: number;
  /** The first address. */
  readonly start: bigint;
}

/**
 * Reads `10.244.0.0/16` or `fd00::/48`; bits behind the prefix are cleared.
 *
 * @throws Error `invalid CIDR address: X`
 */
export function parseCidr(text: string): Cidr {
  const [address = '', length = '', ...more] = text.split('/');
  const bits = address.includes(':') ? 128 : 32;
  const number = bits === 128 ? parseV6(address) : parseV4(address);
  const prefixLength = /^\d{1,3}$/.test(length) ? Number(length) : Number.NaN;
  if (number === undefined || !(prefixLength <= bits) || more.length > 0) {
    throw new Error(`invalid CIDR address: ${text}`);
  }
  const host = BigInt(bits - prefixLength);
  return { bits, prefixLength, start: (number >> host) << host };
}

/** Writes a range: `10.244.3.0/24`, `fd00:0:0:3::/64`. */
export function cidrText(cidr: Cidr): string {
  return `${addressText(cidr.start, cidr.bits)}/${cidr.prefixLength}`;
}

/** Writes an address; of IPv6 the longest run of zeros is shortened. */
export function addressText(address: bigint, bits: 32 | 128): string {
  if (bits === 32) {
    return [24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 0xffn).join('.');
  }
  const groups = Array.from({ length: 8 }, (_, i) =>
    ((address >> BigInt(112 - 16 * i)) & 0xffffn).toString(16),
  );
  const runs = [...groups.join(':').matchAll(/(?:^|:)0(?::0)+(?=:|$)/g)];
  const longest = runs.reduce((best, [run]) => (run.length > best.length ? run : best), '');
  if (longest === '') return groups.join(':');
  return groups.join(':').replace(longest, '::').replace(':::', '::');
}

/** @returns `undefined` when it is no address */
export function parseAddress(text: string): { bits: 32 | 128; number: bigint } | undefined {
  const bits = text.includes(':') ? 128 : 32;
  const number = bits === 128 ? parseV6(text) : parseV4(text);
  return number === undefined ? undefined : { bits, number };
}

function parseV4(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part)))
    return undefined;
  if (parts.some((part) => Number(part) > 255)) return undefined;
  return parts.reduce((number, part) => number * 256n + BigInt(part), 0n);
}

function parseV6(text: string): bigint | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head = [], tail = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => '0'), ...tail];
  if (!groups.every((group) => /^[\da-f]{1,4}$/i.test(group))) return undefined;
  return groups.reduce((number, group) => number * 65536n + BigInt(`0x${group}`), 0n);
}
