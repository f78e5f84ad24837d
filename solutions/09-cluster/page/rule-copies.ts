/**
 * Copies of nodes' rules, to send packets through that never were. Given.
 *
 * A real packet leaves a connection behind, and a note who it was; one of the page must not.
 */

import { Netfilter, TABLE_NAMES, type Table } from '#kube-proxy';

/** Keeps one copy for each node, for as long as its rules are the same. */
export class RuleCopies {
  readonly #copies = new Map<string, { tables: readonly Table[]; copy: Netfilter }>();

  /**
   * A node's rules, without the connections that are open.
   *
   * @param nodeIp - the node's own address
   */
  of(node: string, nodeIp: string, { tables, world }: Netfilter): Netfilter {
    const now = TABLE_NAMES.map((name) => tables.get(name));
    const known = this.#copies.get(node);
    if (known?.tables.every((table, i) => table === now[i])) {
      known.copy.flushConntrack();
      return known.copy;
    }
    const { family, clock, random } = world;
    const copy = new Netfilter({ family, localAddresses: [nodeIp], clock, random });
    copy.restore(tables.save());
    this.#copies.set(node, { tables: now, copy });
    return copy;
  }
}
