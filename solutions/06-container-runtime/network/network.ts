/**
 * Addresses for sandboxes, and which way a packet takes from one.
 *
 * Who listens where is `network-stack.ts`; what carries bytes is `node-network.ts`.
 */

import { CriError } from '../cri/index.ts';

/** A range of IPv4 addresses. */
export interface Cidr {
  /** The first address as a number. */
  readonly base: number;
  /** How many bits all addresses share, 0 to 32. */
  readonly prefix: number;
}

/** Reads `10.244.1.0/24`; bits behind the prefix are cleared. */
export function parseCidr(text: string): Cidr {
  const [address = '', bits = '', ...more] = text.split('/');
  const number = ipNumber(address);
  const prefix = /^\d{1,2}$/.test(bits) ? Number(bits) : 33;
  if (number === undefined || prefix > 32 || more.length > 0) {
    throw new CriError('INVALID_ARGUMENT', `invalid CIDR address: ${text}`);
  }
  return { base: number - (number % 2 ** (32 - prefix)), prefix };
}

/** Is an address in a range? Nothing that is no IPv4 address is. */
export function cidrContains({ base, prefix }: Cidr, ip: string): boolean {
  const number = ipNumber(ip);
  return number !== undefined && number >= base && number < base + 2 ** (32 - prefix);
}

function ipNumber(text: string): number | undefined {
  const parts = text.split('.');
  const isAddress =
    parts.length === 4 &&
    parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256);
  return isAddress ? parts.reduce((number, part) => number * 256 + Number(part), 0) : undefined;
}

function ipText(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}

/** Gives out the addresses of one range. */
export class AddressPool {
  readonly #cidr: Cidr;
  readonly #owners = new Map<number, string>();
  #last: number;

  constructor(cidr: Cidr) {
    this.#cidr = cidr;
    this.#last = this.#first - 1;
  }

  allocate(owner: string): string {
    const held = this.addressOf(owner);
    if (held !== undefined) return held;
    const count = this.#end - this.#first;
    for (let step = 1; step <= count; step++) {
      const number = this.#first + ((this.#last - this.#first + step + count) % count);
      if (this.#owners.has(number)) continue;
      this.#owners.set(number, owner);
      this.#last = number;
      return ipText(number);
    }
    throw new CriError(
      'UNKNOWN',
      `failed to allocate for range 0: no IP addresses available in range set: ${ipText(this.#first)}-${ipText(this.#end - 1)}`,
    );
  }

  /** Notes that an address is taken already; one outside the range is none of its business. */
  reserve(owner: string, ip: string): void {
    const number = ipNumber(ip);
    if (number !== undefined && cidrContains(this.#cidr, ip)) this.#owners.set(number, owner);
  }

  release(owner: string): void {
    for (const [number, holder] of this.#owners) if (holder === owner) this.#owners.delete(number);
  }

  addressOf(owner: string): string | undefined {
    for (const [number, holder] of this.#owners) if (holder === owner) return ipText(number);
    return undefined;
  }

  get gateway(): string {
    return ipText(this.#cidr.base + 1);
  }

  /** The network's own address and the gateway's are before it. */
  get #first(): number {
    return this.#cidr.base + 2;
  }

  /** The last address of a range is for broadcasts. */
  get #end(): number {
    return Math.max(this.#first, this.#cidr.base + 2 ** (32 - this.#cidr.prefix) - 1);
  }
}

/** What one node knows of addresses. */
export interface NodeAddresses {
  readonly nodeIp: string;
  /** This node's range; `undefined` before it has one. */
  readonly podCidr?: Cidr;
  /** The ranges of all nodes together. */
  readonly clusterCidr?: Cidr;
}

/** Where a packet goes. */
export type Route =
  | { readonly via: 'loopback' | 'bridge' | 'host' | 'overlay'; readonly sourceIp: string }
  | { readonly via: 'outside'; readonly sourceIp: string };

/** The way from a process to an address, and which source address the other end sees. */
export function routeOf(node: NodeAddresses, sourceIp: string, ip: string): Route {
  if (ip.startsWith('127.') || ip === sourceIp) return { via: 'loopback', sourceIp: ip };
  if (ip === node.nodeIp) return { via: 'host', sourceIp };
  if (node.podCidr && cidrContains(node.podCidr, ip)) return { via: 'bridge', sourceIp };
  if (node.clusterCidr && cidrContains(node.clusterCidr, ip)) return { via: 'overlay', sourceIp };
  return { via: 'outside', sourceIp: node.nodeIp };
}
