/**
 * IP addresses and networks as core objects have them: read leniently, as the API always did. Given.
 *
 * Leading zeros in IPv4 and IPv4 written as IPv6 are let through; new APIs are stricter.
 *
 * @see k8s.io/apimachinery/pkg/util/validation/ip.go (1.33), the checks of legacy fields
 */

import { type FieldError, fieldInvalid } from '#apimachinery';

/** An address in bytes: four, or sixteen. IPv4 written as IPv6 has four. */
export type IpBytes = readonly number[];

/** @returns `undefined` for text that is no address */
export function parseIp(text: string): IpBytes | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

function parseIpv4(text: string): number[] | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part))) return undefined;
  const bytes = parts.map(Number);
  return bytes.every((byte) => byte <= 255) ? bytes : undefined;
}

function parseIpv6(text: string): number[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half) => parseGroups(half));
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined;
  const gap = 16 - head.length - (tail?.length ?? 0);
  // `::` stands for at least one group.
  if (halves.length === 2 ? gap < 2 : gap !== 0) return undefined;
  const bytes = [...head, ...new Array<number>(gap).fill(0), ...(tail ?? [])];
  const isMapped = bytes.slice(0, 12).every((byte, i) => byte === (i < 10 ? 0 : 255));
  return isMapped ? bytes.slice(12) : bytes;
}

/** The bytes of groups between colons, of which the last may be an IPv4 address. */
function parseGroups(text: string): number[] | undefined {
  if (text === '') return [];
  const groups = text.split(':');
  const bytes: number[] = [];
  for (const [i, group] of groups.entries()) {
    const isLast = i === groups.length - 1;
    const ipv4 = isLast && group.includes('.') ? parseIpv4(group) : undefined;
    if (ipv4) bytes.push(...ipv4);
    else if (/^[0-9a-fA-F]{1,4}$/.test(group)) {
      const number = Number.parseInt(group, 16);
      bytes.push(number >> 8, number & 255);
    } else return undefined;
  }
  return bytes;
}

/** The text that addresses have in their one canonical form. */
export function ipText(bytes: IpBytes): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16),
  );
  // The longest run of zeros, the first of equals, if it is longer than one, becomes `::`.
  const runs = groups.map((_, i) => {
    const end = groups.findIndex((group, j) => j >= i && group !== '0');
    return (end < 0 ? 8 : end) - i;
  });
  const longest = Math.max(...runs);
  if (longest < 2) return groups.join(':');
  const at = runs.indexOf(longest);
  return `${groups.slice(0, at).join(':')}::${groups.slice(at + longest).join(':')}`;
}

/** Is text an IPv6 address? IPv4 written as IPv6 is not. */
export function isIpv6(text: string): boolean {
  return parseIp(text)?.length === 16;
}

/** Faults of text that must be an address. */
export function validateIp(text: string | undefined, path: string): FieldError[] {
  if (parseIp(text ?? '')) return [];
  const why = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
  return [fieldInvalid(path, text ?? '', why)];
}

/** Faults of text that must be a network: `10.9.8.0/24`. */
export function validateCidr(text: string, path: string): FieldError[] {
  if (parseCidr(text)) return [];
  const why = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';
  return [fieldInvalid(path, text, why)];
}

function parseCidr(text: string): IpBytes | undefined {
  const [, address = '', bits = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const bytes = parseIp(address);
  const most = address.includes(':') ? 128 : 32;
  return bytes && Number(bits) <= most ? bytes : undefined;
}

/**
 * Is there one address of each family, and no more?
 *
 * @param texts - addresses, or networks
 */
export function isDualStack(texts: readonly string[]): boolean {
  const lengths = texts.map(
    (text) => (text.includes('/') ? parseCidr(text) : parseIp(text))?.length,
  );
  return lengths.includes(4) && lengths.includes(16);
}

/** Addresses traffic cannot be sent to from elsewhere, which Endpoints must not have. */
export function validateNonSpecialIp(text: string | undefined, path: string): FieldError[] {
  const bytes = parseIp(text ?? '');
  if (!bytes) return [fieldInvalid(path, text ?? '', 'must be a valid IP address')];
  const fault = specialKind(bytes, text ?? '');
  return fault === undefined ? [] : [fieldInvalid(path, text, fault)];
}

function specialKind(bytes: IpBytes, text: string): string | undefined {
  const [first = 0, second = 0, third = 0] = bytes;
  const isV4 = bytes.length === 4;
  const allButLastAreZero = bytes.slice(0, -1).every((byte) => byte === 0);
  if (allButLastAreZero && bytes.at(-1) === 0) return `may not be unspecified (${text})`;
  if (isV4 ? first === 127 : allButLastAreZero && bytes.at(-1) === 1) {
    return 'may not be in the loopback range (127.0.0.0/8, ::1/128)';
  }
  if (isV4 ? first === 169 && second === 254 : first === 0xfe && (second & 0xc0) === 0x80) {
    return 'may not be in the link-local range (169.254.0.0/16, fe80::/10)';
  }
  const isLinkLocalMulticast = isV4
    ? first === 224 && second === 0 && third === 0
    : first === 0xff && (second & 0x0f) === 0x02;
  if (isLinkLocalMulticast) {
    return 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)';
  }
  return undefined;
}

/** Warnings about an address that will not be taken for ever, or is not written as it should be. */
export function ipWarnings(text: string | undefined, path: string): string[] {
  const bytes = parseIp(text ?? '');
  if (!bytes || text === undefined) return [];
  const canonical = JSON.stringify(ipText(bytes));
  const quoted = JSON.stringify(text);
  if (ipText(bytes) === text) return [];
  if (bytes.length === 4) {
    return [
      `${path}: non-standard IP address ${quoted} will be considered invalid in a future Kubernetes release: use ${canonical}`,
    ];
  }
  return [`${path}: IPv6 address ${quoted} should be in RFC 5952 canonical format (${canonical})`];
}
