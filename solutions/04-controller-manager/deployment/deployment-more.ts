/**
 * A Deployment in less simple circumstances: paused, scaled in the middle of a rollout, stuck.
 *
 * Functions of what is there, as in `deployment.ts`; `deployment-controller.ts` does what they say.
 */

import type {
  Deployment,
  DeploymentCondition,
  DeploymentStatus,
  ReplicaSet,
} from 'kubernetes-types/apps/v1.js';
import type { Clock } from '#apimachinery';
import { newDeploymentCondition, withCondition, withoutCondition } from './conditions.ts';
import { fencepostsOf, type Generations, isComplete } from './deployment.ts';
import {
  availableOf,
  byCreation,
  DESIRED_REPLICAS_ANNOTATION,
  desiredOf,
  hasProgressDeadline,
  isActive,
  MAX_REPLICAS_ANNOTATION,
  numberIn,
  type ScaleStep,
  totalDesired,
} from './replica-sets.ts';

/**
 * The sizes of all ReplicaSets when `spec.replicas` was changed while more than one of them has pods,
 * or while the Deployment is paused.
 *
 * @remarks
 * - At most one is active: that one gets `spec.replicas`. None: the current one does, or without one
 *   the one made last.
 * - The current one is saturated: the old ones get 0. It is when it should have `spec.replicas` pods,
 *   its `DESIRED_REPLICAS_ANNOTATION` says so, too, and so many are available.
 * - Else, under `RollingUpdate`, all active ones grow or shrink in proportion, so that the risk of the
 *   new template stays what it was. Under `Recreate` nothing changes.
 *
 * In proportion means: together they may have `spec.replicas` and the surge (0 when `spec.replicas` is
 * 0). The difference to what they should have together is given out, from the largest to the
 * smallest; of two of one size, when there are pods to add the one made later comes first, when there
 * are pods to remove the one made earlier. Each gets its share, but not more than is left:
 *
 * ```text
 * share = round(size × (spec.replicas + surge) / MAX_REPLICAS_ANNOTATION) - size
 * ```
 *
 * rounded half away from zero; `- size` when `spec.replicas` is 0. Without the annotation, or when it is
 * 0, `status.replicas` of the Deployment stands for it, and if that is 0 the share is 0. What is left
 * at last goes to the largest, which never gets fewer than 0.
 *
 * ```text
 * 10 → 20 replicas, surge 3; old 8 of 13, new 5 of 13; to give out 23 - 13 = 10
 *   old: round(8 × 23 / 13) - 8 = 6      new: min(round(5 × 23 / 13) - 5, 10 - 6) = 4
 * ```
 *
 * @returns a step for each active ReplicaSet (in the first two cases for each that gets another
 * size), in the order in which they were looked at; also for those that keep their size, since their
 * annotations are to be renewed
 * @see pkg/controller/deployment/sync.go (1.33), scale; util GetReplicaSetProportion
 * @exercise controller-manager/deployment-more
 */
export function proportionalSizes(deployment: Deployment, generations: Generations): ScaleStep[] {
  const { current, old } = generations;
  const wanted = desiredOf(deployment);
  const all = current ? [...old, current] : [...old];
  const active = all.filter(isActive);
  if (active.length <= 1) {
    const latest = current ?? [...old].sort(byCreation).at(-1);
    const only = active[0] ?? latest;
    return only && desiredOf(only) !== wanted ? [{ replicaSet: only, replicas: wanted }] : [];
  }
  if (current && isSaturated(deployment, current)) {
    return old.filter(isActive).map((replicaSet) => ({ replicaSet, replicas: 0 }));
  }
  if (deployment.spec?.strategy?.type === 'Recreate') return [];
  return inProportion(deployment, active);
}

function isSaturated(deployment: Deployment, current: ReplicaSet): boolean {
  const wanted = desiredOf(deployment);
  return (
    desiredOf(current) === wanted &&
    numberIn(current, DESIRED_REPLICAS_ANNOTATION) === wanted &&
    availableOf(current) === wanted
  );
}

function inProportion(deployment: Deployment, active: readonly ReplicaSet[]): ScaleStep[] {
  const wanted = desiredOf(deployment);
  const allowed = wanted > 0 ? wanted + fencepostsOf(deployment).maxSurge : 0;
  const toAdd = allowed - totalDesired(active);
  const bySize = [...active].sort((a, b) => {
    const sizes = desiredOf(b) - desiredOf(a);
    if (sizes !== 0) return sizes;
    return toAdd > 0 ? byCreation(b, a) : byCreation(a, b);
  });
  let left = toAdd;
  const steps = bySize.map((replicaSet) => {
    const share = shareOf(deployment, replicaSet);
    // It is Math.min or Math.max that keeps a share between nothing and all that is left.
    const given = toAdd > 0 ? Math.min(share, left) : Math.max(share, left);
    const added = left === 0 ? 0 : given;
    left -= added;
    return { replicaSet, replicas: desiredOf(replicaSet) + added };
  });
  return steps.map((step, position) =>
    position === 0 ? { ...step, replicas: Math.max(0, step.replicas + left) } : step,
  );
}

function shareOf(deployment: Deployment, replicaSet: ReplicaSet): number {
  const size = desiredOf(replicaSet);
  const wanted = desiredOf(deployment);
  if (wanted === 0) return -size;
  const annotated = numberIn(replicaSet, MAX_REPLICAS_ANNOTATION) || deployment.status?.replicas;
  if (!annotated) return 0;
  const exact = (size * (wanted + fencepostsOf(deployment).maxSurge)) / annotated;
  return Math.round(exact) - size;
}

/**
 * What `Progressing` says because the Deployment was paused or goes on.
 *
 * @remarks Paused: `Unknown`, reason `DeploymentPaused`, message `Deployment is paused`, so that time
 * does not count while nobody works. When it goes on: `Unknown`, `DeploymentResumed`, `Deployment is
 * resumed`. Nothing when the condition says so already, when it says `ProgressDeadlineExceeded`, or
 * when there is no deadline (`hasProgressDeadline`); and nothing for one that is not paused and was not.
 *
 * @returns the condition to set; `undefined` when nothing is to be said
 * @see pkg/controller/deployment/sync.go (1.33), checkPausedConditions
 * @exercise controller-manager/deployment-more
 */
export function pausedCondition(
  deployment: Deployment,
  clock: Pick<Clock, 'now'>,
): DeploymentCondition | undefined {
  const reason = progressing(deployment.status)?.reason;
  if (!hasProgressDeadline(deployment) || reason === TIMED_OUT) return undefined;
  const wasPaused = reason === 'DeploymentPaused';
  const isPaused = deployment.spec?.paused === true;
  if (isPaused === wasPaused) return undefined;
  return isPaused
    ? said('Unknown', 'DeploymentPaused', 'Deployment is paused', clock)
    : said('Unknown', 'DeploymentResumed', 'Deployment is resumed', clock);
}

/**
 * The conditions with what is to be said of the rollout's progress.
 *
 * @remarks Without a deadline there is no `Progressing`. With one, the first that is so:
 *
 * 1. The rollout had arrived before (`Progressing` in `deployment.status` has the reason
 *    `NewReplicaSetAvailable`, and `status.replicas` equals `status.updatedReplicas`): nothing new.
 * 2. It has arrived (`isComplete`): `True`, `NewReplicaSetAvailable`, `ReplicaSet "X" has successfully
 *    progressed.`
 * 3. It went on, compared with `deployment.status`: more updated pods, fewer old ones (`replicas` less
 *    `updatedReplicas`), more ready or more available ones: `True`, `ReplicaSetUpdated`, `ReplicaSet "X"
 *    is progressing.`, and always with a new `lastUpdateTime`; `lastTransitionTime` stays if it was
 *    `True`.
 * 4. It is stuck: the condition's `lastUpdateTime` is more than `progressDeadlineSeconds` ago:
 *    `False`, `ProgressDeadlineExceeded`, `ReplicaSet "X" has timed out progressing.` (Not when the
 *    condition's reason is `NewReplicaSetAvailable`, and not without a condition.)
 *
 * X is the current ReplicaSet's name; without one it is `Deployment "Y" …`.
 *
 * @param status - as `statusOf` of `deployment.ts` made it
 * @returns all conditions
 * @see pkg/controller/deployment/progress.go (1.33), syncRolloutStatus
 * @exercise controller-manager/deployment-more
 */
export function withProgress(
  deployment: Deployment,
  status: DeploymentStatus,
  current: ReplicaSet | undefined,
  clock: Pick<Clock, 'now'>,
): DeploymentCondition[] {
  const conditions = status.conditions ?? [];
  if (!hasProgressDeadline(deployment)) return withoutCondition(conditions, 'Progressing');
  const before = progressing(deployment.status);
  const hadArrived =
    before?.reason === ARRIVED && (status.replicas ?? 0) === (status.updatedReplicas ?? 0);
  if (hadArrived) return [...conditions];
  const who = current
    ? `ReplicaSet "${current.metadata?.name}"`
    : `Deployment "${deployment.metadata?.name}"`;
  if (isComplete(deployment, status)) {
    const next = said('True', ARRIVED, `${who} has successfully progressed.`, clock);
    return withCondition(conditions, next);
  }
  if (wentOn(deployment.status ?? {}, status)) {
    const next = said('True', 'ReplicaSetUpdated', `${who} is progressing.`, clock);
    if (before?.status === 'True') next.lastTransitionTime = before.lastTransitionTime;
    return [...withoutCondition(conditions, 'Progressing'), next];
  }
  if (!isOverdue(deployment, progressing(status), clock)) return [...conditions];
  return withCondition(
    conditions,
    said('False', TIMED_OUT, `${who} has timed out progressing.`, clock),
  );
}

/**
 * After how long somebody should look whether the rollout is stuck.
 *
 * @remarks One second after the deadline, counted from `lastUpdateTime` of `Progressing`; at least at
 * once. Not without a deadline or without the condition, nor when the rollout has arrived or was
 * found stuck already.
 *
 * @returns milliseconds, or `undefined` when nobody needs to look
 * @see pkg/controller/deployment/progress.go (1.33), requeueStuckDeployment
 * @exercise controller-manager/deployment-more
 */
export function progressCheckAfterMs(
  deployment: Deployment,
  status: DeploymentStatus,
  clock: Pick<Clock, 'now'>,
): number | undefined {
  const condition = progressing(status);
  if (!hasProgressDeadline(deployment) || !condition) return undefined;
  if (isComplete(deployment, status) || condition.reason === TIMED_OUT) return undefined;
  return Math.max(0, deadlineOf(deployment, condition) - clock.now() + 1000);
}

const ARRIVED = 'NewReplicaSetAvailable';
const TIMED_OUT = 'ProgressDeadlineExceeded';

function progressing(status: DeploymentStatus | undefined): DeploymentCondition | undefined {
  return status?.conditions?.find(({ type }) => type === 'Progressing');
}

function said(
  status: 'True' | 'False' | 'Unknown',
  reason: string,
  message: string,
  clock: Pick<Clock, 'now'>,
): DeploymentCondition {
  return newDeploymentCondition('Progressing', status, reason, message, clock);
}

function wentOn(before: DeploymentStatus, now: DeploymentStatus): boolean {
  const oldPods = ({ replicas = 0, updatedReplicas = 0 }: DeploymentStatus) =>
    replicas - updatedReplicas;
  return (
    (now.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    oldPods(now) < oldPods(before) ||
    (now.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (now.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  );
}

function isOverdue(
  deployment: Deployment,
  condition: DeploymentCondition | undefined,
  clock: Pick<Clock, 'now'>,
): boolean {
  if (!condition || condition.reason === ARRIVED) return false;
  return condition.reason === TIMED_OUT || deadlineOf(deployment, condition) < clock.now();
}

function deadlineOf(deployment: Deployment, condition: DeploymentCondition): number {
  const seconds = deployment.spec?.progressDeadlineSeconds ?? 0;
  return Date.parse(String(condition.lastUpdateTime)) + seconds * 1000;
}
