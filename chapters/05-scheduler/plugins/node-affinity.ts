/** The plugin NodeAffinity: labels a node must have, and labels a pod would like. Given. */

import { type Affinity, matchesRequiredNodeAffinity, type Node, type Pod } from '#apimachinery';
import { nodeAffinityFilter, nodeNamesOfAffinity } from '../fit-filters.ts';
import type {
  EnqueueExtensions,
  FilterPlugin,
  PreFilterPlugin,
  PreScorePlugin,
  ScorePlugin,
} from '../framework/plugin.ts';
import { type PodInfo, podInfoOf } from '../framework/pod-info.ts';
import { Status } from '../framework/status.ts';
import { defaultNormalizeScore, preferredNodeAffinityScore } from '../scoring.ts';

type NodeAffinity = NonNullable<Affinity['nodeAffinity']>;

/** Arguments of the plugin. */
export interface NodeAffinityArgs {
  /** Holds for every pod of the profile, besides its own. */
  readonly addedAffinity?: NodeAffinity;
}

/** Makes the plugin. */
export function newNodeAffinity(
  args: unknown,
): PreFilterPlugin & FilterPlugin & PreScorePlugin & ScorePlugin & EnqueueExtensions {
  const { addedAffinity } = (args ?? {}) as NodeAffinityArgs;
  const added = addedAffinity && podInfoOf(podWith(addedAffinity));
  const preferred = 'preferredDuringSchedulingIgnoredDuringExecution';
  const required = 'requiredDuringSchedulingIgnoredDuringExecution';
  return {
    name: 'NodeAffinity',
    preFilter(_state, pod) {
      const { affinity, nodeSelector } = pod.pod.spec ?? {};
      if (!nodeSelector && !affinity?.nodeAffinity?.[required] && !addedAffinity?.[required]) {
        return { status: new Status('Skip') };
      }
      const nodeNames = nodeNamesOfAffinity(pod);
      if (nodeNames?.size !== 0) return nodeNames && { nodeNames };
      return {
        status: new Status('UnschedulableAndUnresolvable', ['pod affinity terms conflict']),
      };
    },
    filter(_state, pod, node) {
      if (added && nodeAffinityFilter(added, node)) {
        return new Status('UnschedulableAndUnresolvable', [
          "node(s) didn't match scheduler-enforced node affinity",
        ]);
      }
      return nodeAffinityFilter(pod, node);
    },
    preScore(_state, pod) {
      const wishes = (one: PodInfo | undefined): number =>
        one?.pod.spec?.affinity?.nodeAffinity?.[preferred]?.length ?? 0;
      return wishes(pod) + wishes(added) === 0 ? new Status('Skip') : undefined;
    },
    score: (_state, pod, node) =>
      preferredNodeAffinityScore(pod, node) + (added ? preferredNodeAffinityScore(added, node) : 0),
    normalizeScore: (_state, _pod, scores) => defaultNormalizeScore(scores),
    eventsToRegister: () => [
      {
        resource: 'Node',
        actions: ['Add', 'UpdateNodeLabel'],
        hint: (pod, _before, after) =>
          mayMatch(pod, after as Node | undefined) ? 'Queue' : 'QueueSkip',
      },
    ],
  };
}

function mayMatch(pod: Pod, node: Node | undefined): boolean {
  return !node || matchesRequiredNodeAffinity(pod, node);
}

function podWith(nodeAffinity: NodeAffinity): Pod {
  return { spec: { containers: [], affinity: { nodeAffinity } } };
}
