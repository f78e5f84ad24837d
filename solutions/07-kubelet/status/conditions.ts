/**
 * The conditions of a pod that the kubelet looks after, from its containers' statuses. Part of the
 * exercise `kubelet/status`; the statuses themselves are `status/status.ts`.
 */

import type { ContainerStatus, PodCondition } from 'kubernetes-types/core/v1.js';
import type { Container, Pod } from '#apimachinery';
import { isSidecar } from '../runtime/pod-runtime-status.ts';

/** The kubelet's own; all others belong to whoever wrote them. */
export const KUBELET_CONDITIONS: readonly string[] = [
  'PodReadyToStartContainers',
  'Initialized',
  'Ready',
  'ContainersReady',
  'PodScheduled',
];

/**
 * `ContainersReady`: are all containers ready, sidecars as well?
 *
 * @remarks The first that fits; lists are names in brackets, with spaces between them, sidecars
 * first:
 *
 * | | status | reason, message |
 * |---|---|---|
 * | phase `Succeeded`, and each container has a status | False | `PodCompleted` |
 * | phase `Failed` | False | `PodFailed` |
 * | containers without a status, or not ready | False | `ContainersNotReady`, see below |
 * | else | True | |
 *
 * Each part of the message is there only if there are any:
 *
 * ```text
 * containers with unknown status: [a b], containers with unready status: [c]
 * ```
 *
 * @param statuses - of init containers and containers together
 * @returns only `type`, `status`, and `reason` and `message` where there are any
 * @see pkg/kubelet/status/generate.go (1.33), GenerateContainersReadyCondition
 * @exercise kubelet/status
 */
export function containersReadyCondition(
  pod: Pod,
  statuses: readonly ContainerStatus[],
  phase: string,
): PodCondition {
  const { initContainers = [], containers = [] } = pod.spec ?? {};
  const counted = [...initContainers.filter(isSidecar), ...containers];
  const type = 'ContainersReady';
  const unknown = without(counted, statuses);
  if (phase === 'Succeeded' && unknown.length === 0) {
    return { type, status: 'False', reason: 'PodCompleted' };
  }
  if (phase === 'Failed') return { type, status: 'False', reason: 'PodFailed' };
  const unready = namesWhere(counted, statuses, ({ ready }) => !ready);
  const message = messageOf({ unknown, unready });
  if (message === '') return { type, status: 'True' };
  return { type, status: 'False', reason: 'ContainersNotReady', message };
}

/**
 * `Ready`: as `ContainersReady`, and all of `spec.readinessGates` say yes.
 *
 * @remarks When the containers are not ready, status, reason and message are those of
 * `ContainersReady`. Else False with `ReadinessGatesNotReady` when a gate's condition is missing or
 * not True; the message has a part for each such gate, in their order, with `, ` between them. Else
 * True.
 *
 * ```text
 * corresponding condition of pod readiness gate "x" does not exist.
 * the status of pod readiness gate "x" is not "True", but False
 * ```
 *
 * @param conditions - the pod's, where the gates are found
 * @exercise kubelet/status
 */
export function readyCondition(
  pod: Pod,
  conditions: readonly PodCondition[],
  statuses: readonly ContainerStatus[],
  phase: string,
): PodCondition {
  const containersReady = containersReadyCondition(pod, statuses, phase);
  if (containersReady.status !== 'True') return { ...containersReady, type: 'Ready' };
  const faults = (pod.spec?.readinessGates ?? []).flatMap(({ conditionType: gate }) => {
    const found = conditions.find(({ type }) => type === gate);
    if (found === undefined) {
      return `corresponding condition of pod readiness gate "${gate}" does not exist.`;
    }
    if (found.status === 'True') return [];
    return `the status of pod readiness gate "${gate}" is not "True", but ${found.status}`;
  });
  if (faults.length === 0) return { type: 'Ready', status: 'True' };
  const message = faults.join(', ');
  return { type: 'Ready', status: 'False', reason: 'ReadinessGatesNotReady', message };
}

/**
 * `Initialized`: are the init containers through?
 *
 * @remarks A sidecar is through when it is `started`, another init container when it is `ready`.
 * The first that fits:
 *
 * | | status | reason, message |
 * |---|---|---|
 * | phase `Succeeded`, and each init container has a status | True | `PodCompleted` |
 * | one of `spec.containers` runs, has ended, or had ended before (`lastState`) | True | |
 * | some without a status, or not through | False | `ContainersNotInitialized`, see below |
 * | else | True | |
 *
 * Each part of the message is there only if there are any:
 *
 * ```text
 * containers with unknown status: [a], containers with incomplete status: [b c]
 * ```
 *
 * @exercise kubelet/status
 */
export function initializedCondition(
  pod: Pod,
  statuses: readonly ContainerStatus[],
  phase: string,
): PodCondition {
  const { initContainers = [], containers = [] } = pod.spec ?? {};
  const type = 'Initialized';
  const unknown = without(initContainers, statuses);
  if (phase === 'Succeeded' && unknown.length === 0) {
    return { type, status: 'True', reason: 'PodCompleted' };
  }
  const begun = namesWhere(containers, statuses, ({ state, lastState }) =>
    Boolean(state?.running ?? state?.terminated ?? lastState?.terminated),
  );
  if (begun.length > 0) return { type, status: 'True' };
  const sidecars = new Set(initContainers.filter(isSidecar).map(({ name }) => name));
  const incomplete = namesWhere(initContainers, statuses, ({ name, started, ready }) => {
    return sidecars.has(name) ? started !== true : !ready;
  });
  const message = messageOf({ unknown, incomplete });
  if (message === '') return { type, status: 'True' };
  return { type, status: 'False', reason: 'ContainersNotInitialized', message };
}

function without(containers: readonly Container[], statuses: readonly ContainerStatus[]): string[] {
  return containers
    .map(({ name }) => name)
    .filter((name) => !statuses.some((status) => status.name === name));
}

function namesWhere(
  containers: readonly Container[],
  statuses: readonly ContainerStatus[],
  holds: (status: ContainerStatus) => boolean,
): string[] {
  return containers
    .map(({ name }) => name)
    .filter((name) => statuses.some((status) => status.name === name && holds(status)));
}

function messageOf(lists: Readonly<Record<string, readonly string[]>>): string {
  return Object.entries(lists)
    .filter(([, names]) => names.length > 0)
    .map(([what, names]) => `containers with ${what} status: [${names.join(' ')}]`)
    .join(', ');
}
