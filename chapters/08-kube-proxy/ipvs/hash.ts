/** The hash by which `sh` and `dh` find a bucket for an address. Given: arithmetic, no lesson. */

import { ipNumber } from '../services/ip-addresses.ts';

/** How many buckets there are. */
export const HASH_BUCKETS = 256;

const GOLDEN_RATIO = 0x61c88647;

/**
 * The bucket of an address: the highest 8 bits of its product with a constant; the four words of an IPv6
 * address are folded into one first.
 *
 * @returns 0 to 255
 * @see linux 6.1 net/netfilter/ipvs/ip_vs_sh.c, include/linux/hash.h
 */
export function hashBucket(ip: string): number {
  let rest = ipNumber(ip) ?? 0n;
  let folded = 0;
  for (; rest > 0n; rest >>= 32n) folded ^= Number(rest & 0xffffffffn);
  return Math.imul(folded, GOLDEN_RATIO) >>> 24;
}
