/** What may help a pod that pod affinity has refused. Given. */

import type { Node, Pod } from '#apimachinery';
import type { ClusterEventWithHint } from '../framework/plugin.ts';
import { podInfoOf } from '../framework/pod-info.ts';
import { matchesAllTerms, type NamespaceLabels } from '../topology/pod-affinity.ts';

/**
 * The events of the plugin InterPodAffinity.
 *
 * @remarks They are wider than upstream's, where a pod that goes does not help whom it kept away, nor
 * who may be the first of its group now.
 *
 * @see pkg/scheduler/framework/plugins/interpodaffinity/plugin.go (1.33), EventsToRegister
 */
export function affinityHints(namespaceLabels: NamespaceLabels): readonly ClusterEventWithHint[] {
  return [
    {
      resource: 'AssignedPod',
      actions: ['Add', 'UpdatePodLabel', 'Delete'],
      hint: (pod, before, after) => {
        const helps = podHelps(pod, before as Pod, after as Pod, namespaceLabels);
        return helps ? 'Queue' : 'QueueSkip';
      },
    },
    {
      resource: 'UnscheduledPod',
      actions: ['UpdatePodLabel'],
      // With other labels the pod may be another one to those who keep it away.
      hint: (pod, _before, after) =>
        pod.metadata?.uid === after?.metadata?.uid ? 'Queue' : 'QueueSkip',
    },
    {
      resource: 'Node',
      actions: ['Add', 'UpdateNodeLabel'],
      // A label that changes moves all pods of the node to another place.
      hint: (pod, before, after) =>
        before || hasPlaces(pod, after as Node | undefined) ? 'Queue' : 'QueueSkip',
    },
  ];
}

function podHelps(
  pod: Pod,
  before: Pod | undefined,
  after: Pod | undefined,
  namespaceLabels: NamespaceLabels,
): boolean {
  const { requiredAffinityTerms: near, requiredAntiAffinityTerms: away } = podInfoOf(pod);
  const isNear = (other: Pod | undefined): boolean =>
    other !== undefined && matchesAllTerms(near, other, namespaceLabels);
  const isKeptAway = (other: Pod | undefined): boolean => {
    if (!other) return false;
    if (away.some((term) => matchesAllTerms([term], other, namespaceLabels))) return true;
    const theirs = podInfoOf(other).requiredAntiAffinityTerms;
    return theirs.some((term) => matchesAllTerms([term], pod, namespaceLabels));
  };
  // The last of a group that goes helps, too: then the pod may be the first.
  return isNear(before) !== isNear(after) || (isKeptAway(before) && !isKeptAway(after));
}

/** A new node without the label of a term can never take the pod, and brings no pods of its own. */
function hasPlaces(pod: Pod, node: Node | undefined): boolean {
  const labels = node?.metadata?.labels ?? {};
  return podInfoOf(pod).requiredAffinityTerms.every(({ topologyKey }) => topologyKey in labels);
}
