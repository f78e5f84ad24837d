/**
 * All nodes as they are while one pod is scheduled. Given.
 *
 * The cache brings it up to date before each attempt (`cache/cache.ts`); in between nothing in it changes.
 */

import type { NodeInfo } from './node-info.ts';

/** Nodes for one attempt. */
export class Snapshot {
  #nodes: readonly NodeInfo[] = [];
  #byName: ReadonlyMap<string, NodeInfo> = new Map();
  #withAffinity: readonly NodeInfo[] | undefined;
  #withRequiredAntiAffinity: readonly NodeInfo[] | undefined;

  /** @param nodes - those with a node; zones take turns, so that no zone is always asked last */
  constructor(nodes: readonly NodeInfo[] = []) {
    this.replace(nodes);
  }

  /** All nodes, always in the same order as long as none comes or goes. */
  get nodes(): readonly NodeInfo[] {
    return this.#nodes;
  }

  /** @returns `undefined` when there is no such node */
  get(name: string): NodeInfo | undefined {
    return this.#byName.get(name);
  }

  /** The nodes with pods that have affinity or anti-affinity of any kind. */
  get nodesWithAffinityPods(): readonly NodeInfo[] {
    this.#withAffinity ??= this.#nodes.filter((node) => node.podsWithAffinity.length > 0);
    return this.#withAffinity;
  }

  /** The nodes with pods that have required anti-affinity. */
  get nodesWithRequiredAntiAffinityPods(): readonly NodeInfo[] {
    this.#withRequiredAntiAffinity ??= this.#nodes.filter(
      (node) => node.podsWithRequiredAntiAffinity.length > 0,
    );
    return this.#withRequiredAntiAffinity;
  }

  /** For the cache: these are the nodes now. */
  replace(nodes: readonly NodeInfo[]): void {
    this.#nodes = [...nodes];
    this.#byName = new Map(nodes.map((node) => [node.name, node]));
    this.#withAffinity = undefined;
    this.#withRequiredAntiAffinity = undefined;
  }

  /** For the cache: one node has changed, and its place stays. Costs no look at the others. */
  replaceAt(index: number, node: NodeInfo): void {
    const before = this.#nodes[index];
    (this.#nodes as NodeInfo[])[index] = node;
    (this.#byName as Map<string, NodeInfo>).set(node.name, node);
    if (before?.podsWithAffinity.length !== node.podsWithAffinity.length) {
      this.#withAffinity = undefined;
    } else this.#withAffinity &&= replaced(this.#withAffinity, before, node);
    const length = node.podsWithRequiredAntiAffinity.length;
    if (before?.podsWithRequiredAntiAffinity.length !== length) {
      this.#withRequiredAntiAffinity = undefined;
    } else {
      this.#withRequiredAntiAffinity &&= replaced(this.#withRequiredAntiAffinity, before, node);
    }
  }
}

function replaced(
  nodes: readonly NodeInfo[],
  before: NodeInfo | undefined,
  after: NodeInfo,
): readonly NodeInfo[] {
  if (after.podsWithAffinity.length === 0) return nodes;
  return nodes.map((node) => (node === before ? after : node));
}
