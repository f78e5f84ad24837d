/**
 * The conditions of a pod that the kubelet looks after, from its containers' statuses. Part of the
 * exercise `kubelet/status`; the statuses themselves are `status/status.ts`.
 */

import type { ContainerStatus, PodCondition } from 'kubernetes-types/core/v1.js';
import type { Pod } from '#apimachinery';
import { NotImplemented } from '#not-implemented';

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
  throw new NotImplemented('kubelet/status', 'containersReadyCondition');
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
  throw new NotImplemented('kubelet/status', 'readyCondition');
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
  throw new NotImplemented('kubelet/status', 'initializedCondition');
}
