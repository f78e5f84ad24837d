/** The plugin NodeResourcesFit: is there room, and where is the most, or the least? Given. */

import type { Node, Pod } from '#apimachinery';
import { insufficientResources, nodeResourcesFilter } from '../fit-filters.ts';
import { NodeInfo } from '../framework/node-info.ts';
import type {
  EnqueueExtensions,
  FilterPlugin,
  PreFilterPlugin,
  ScorePlugin,
} from '../framework/plugin.ts';
import { podInfoOf } from '../framework/pod-info.ts';
import { requestedToCapacityRatioScore, type UtilizationShapePoint } from '../profiles/profiles.ts';
import { leastAllocatedScore, mostAllocatedScore, type ResourceUse } from '../scoring.ts';
import { DEFAULT_RESOURCES, type ResourceSpec, resourceUses } from './resource-uses.ts';

/** Arguments of the plugin. */
export interface NodeResourcesFitArgs {
  /** Scalars that are not looked at. */
  readonly ignoredResources?: readonly string[];
  /** The same by what comes before the `/`. */
  readonly ignoredResourceGroups?: readonly string[];
  readonly scoringStrategy?: {
    readonly type?: 'LeastAllocated' | 'MostAllocated' | 'RequestedToCapacityRatio';
    readonly resources?: readonly ResourceSpec[];
    readonly requestedToCapacityRatio?: { readonly shape?: readonly UtilizationShapePoint[] };
  };
}

/**
 * Makes the plugin.
 *
 * @throws Error when the strategy is none
 */
export function newNodeResourcesFit(
  args: unknown,
): PreFilterPlugin & FilterPlugin & ScorePlugin & EnqueueExtensions {
  const {
    ignoredResources = [],
    ignoredResourceGroups = [],
    scoringStrategy = {},
  } = (args ?? {}) as NodeResourcesFitArgs;
  const groups = new Set(ignoredResourceGroups);
  const names = new Set(ignoredResources);
  const isIgnored = (scalar: string): boolean =>
    names.has(scalar) || groups.has(scalar.split('/')[0] ?? '');
  const { resources = DEFAULT_RESOURCES } = scoringStrategy;
  const scoreOf = strategyOf(scoringStrategy);
  return {
    name: 'NodeResourcesFit',
    // What the pod asks for is in its PodInfo; nothing else needs to be counted.
    preFilter: () => undefined,
    filter: (_state, pod, node) => nodeResourcesFilter(pod, node, isIgnored),
    score: (_state, pod, node) => scoreOf(resourceUses(pod, node, resources)),
    eventsToRegister: () => [
      { resource: 'AssignedPod', actions: ['Delete', 'UpdatePodScaleDown'], hint: freesSomething },
      { resource: 'UnscheduledPod', actions: ['UpdatePodScaleDown'], hint: freesSomething },
      {
        resource: 'Node',
        actions: ['Add', 'UpdateNodeAllocatable'],
        hint: (pod, _before, after) => {
          const node = new NodeInfo(after as Node);
          const missing = insufficientResources(podInfoOf(pod), node, isIgnored);
          return missing.length === 0 ? 'Queue' : 'QueueSkip';
        },
      },
    ],
  };
}

type Strategy = NonNullable<NodeResourcesFitArgs['scoringStrategy']>;

function strategyOf(strategy: Strategy): (uses: readonly ResourceUse[]) => number {
  switch (strategy.type ?? 'LeastAllocated') {
    case 'LeastAllocated':
      return leastAllocatedScore;
    case 'MostAllocated':
      return mostAllocatedScore;
    case 'RequestedToCapacityRatio': {
      const shape = strategy.requestedToCapacityRatio?.shape ?? [];
      checkShape(shape);
      return (uses) => requestedToCapacityRatioScore(uses, shape);
    }
    default:
      throw new Error(`scoringStrategy.type: there is no strategy ${strategy.type}`);
  }
}

/** @see pkg/scheduler/apis/config/validation/validation_pluginargs.go (1.33), validateFunctionShape */
function checkShape(shape: readonly UtilizationShapePoint[]): void {
  const path = 'scoringStrategy.requestedToCapacityRatio.shape';
  if (shape.length === 0) throw new Error(`${path}: at least one point must be specified`);
  for (const [i, { utilization, score }] of shape.entries()) {
    if (!(utilization >= 0 && utilization <= 100)) {
      throw new Error(`${path}[${i}].utilization: ${utilization} is not in the range of 0 to 100`);
    }
    if (!(score >= 0 && score <= 10)) {
      throw new Error(`${path}[${i}].score: ${score} is not in the range of 0 to 10`);
    }
    if (utilization <= (shape[i - 1]?.utilization ?? -1)) {
      throw new Error(`${path}[${i}].utilization: values must be sorted in increasing order`);
    }
  }
}

/** A pod that asks for less, or goes, helps who waits for something it had. */
function freesSomething(
  pod: Pod,
  before: { metadata?: { uid?: string } } | undefined,
): 'Queue' | 'QueueSkip' {
  if (!before || before.metadata?.uid === pod.metadata?.uid) return 'Queue';
  const freed = podInfoOf(before as Pod).requests;
  const wanted = podInfoOf(pod).requests;
  // A pod that asks for nothing can still wait for a pod's place.
  const asksNothing = wanted.milliCpu + wanted.memory + wanted.ephemeralStorage === 0;
  const helps =
    (freed.milliCpu > 0 && wanted.milliCpu > 0) ||
    (freed.memory > 0 && wanted.memory > 0) ||
    (freed.ephemeralStorage > 0 && wanted.ephemeralStorage > 0) ||
    [...wanted.scalars.keys()].some((name) => (freed.scalars.get(name) ?? 0) > 0);
  const hadNothing = freed.milliCpu + freed.memory + freed.ephemeralStorage === 0;
  return helps || asksNothing || hadNothing ? 'Queue' : 'QueueSkip';
}
