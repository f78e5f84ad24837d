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

/**
 * Reads an IPv4 range such as `10.244.1.0/24`. Bits behind the prefix are cleared: `10.0.0.7/24` is
 * `10.0.0.0/24`.
 *
 * Numbers have no needless zeros in front. The prefix is 0 to 32.
 *
 * @throws CriError `INVALID_ARGUMENT` `invalid CIDR address: TEXT`
 *
 * @exercise container-runtime/network
 */
export function parseCidr(text: string): Cidr {
  const [address = '', bits = '', ...more] = text.split('/');
  const number = ipNumber(address);
  const prefix = /^\d{1,2}$/.test(bits) ? Number(bits) : 33;
  if (number === undefined || prefix > 32 || more.length > 0) {
    throw new CriError('INVALID_ARGUMENT', `invalid CIDR address: ${text}`);
  }
  return { base: number - (number % 2 ** (32 - prefix)), prefix };
}

/**
 * Is an address in a range? What is no IPv4 address is in none.
 *
 * @exercise container-runtime/network
 */
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

/**
 * Gives out the addresses of one range, as the CNI plugin host-local does.
 *
 * @remarks
 * Three addresses are nobody's: the first (the network), the second (the gateway), and the last
 * (broadcast). The next address is the one behind the last that was given out, so that an address
 * that has just been freed is not used again at once: somebody may still talk to it. At the end it
 * begins again from the front.
 *
 * ```text
 * 10.0.0.0/29           gateway 10.0.0.1
 * allocate(a)           10.0.0.2
 * allocate(b)           10.0.0.3
 * release(a)
 * allocate(c)           10.0.0.4
 * allocate(d), (e)      10.0.0.5, 10.0.0.6
 * allocate(f)           10.0.0.2
 * ```
 *
 * @see github.com/containernetworking/plugins plugins/ipam/host-local/backend/allocator
 */
export class AddressPool {
  readonly #cidr: Cidr;
  readonly #owners = new Map<number, string>();
  #last: number;

  /** @exercise container-runtime/network */
  constructor(cidr: Cidr) {
    this.#cidr = cidr;
    this.#last = this.#first - 1;
  }

  /**
   * An address for somebody. Who has one already gets it again, and nothing moves.
   *
   * @throws CriError `UNKNOWN` `failed to allocate for range 0: no IP addresses available in range set:
   * FIRST-LAST` with the first and last address that can be given out, when all are taken. A range too
   * small to have any (`/31`, `/32`) is refused so, too, with the address behind the gateway as FIRST
   * and the gateway as LAST.
   *
   * @exercise container-runtime/network
   */
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
    const range = `${ipText(this.#first)}-${ipText(this.#end - 1)}`;
    throw new CriError(
      'UNKNOWN',
      `failed to allocate for range 0: no IP addresses available in range set: ${range}`,
    );
  }

  /**
   * Notes that an address is taken already. One outside the range is none of its business. The next
   * address to be given out stays what it was. Who is first has it: nothing happens when another owner
   * has the address, nor when this owner has one.
   *
   * @exercise container-runtime/network
   */
  reserve(owner: string, ip: string): void {
    const number = ipNumber(ip);
    if (number === undefined || !cidrContains(this.#cidr, ip)) return;
    if (this.#owners.has(number) || this.addressOf(owner) !== undefined) return;
    this.#owners.set(number, owner);
  }

  /**
   * Frees what somebody has. Nothing is no error.
   *
   * @exercise container-runtime/network
   */
  release(owner: string): void {
    for (const [number, holder] of this.#owners) if (holder === owner) this.#owners.delete(number);
  }

  /**
   * What somebody has.
   *
   * @exercise container-runtime/network
   */
  addressOf(owner: string): string | undefined {
    for (const [number, holder] of this.#owners) if (holder === owner) return ipText(number);
    return undefined;
  }

  /**
   * The address behind the range's first.
   *
   * @exercise container-runtime/network
   */
  gateway(): string {
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

/**
 * The way from a process to an address, and which source address the other end sees.
 *
 * The first row that fits counts:
 *
 * | to | way | seen as |
 * |---|---|---|
 * | `127.…`, or its own address | `loopback` | the address that was called |
 * | the node's address | `host` | its own |
 * | in the node's range | `bridge` | its own |
 * | in the cluster's range | `overlay` | its own |
 * | anything else | `outside` | the node's: pods' addresses mean nothing out there (masquerading) |
 *
 * @param sourceIp - the sandbox's address; the node's for a process on the node's own network
 *
 * @exercise container-runtime/network
 */
export function routeOf(node: NodeAddresses, sourceIp: string, ip: string): Route {
  if (ip.startsWith('127.') || ip === sourceIp) return { via: 'loopback', sourceIp: ip };
  if (ip === node.nodeIp) return { via: 'host', sourceIp };
  if (node.podCidr && cidrContains(node.podCidr, ip)) return { via: 'bridge', sourceIp };
  if (node.clusterCidr && cidrContains(node.clusterCidr, ip)) return { via: 'overlay', sourceIp };
  return { via: 'outside', sourceIp: node.nodeIp };
}
