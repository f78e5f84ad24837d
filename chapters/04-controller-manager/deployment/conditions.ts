/** A Deployment's conditions: `Available`, `Progressing`, `ReplicaFailure`. Given. */

import type { DeploymentCondition, ReplicaSet } from 'kubernetes-types/apps/v1.js';
import { type Clock, timestamp } from '#apimachinery';

/** A condition as of now. */
export function newDeploymentCondition(
  type: 'Available' | 'Progressing' | 'ReplicaFailure',
  status: 'True' | 'False' | 'Unknown',
  reason: string,
  message: string,
  clock: Pick<Clock, 'now'>,
): DeploymentCondition {
  const now = timestamp(clock.now());
  return { type, status, reason, message, lastUpdateTime: now, lastTransitionTime: now };
}

/**
 * The conditions with one more, or one instead of that of the same type.
 *
 * @remarks One that has the status and the reason of the old one changes nothing: a message alone is
 * no news. One with the old status keeps the old `lastTransitionTime`.
 */
export function withCondition(
  conditions: readonly DeploymentCondition[],
  next: DeploymentCondition,
): DeploymentCondition[] {
  const before = conditions.find(({ type }) => type === next.type);
  if (before?.status === next.status && before.reason === next.reason) return [...conditions];
  const since = before?.status === next.status ? before.lastTransitionTime : undefined;
  return [
    ...withoutCondition(conditions, next.type),
    { ...next, ...(since !== undefined && { lastTransitionTime: since }) },
  ];
}

/** The conditions without that of a type. */
export function withoutCondition(
  conditions: readonly DeploymentCondition[],
  type: string,
): DeploymentCondition[] {
  return conditions.filter((one) => one.type !== type);
}

/** A ReplicaSet's condition that it cannot make its pods, as the Deployment's: the current one's first. */
export function replicaFailureOf(
  replicaSets: readonly ReplicaSet[],
): DeploymentCondition | undefined {
  const failure = replicaSets
    .flatMap(({ status }) => status?.conditions ?? [])
    .find(({ type }) => type === 'ReplicaFailure');
  if (!failure) return undefined;
  const { status, reason, message, lastTransitionTime } = failure;
  const lastUpdateTime = lastTransitionTime;
  return { type: 'ReplicaFailure', status, reason, message, lastTransitionTime, lastUpdateTime };
}
