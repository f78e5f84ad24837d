/**
 * Addresses for sandboxes, and which way a packet takes from one.
 *
 * Who listens where is `network-stack.ts`; what carries bytes is `node-network.ts`.
 */

import { NotImplemented } from '#not-implemented';

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
  throw new NotImplemented('container-runtime/network', 'parseCidr');
}

/**
 * Is an address in a range? What is no IPv4 address is in none.
 *
 * @exercise container-runtime/network
 */
export function cidrContains({ base, prefix }: Cidr, ip: string): boolean {
  throw new NotImplemented('container-runtime/network', 'cidrContains');
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
  // Your state goes here: fields of your own choosing.

  /** @exercise container-runtime/network */
  constructor(cidr: Cidr) {
    throw new NotImplemented('container-runtime/network', 'AddressPool.constructor');
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
    throw new NotImplemented('container-runtime/network', 'AddressPool.allocate');
  }

  /**
   * Notes that an address is taken already. One outside the range is none of its business. The next
   * address to be given out stays what it was. Who is first has it: nothing happens when another owner
   * has the address, nor when this owner has one.
   *
   * @exercise container-runtime/network
   */
  reserve(owner: string, ip: string): void {
    throw new NotImplemented('container-runtime/network', 'AddressPool.reserve');
  }

  /**
   * Frees what somebody has. Nothing is no error.
   *
   * @exercise container-runtime/network
   */
  release(owner: string): void {
    throw new NotImplemented('container-runtime/network', 'AddressPool.release');
  }

  /**
   * What somebody has.
   *
   * @exercise container-runtime/network
   */
  addressOf(owner: string): string | undefined {
    throw new NotImplemented('container-runtime/network', 'AddressPool.addressOf');
  }

  /**
   * The address behind the range's first.
   *
   * @exercise container-runtime/network
   */
  gateway(): string {
    throw new NotImplemented('container-runtime/network', 'AddressPool.gateway');
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
  throw new NotImplemented('container-runtime/network', 'routeOf');
}
