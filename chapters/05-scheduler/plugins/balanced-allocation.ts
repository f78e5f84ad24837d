/** The plugin NodeResourcesBalancedAllocation: CPU and memory should run out together. Given. */

import type { PreScorePlugin, ScorePlugin } from '../framework/plugin.ts';
import { amountOf } from '../framework/resource-amounts.ts';
import { Status } from '../framework/status.ts';
import { balancedAllocationScore } from '../scoring.ts';
import { DEFAULT_RESOURCES, type ResourceSpec, resourceUses } from './resource-uses.ts';

/** Makes the plugin. */
export function newBalancedAllocation(args: unknown): PreScorePlugin & ScorePlugin {
  const { resources = DEFAULT_RESOURCES } = (args ?? {}) as {
    readonly resources?: readonly ResourceSpec[];
  };
  return {
    name: 'NodeResourcesBalancedAllocation',
    // A pod that asks for nothing changes no balance.
    preScore: (_state, pod) =>
      resources.every(({ name }) => amountOf(pod.requests, name) === 0)
        ? new Status('Skip')
        : undefined,
    score: (_state, pod, node) => balancedAllocationScore(resourceUses(pod, node, resources, true)),
  };
}
