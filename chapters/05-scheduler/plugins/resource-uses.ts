/** How full a node would be with a pod, of the resources a score looks at. Given. */

import type { NodeInfo } from '../framework/node-info.ts';
import type { PodInfo } from '../framework/pod-info.ts';
import { amountOf } from '../framework/resource-amounts.ts';
import type { ResourceUse } from '../scoring.ts';

/** A resource a score looks at. */
export interface ResourceSpec {
  readonly name: string;
  /** Absent or 0: 1. */
  readonly weight?: number;
}

/** What scores look at when nothing else is said. */
export const DEFAULT_RESOURCES: readonly ResourceSpec[] = [
  { name: 'cpu', weight: 1 },
  { name: 'memory', weight: 1 },
];

/**
 * @param asRequested - count what pods ask for; else those that ask for no CPU or memory count with a
 * little
 * @returns without the scalars that the pod does not ask for: they say nothing about it
 */
export function resourceUses(
  pod: PodInfo,
  node: NodeInfo,
  resources: readonly ResourceSpec[],
  asRequested = false,
): ResourceUse[] {
  const uses: ResourceUse[] = [];
  for (const { name, weight } of resources) {
    const isUsual = name === 'cpu' || name === 'memory';
    const counted = isUsual && !asRequested;
    const mine = amountOf(counted ? pod.nonZeroRequests : pod.requests, name);
    if (mine === 0 && !isUsual && name !== 'ephemeral-storage') continue;
    const others = amountOf(counted ? node.nonZeroRequested : node.requested, name);
    const allocatable = amountOf(node.allocatable, name);
    uses.push({ requested: others + mine, allocatable, weight: weight || 1 });
  }
  return uses;
}
