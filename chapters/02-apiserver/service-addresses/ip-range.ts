/** A range of IPv4 addresses: which are in it, and which are given out first. Given. */

/** How many addresses at the beginning are left for those who ask for one by name. */
const MIN_STATIC = 16;
const MAX_STATIC = 256;

/** The usable addresses of an IPv4 network: all but its first and its last. */
export class IpRange {
  readonly cidr: string;
  readonly #base: number;
  /** How many usable addresses there are. */
  readonly size: number;

  /** @throws RangeError when it is no IPv4 network of /8 to /30 */
  constructor(cidr: string) {
    const [address = '', bits = ''] = cidr.split('/');
    const prefix = Number(bits);
    const number = parseIp(address);
    if (number === undefined || !/^\d+$/.test(bits) || prefix < 8 || prefix > 30) {
      throw new RangeError(`expected an IPv4 network such as 10.96.0.0/12, found ${cidr}`);
    }
    const addresses = 2 ** (32 - prefix);
    this.#base = number - (number % addresses);
    this.cidr = `${ipText(this.#base)}/${prefix}`;
    this.size = addresses - 2;
  }

  /** @param index - 0 is the first usable address, which the API server itself has */
  at(index: number): string {
    return ipText(this.#base + 1 + index);
  }

  /** The index of an address; `undefined` when it is not in the range. */
  indexOf(ip: string): number | undefined {
    const number = parseIp(ip);
    if (number === undefined) return undefined;
    const index = number - this.#base - 1;
    return index >= 0 && index < this.size ? index : undefined;
  }

  /**
   * Where addresses nobody asked for by name begin: the lower part is left to those who do.
   *
   * @see KEP-3070, reserve Service IP ranges for dynamic and static allocation
   */
  get dynamicFrom(): number {
    return Math.min(Math.max(MIN_STATIC, Math.floor(this.size / 16)), MAX_STATIC, this.size - 1);
  }
}

/** A number from 0 to 2^32 - 1; `undefined` for what is no IPv4 address in its one canonical form. */
function parseIp(text: string): number | undefined {
  const parts = text.split('.');
  const isCanonical = parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part));
  if (!isCanonical || parts.some((part) => Number(part) > 255)) return undefined;
  return parts.reduce((number, part) => number * 256 + Number(part), 0);
}

function ipText(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}
