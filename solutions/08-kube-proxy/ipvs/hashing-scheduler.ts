/**
 * The schedulers `sh` and `dh`: who gets a connection is a matter of an address. Given: arithmetic, no
 * lesson. The others are `ipvs.ts`.
 */

import { HASH_BUCKETS, hashBucket } from './hash.ts';
import type { IpvsScheduler } from './scheduler.ts';
import type { RealServer } from './virtual-server.ts';

/**
 * A scheduler that looks for the client's address (`sh`) or the service's (`dh`) in a table of buckets.
 *
 * @remarks When servers change, the buckets are filled from the first on by going round the list: with
 * `dh` one bucket for each server in turn, with `sh` as many in a row as the server's weight is. A server
 * of weight 0 gets one, so that others' clients need not move; who falls into it gets nobody.
 *
 * ```text
 * sh, weights a 2, b 1: buckets a a b a a b a a b …      dh: a b a b …
 * ```
 *
 * @see linux 6.1 net/netfilter/ipvs/ip_vs_sh.c, ip_vs_dh.c
 */
export function newHashingScheduler(name: 'sh' | 'dh'): IpvsScheduler {
  let buckets: RealServer[] = [];
  return {
    serversChanged(servers) {
      const round = servers.flatMap((server) =>
        Array.from({ length: name === 'sh' ? Math.max(1, server.weight) : 1 }, () => server),
      );
      buckets = Array.from({ length: HASH_BUCKETS }, (_, i) => round[i % round.length]).flatMap(
        (server) => server ?? [],
      );
    },
    schedule(source, destination) {
      const server = buckets[hashBucket(name === 'sh' ? source : destination)];
      return server && server.weight > 0 ? server : undefined;
    },
  };
}
