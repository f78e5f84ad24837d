/** What may help a pod that spreading has refused. Given. */

import {
  type KubernetesObject,
  type LabelSet,
  type Node,
  type Pod,
  semanticallyEqual,
} from '#apimachinery';
import type { ClusterEventWithHint } from '../framework/plugin.ts';
import type { SpreadConstraint } from '../topology/spread-constraints.ts';

/**
 * The events of the plugin PodTopologySpread.
 *
 * @param constraintsOf - a pod's hard constraints
 * @see pkg/scheduler/framework/plugins/podtopologyspread/plugin.go (1.33), EventsToRegister
 */
export function spreadHints(
  constraintsOf: (pod: Pod) => readonly SpreadConstraint[],
): readonly ClusterEventWithHint[] {
  const aboutPods: ClusterEventWithHint['hint'] = (pod, before, after) =>
    answer(podHelps(pod, constraintsOf(pod), before as Pod, after as Pod));
  const aboutNodes: ClusterEventWithHint['hint'] = (pod, before, after) =>
    answer(nodeHelps(constraintsOf(pod), before as Node, after as Node));
  return [
    { resource: 'AssignedPod', actions: ['Add', 'UpdatePodLabel', 'Delete'], hint: aboutPods },
    {
      resource: 'UnscheduledPod',
      actions: ['UpdatePodLabel', 'UpdatePodToleration'],
      hint: aboutPods,
    },
    {
      resource: 'Node',
      actions: ['Add', 'Delete', 'UpdateNodeLabel', 'UpdateNodeTaint'],
      hint: aboutNodes,
    },
  ];
}

function answer(helps: boolean): 'Queue' | 'QueueSkip' {
  return helps ? 'Queue' : 'QueueSkip';
}

function podHelps(
  pod: Pod,
  constraints: readonly SpreadConstraint[],
  before: Pod | undefined,
  after: Pod | undefined,
): boolean {
  if ((before && !isInvolved(before, pod)) || (after && !isInvolved(after, pod))) return false;
  const counts = ({ selector }: SpreadConstraint, object: KubernetesObject | undefined): boolean =>
    object !== undefined && selector.matches(object.metadata?.labels);
  if (before && after && after.metadata?.uid === pod.metadata?.uid) {
    const isTolerant = !semanticallyEqual(before.spec?.tolerations, after.spec?.tolerations);
    const honors = constraints.some(({ nodeTaintsPolicy }) => nodeTaintsPolicy === 'Honor');
    if (isTolerant && honors) return true;
  }
  return constraints.some((one) => counts(one, before) !== counts(one, after));
}

/** A pod with a node in the same namespace, or the pod that waits itself. */
function isInvolved(other: Pod, waiting: Pod): boolean {
  if (other.metadata?.uid === waiting.metadata?.uid) return true;
  const hasNode = Boolean(other.spec?.nodeName);
  return hasNode && other.metadata?.namespace === waiting.metadata?.namespace;
}

function nodeHelps(
  constraints: readonly SpreadConstraint[],
  before: Node | undefined,
  after: Node | undefined,
): boolean {
  const placesOf = (node: Node | undefined): (string | undefined)[] => {
    const labels: LabelSet = node?.metadata?.labels ?? {};
    return constraints.map(({ topologyKey }) => labels[topologyKey]);
  };
  const isIn = (node: Node | undefined): boolean =>
    node !== undefined && placesOf(node).every((place) => place !== undefined);
  if (!before || !after) return isIn(before) || isIn(after);
  if (isIn(before) !== isIn(after)) return true;
  if (!isIn(after)) return false;
  return (
    !semanticallyEqual(placesOf(before), placesOf(after)) ||
    !semanticallyEqual(before.spec?.taints, after.spec?.taints)
  );
}
