/**
 * "Is this address in that range?", asked for every packet. Given.
 *
 * IPv4 addresses are plain numbers here, since big ones are slow.
 */

import { cidrContains, familyOf, ipNumber, ipText, parseCidr } from '../services/ip-addresses.ts';
import type { IpFamily } from '../services/service-port.ts';

/** A range as rules write it: `10.0.0.0/8`, `10.0.0.1`. */
export interface AddressRange {
  /** `10.0.0.0/8`, `10.0.0.1/32`; bits beyond the prefix are gone. */
  readonly text: string;
  /** The address, when it is only one. */
  readonly single: string | undefined;
  contains(ip: string): boolean;
}

/** Reads an address or a CIDR of the family; `undefined` when it is none. */
export function parseAddressRange(text: string, family: IpFamily): AddressRange | undefined {
  const bits = family === 'IPv6' ? 128 : 32;
  const cidr = parseCidr(text.includes('/') ? text : `${text}/${bits}`);
  if (cidr === undefined || cidr.family !== family) return undefined;
  const network = ipText(cidr.network, family);
  const range = { text: `${network}/${cidr.prefix}`, single: undefined };
  if (cidr.prefix === bits) return { ...range, single: network, contains: (ip) => ip === network };
  if (family === 'IPv6') return { ...range, contains: (ip) => cidrContains(cidr, ip) };
  const divisor = 2 ** (bits - cidr.prefix);
  const wanted = Number(cidr.network) / divisor;
  return { ...range, contains: (ip) => Math.floor(ipv4(ip) / divisor) === wanted };
}

function ipv4(ip: string): number {
  let value = 0;
  let part = 0;
  for (let i = 0; i < ip.length; i++) {
    const code = ip.charCodeAt(i);
    if (code === 46) {
      value = value * 256 + part;
      part = 0;
    } else part = part * 10 + code - 48;
  }
  return value * 256 + part;
}

/**
 * An address written the usual way.
 *
 * @throws RangeError when it is no address of the family
 */
export function canonicalAddress(ip: string, family: IpFamily): string {
  const value = familyOf(ip) === family ? ipNumber(ip) : undefined;
  if (value === undefined) throw new RangeError(`${ip} is no address of ${family}`);
  return ipText(value, family);
}
