/**
 * What informers report, in the words plugins use for what they wait for. Given.
 *
 * A plugin that has said no to a pod names the events that may change its mind (`eventsToRegister`);
 * here changes of objects become such events. Who is woken by one is `requeue-strategy.ts`.
 *
 * | change | events |
 * |---|---|
 * | node came, went | `Node` `Add`, `Delete` |
 * | node changed | `UpdateNodeTaint` (also: uncordoned), `UpdateNodeAllocatable`, `UpdateNodeLabel`, `UpdateNodeCondition`, `UpdateNodeAnnotation`: one event for each |
 * | pod with a node came, went | `AssignedPod` `Add`, `Delete` |
 * | pod changed | `UpdatePodLabel`, `UpdatePodScaleDown`, `UpdatePodSchedulingGatesEliminated`, `UpdatePodToleration`: one for each; nothing of these: `Update` |
 * | anything else | `Add`, `Update`, `Delete` of its resource |
 *
 * @see pkg/scheduler/framework/events.go (1.33)
 */

import { type Node, type Pod, podRequests, semanticallyEqual } from '#apimachinery';
import type { ClusterEvent, EventAction, EventResource } from '../framework/plugin.ts';

/** Metrics and logs call pods without a node so. */
const LABELS: Partial<Record<EventResource, string>> = { UnscheduledPod: 'UnschedulablePod' };

/** The event that `action` happened to `resource`. */
export function clusterEvent(resource: EventResource, action: EventAction): ClusterEvent {
  return {
    resource,
    label: `${LABELS[resource] ?? resource}${action}`,
    actions: new Set([action]),
  };
}

/** A pod has a node now: it was bound, or seen with a node for the first time. */
export const ASSIGNED_POD_ADD = clusterEvent('AssignedPod', 'Add');
/** A pod that had a node is gone or has ended. */
export const ASSIGNED_POD_DELETE = clusterEvent('AssignedPod', 'Delete');
export const UNSCHEDULED_POD_ADD = clusterEvent('UnscheduledPod', 'Add');
export const UNSCHEDULED_POD_DELETE = clusterEvent('UnscheduledPod', 'Delete');
export const NODE_ADD = clusterEvent('Node', 'Add');
export const NODE_DELETE = clusterEvent('Node', 'Delete');

/** A pod has waited so long that it is tried again whatever it waits for. */
export const UNSCHEDULABLE_TIMEOUT: ClusterEvent = {
  resource: '*',
  label: 'UnschedulableTimeout',
  actions: new Set(['*']),
};

/** A plugin wants a pod tried again: the event is for the pod it is reported with, for no other. */
export const FORCE_ACTIVATE: ClusterEvent = {
  resource: '*',
  label: 'ForceActivate',
  actions: new Set(['*']),
};

/** Tells whether an event is of every kind at once: it wakes whatever plugin a pod waits for. */
export function isWildcardEvent(event: Pick<ClusterEvent, 'resource' | 'actions'>): boolean {
  return event.resource === '*' && event.actions.has('*');
}

/**
 * Tells whether an event is of a kind that was registered for.
 *
 * @remarks A registered `Update` stands for every kind of update, a registered `UpdateNodeLabel` only
 * for itself; `*` for all.
 *
 * @param registered - what a plugin waits for
 */
export function matchesClusterEvent(
  registered: { readonly resource: EventResource; readonly actions: readonly EventAction[] },
  event: ClusterEvent,
): boolean {
  if (isWildcardEvent(event)) return true;
  if (registered.resource !== '*' && registered.resource !== event.resource) return false;
  for (const action of registered.actions) {
    if (action === '*' || event.actions.has(action)) return true;
    if (action === 'Update' && [...event.actions].some((one) => one.startsWith('Update'))) {
      return true;
    }
  }
  return false;
}

/**
 * What a change of a node means for pods that wait.
 *
 * @returns nothing when nothing changed that pods could wait for, as in most heartbeats
 * @see nodeSchedulingPropertiesChange
 */
export function nodeSchedulingPropertiesChange(before: Node, after: Node): ClusterEvent[] {
  const actions: EventAction[] = [];
  const uncordoned = before.spec?.unschedulable && !after.spec?.unschedulable;
  const taintsDiffer = !semanticallyEqual(before.spec?.taints, after.spec?.taints);
  if (uncordoned || taintsDiffer) actions.push('UpdateNodeTaint');
  const allocatable = ({ status }: Node) => ({ allocatable: status?.allocatable });
  if (!semanticallyEqual(allocatable(before), allocatable(after))) {
    actions.push('UpdateNodeAllocatable');
  }
  if (!semanticallyEqual(before.metadata?.labels, after.metadata?.labels)) {
    actions.push('UpdateNodeLabel');
  }
  if (!semanticallyEqual(conditionsOf(before), conditionsOf(after))) {
    actions.push('UpdateNodeCondition');
  }
  if (!semanticallyEqual(before.metadata?.annotations, after.metadata?.annotations)) {
    actions.push('UpdateNodeAnnotation');
  }
  return actions.map((action) => clusterEvent('Node', action));
}

/** The rest of a condition is its history. */
function conditionsOf(node: Node): Record<string, string> {
  return Object.fromEntries(
    (node.status?.conditions ?? []).map(({ type, status }) => [type, status]),
  );
}

/**
 * What a change of a pod means for pods that wait, or for itself when it is one of them.
 *
 * @returns at least one
 * @see podSchedulingPropertiesChange
 */
export function podSchedulingPropertiesChange(before: Pod, after: Pod): ClusterEvent[] {
  const actions: EventAction[] = [];
  if (!semanticallyEqual(before.metadata?.labels, after.metadata?.labels)) {
    actions.push('UpdatePodLabel');
  }
  if (isScaledDown(before, after)) actions.push('UpdatePodScaleDown');
  const gates = ({ spec }: Pod): number => spec?.schedulingGates?.length ?? 0;
  if (gates(before) > 0 && gates(after) === 0) actions.push('UpdatePodSchedulingGatesEliminated');
  // Tolerations can be added, not changed or taken away.
  const tolerations = ({ spec }: Pod): number => spec?.tolerations?.length ?? 0;
  if (tolerations(before) !== tolerations(after)) actions.push('UpdatePodToleration');
  if (actions.length === 0) actions.push('Update');
  const resource = after.spec?.nodeName ? 'AssignedPod' : 'UnscheduledPod';
  return actions.map((action) => clusterEvent(resource, action));
}

function isScaledDown(before: Pod, after: Pod): boolean {
  // Most updates are of the status, and share the spec's values.
  if (before.spec === after.spec) return false;
  const requests = podRequests(after);
  for (const [name, amount] of podRequests(before)) {
    const now = requests.get(name);
    if (now === undefined || amount.compare(now) > 0) return true;
  }
  return false;
}
