/** Which place of a topology a node is in. Given. */

import type { NodeInfo } from '../framework/node-info.ts';

/**
 * The value of a node's label: in `topology.kubernetes.io/zone=a` the zone `a`.
 *
 * @param key - the label's name, a `topologyKey`
 * @returns `undefined` when the node has no such label: then it is in no place of that topology
 */
export function topologyValue(node: NodeInfo, key: string): string | undefined {
  const value: unknown = node.node?.metadata?.labels?.[key];
  // A key may be called `constructor`: what is no text is not a label's value.
  return typeof value === 'string' ? value : undefined;
}

/** Tells whether a node is in a place of all these topologies. */
export function hasTopologyKeys(
  node: NodeInfo,
  rules: readonly { readonly topologyKey: string }[],
): boolean {
  for (const { topologyKey } of rules) {
    if (topologyValue(node, topologyKey) === undefined) return false;
  }
  return true;
}
