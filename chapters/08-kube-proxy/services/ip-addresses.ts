/** IP addresses and CIDRs as numbers: family, comparison, membership. Given. */

import type { IpFamily } from './service-port.ts';

const BITS: Readonly<Record<IpFamily, number>> = { IPv4: 32, IPv6: 128 };

/** The family an address is written in. */
export function familyOf(ip: string): IpFamily {
  return ip.includes(':') ? 'IPv6' : 'IPv4';
}

/** The address as a number; `undefined` when it is none. */
export function ipNumber(ip: string): bigint | undefined {
  return familyOf(ip) === 'IPv6' ? ipv6Number(ip) : ipv4Number(ip);
}

function ipv4Number(ip: string): bigint | undefined {
  const parts = ip.split('.');
  if (parts.length !== 4) return undefined;
  let value = 0n;
  for (const part of parts) {
    if (!/^\d{1,3}$/.test(part) || Number(part) > 255) return undefined;
    value = value * 256n + BigInt(part);
  }
  return value;
}

function ipv6Number(ip: string): bigint | undefined {
  const halves = ip.split('::');
  if (halves.length > 2) return undefined;
  const [head = [], tail = []] = halves.map(groupsOf);
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => '0'), ...tail];
  let value = 0n;
  for (const group of groups) {
    if (!/^[0-9a-f]{1,4}$/i.test(group)) return undefined;
    value = value * 65_536n + BigInt(`0x${group}`);
  }
  return value;
}

/** The groups of one side of `::`; an IPv4 address at the end is two of them. */
function groupsOf(half: string): string[] {
  if (half === '') return [];
  return half.split(':').flatMap((group) => {
    const number = group.includes('.') ? ipv4Number(group) : undefined;
    if (number === undefined) return [group];
    return [(number >> 16n).toString(16), (number & 0xffffn).toString(16)];
  });
}

/** An address written the usual way: `fd00::1`, `10.0.0.1`. */
export function ipText(value: bigint, family: IpFamily): string {
  if (family === 'IPv4') {
    return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.');
  }
  const groups = Array.from({ length: 8 }, (_, i) =>
    ((value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16),
  );
  const { start, length } = longestZeros(groups);
  if (length < 2) return groups.join(':');
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`;
}

function longestZeros(groups: readonly string[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === '0') length++;
    if (length > best.length) best = { start, length };
  }
  return best;
}

/** A range of addresses. */
export interface Cidr {
  readonly family: IpFamily;
  /** With no bits set beyond the prefix. */
  readonly network: bigint;
  readonly prefix: number;
}

/** Reads `10.0.0.0/8`; `undefined` when it is none. */
export function parseCidr(text: string): Cidr | undefined {
  const [ip = '', prefixText = '', ...rest] = text.split('/');
  const family = familyOf(ip);
  const value = ipNumber(ip);
  const prefix = Number(prefixText);
  if (value === undefined || rest.length > 0 || !/^\d{1,3}$/.test(prefixText)) return undefined;
  if (prefix > BITS[family]) return undefined;
  const hostBits = BigInt(BITS[family] - prefix);
  return { family, network: (value >> hostBits) << hostBits, prefix };
}

/** `10.1.2.3/8` is `10.0.0.0/8`. */
export function cidrText({ network, prefix, family }: Cidr): string {
  return `${ipText(network, family)}/${prefix}`;
}

/** Is the address in the range? One of the other family never is. */
export function cidrContains({ family, network, prefix }: Cidr, ip: string): boolean {
  const value = familyOf(ip) === family ? ipNumber(ip) : undefined;
  if (value === undefined) return false;
  const hostBits = BigInt(BITS[family] - prefix);
  return value >> hostBits === network >> hostBits;
}
