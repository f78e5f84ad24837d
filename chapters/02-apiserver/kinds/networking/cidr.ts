/**
 * Networks: which addresses are in one, and is one in another. Given.
 *
 * Addresses are read in `../core/ip-addresses.ts`.
 */

import { type FieldError, fieldInvalid } from '#apimachinery';
import { type IpBytes, ipText, parseIp, validateCidr } from '../core/ip-addresses.ts';

/** A network: its first address, and how many bits all its addresses have in common. */
export interface Cidr {
  readonly address: IpBytes;
  readonly bits: number;
}

/**
 * Reads a network: `10.0.0.0/8`.
 *
 * @returns the network, with zeros behind its bits; `undefined` for text that is none
 */
export function parseCidr(text: string): Cidr | undefined {
  if (validateCidr(text, '').length > 0) return undefined;
  const [ip = '', length = ''] = text.split('/');
  const address = parseIp(ip);
  if (!address) return undefined;
  // IPv4 written as IPv6 counts its bits from the front of the long form.
  const isMapped = ip.includes(':') && address.length === 4;
  const bits = isMapped ? Math.max(Number(length) - 96, 0) : Number(length);
  return { address: masked(address, bits), bits };
}

function masked(address: IpBytes, bits: number): number[] {
  return address.map((byte, i) => {
    const kept = Math.min(Math.max(bits - 8 * i, 0), 8);
    return byte & (0xff << (8 - kept));
  });
}

/** Is `inner` a part of `outer`, and not all of it? */
export function isStrictlyWithin(inner: Cidr, outer: Cidr): boolean {
  if (inner.address.length !== outer.address.length || inner.bits <= outer.bits) return false;
  return masked(inner.address, outer.bits).every((byte, i) => byte === outer.address[i]);
}

/** A network must be written in its one canonical form. */
export function validateCanonicalCidr(text: string, path: string): FieldError[] {
  const faults = validateCidr(text, path);
  const cidr = parseCidr(text);
  if (!cidr) return faults;
  const canonical = `${ipText(cidr.address)}/${cidr.bits}`;
  if (canonical === text) return faults;
  return [...faults, fieldInvalid(path, text, `must be in canonical form ("${canonical}")`)];
}

/** An address must be written in its one canonical form. */
export function canonicalIpFaults(text: string): string[] {
  const bytes = parseIp(text);
  if (!bytes) return ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'];
  const canonical = ipText(bytes);
  return canonical === text ? [] : [`must be in canonical form ("${canonical}")`];
}
