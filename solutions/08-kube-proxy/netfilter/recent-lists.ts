/**
 * Who was seen lately: the lists of `-m recent`. Given.
 *
 * @see linux 6.1 net/netfilter/xt_recent.c
 */

/** As the kernel's parameters `ip_list_tot` and `ip_pkt_list_tot`. */
const MAX_ADDRESSES = 100;
const MAX_STAMPS = 20;

/** A list for each name, shared by all rules that name it. */
export class RecentLists {
  /** Addresses of a list, the one seen longest ago first, with when they were seen, in ms. */
  readonly #lists = new Map<string, Map<string, number[]>>();

  /** Has the address been seen often enough, and lately enough? */
  has(name: string, ip: string, sinceMs: number, times: number): boolean {
    const stamps = this.#lists.get(name)?.get(ip) ?? [];
    // An entry without a time still counts when nobody asks how long ago.
    return stamps.filter((at) => at >= sinceMs).length >= Math.max(1, times);
  }

  /** Notes that the address was seen now. */
  note(name: string, ip: string, nowMs: number): void {
    const list = this.#lists.get(name) ?? new Map<string, number[]>();
    this.#lists.set(name, list);
    const stamps = list.get(ip) ?? [];
    list.delete(ip);
    if (list.size >= MAX_ADDRESSES) {
      for (const oldest of list.keys()) {
        list.delete(oldest);
        break;
      }
    }
    list.set(ip, [...stamps, nowMs].slice(-MAX_STAMPS));
  }

  /** @returns whether it was there */
  remove(name: string, ip: string): boolean {
    return this.#lists.get(name)?.delete(ip) ?? false;
  }

  /** Drops the address seen longest ago, if that is too long ago. One at a time, as the kernel. */
  reap(name: string, sinceMs: number): void {
    const list = this.#lists.get(name) ?? new Map<string, number[]>();
    for (const [ip, stamps] of list) {
      if ((stamps.at(-1) ?? 0) < sinceMs) list.delete(ip);
      return;
    }
  }

  /** Addresses of a list, the one seen longest ago first. */
  addresses(name: string): string[] {
    return [...(this.#lists.get(name)?.keys() ?? [])];
  }
}
