/** Where addresses are, as seen from this node: here, or behind a device. Given. */

import type { IpFamily } from '../services/service-port.ts';
import { type AddressRange, canonicalAddress, parseAddressRange } from './address-range.ts';

/** A route, as `ip route` prints it: `10.244.1.0/24 dev cni0 src 10.244.1.1`. */
export interface Route {
  /** A CIDR; `0.0.0.0/0` or `::/0` is for all the rest. */
  readonly to: string;
  readonly device: string;
  /** The address this node shows to who is there: one of its own. The node's first when not said. */
  readonly source?: string;
}

/** Where a packet goes. */
export interface Way {
  /** `lo` when it is for this node. */
  readonly device: string;
  /** The address the node shows on that way. */
  readonly source: string;
}

const LOOPBACK: Readonly<Record<IpFamily, string>> = { IPv4: '127.0.0.0/8', IPv6: '::1/128' };

/** All that is known of where addresses are. */
export class Routes {
  readonly #local: ReadonlySet<string>;
  readonly #loopback: AddressRange;
  readonly #routes: readonly { range: AddressRange; prefix: number; way: Way }[];
  /** The way to everywhere else. */
  readonly #otherwise: Way;
  readonly #toHere: Way;

  /**
   * @param localAddresses - of this node; the first is shown where no route says another
   * @param routes - what is not here leads to the device `eth0`
   * @throws RangeError for what is no address of the family
   */
  constructor(family: IpFamily, localAddresses: readonly string[], routes: readonly Route[] = []) {
    const local = localAddresses.map((ip) => canonicalAddress(ip, family));
    this.#local = new Set(local);
    this.#loopback = rangeOf(LOOPBACK[family], family);
    const source = local[0] ?? (family === 'IPv6' ? '::1' : '127.0.0.1');
    this.#otherwise = { device: 'eth0', source };
    this.#toHere = { device: 'lo', source };
    this.#routes = routes
      .map((route) => {
        const range = rangeOf(route.to, family);
        const way = { device: route.device, source: route.source ?? source };
        return { range, prefix: Number(range.text.split('/')[1]), way };
      })
      .sort((a, b) => b.prefix - a.prefix);
  }

  /** Is it an address of this node? */
  isLocal(ip: string): boolean {
    return this.#local.has(ip) || this.#loopback.contains(ip);
  }

  /** The way to an address: of the routes that fit the narrowest. */
  to(ip: string): Way {
    if (this.isLocal(ip)) return this.#toHere;
    return this.#routes.find(({ range }) => range.contains(ip))?.way ?? this.#otherwise;
  }
}

function rangeOf(text: string, family: IpFamily): AddressRange {
  const range = parseAddressRange(text, family);
  if (range === undefined) throw new RangeError(`${text} is no range of ${family}`);
  return range;
}
