/**
 * What a Deployment does next: from one pod template to another, never with too few pods and never
 * with too many.
 *
 * Functions of what is there, which only say what is to be done; `deployment-controller.ts` does it.
 * Pausing, deadlines and scaling in the middle of a rollout are `deployment-more.ts`.
 */

import type { Deployment, DeploymentStatus, ReplicaSet } from 'kubernetes-types/apps/v1.js';
import type { Clock } from '#apimachinery';
import { NotImplemented } from '#not-implemented';
import {
  REVISION_ANNOTATION,
  REVISION_HISTORY_ANNOTATION,
  type ScaleStep,
} from './replica-sets.ts';

/** How many pods there may be above, and below, what is wanted, while pods are replaced. */
export interface Fenceposts {
  readonly maxSurge: number;
  readonly maxUnavailable: number;
}

/** The next step of a rollout. */
export interface RolloutStep {
  /** Make the ReplicaSet of the new template, with so many pods. */
  readonly create?: number;
  /** Give these ReplicaSets another size. */
  readonly scale: readonly ScaleStep[];
}

/** A Deployment's ReplicaSets, told apart. */
export interface Generations {
  /** That of the Deployment's template; `undefined` when it was not made yet. */
  readonly current: ReplicaSet | undefined;
  /** All others, in any order. */
  readonly old: readonly ReplicaSet[];
}

/**
 * Tells the ReplicaSet of the Deployment's template from those of earlier ones.
 *
 * @remarks A template that comes back finds its old ReplicaSet again: that is what a rollback is. When
 * two have the same template, the one made first is the current one (`byCreation`), and the other is
 * old. Templates are compared by `equalTemplates`.
 *
 * @param replicaSets - all that the Deployment owns
 * @see pkg/controller/deployment/util/deployment_util.go (1.33), FindNewReplicaSet
 * @exercise controller-manager/deployment
 */
export function findGenerations(
  deployment: Deployment,
  replicaSets: readonly ReplicaSet[],
): Generations {
  throw new NotImplemented('controller-manager/deployment', 'findGenerations');
}

/**
 * The two limits of a rolling update as numbers of pods.
 *
 * @remarks Percentages are of `spec.replicas`. A part of a pod counts as one more that may be there,
 * and as one less that may be missing. Two zeros would stop everything: then one may be missing. Under
 * the strategy `Recreate` both are 0. One that is left out is 0. `scaledValue` (of `int-or-percent.ts`) does the reckoning.
 *
 * ```text
 * replicas  maxSurge  maxUnavailable
 * 10        25%       25%              →  surge 3, unavailable 2
 * 1         25%       25%              →  surge 1, unavailable 0
 * 1         0%        25%              →  surge 0, unavailable 1
 * ```
 *
 * @returns with `maxUnavailable` at most `spec.replicas`
 * @see pkg/controller/deployment/util/deployment_util.go (1.33), ResolveFenceposts, MaxUnavailable
 * @exercise controller-manager/deployment
 */
export function fencepostsOf(deployment: Deployment): Fenceposts {
  throw new NotImplemented('controller-manager/deployment', 'fencepostsOf');
}

/**
 * How many pods the current ReplicaSet should have now.
 *
 * @remarks Never more than `spec.replicas`, and under `RollingUpdate` never so many that all
 * ReplicaSets together should have more than `spec.replicas` and the surge. When that limit is reached
 * already, it stays as large as it is; it is made smaller only when it is larger than `spec.replicas`.
 * Under `Recreate` it is `spec.replicas`.
 *
 * @param generations - a `current` that was not made yet has no pods
 * @see pkg/controller/deployment/util/deployment_util.go (1.33), NewRSNewReplicas
 * @exercise controller-manager/deployment
 */
export function currentReplicas(deployment: Deployment, { current, old }: Generations): number {
  throw new NotImplemented('controller-manager/deployment', 'currentReplicas');
}

/**
 * How many pods a rolling update may take from the old ReplicaSets now.
 *
 * @remarks At least `spec.replicas - maxUnavailable` pods stay available. What may go at most:
 *
 * ```text
 * all pods there should be - (spec.replicas - maxUnavailable) - pods of `current` not available
 * ```
 *
 * so that new pods that do not become available do not cost old ones that are. Two passes, each from
 * the ReplicaSet made first to the one made last:
 *
 * 1. What is not available anyway: from each at most as many as it has pods that are not available,
 *    and together at most that number.
 * 2. What is available, bounded by this alone: only as many as there are available pods (of all ReplicaSets) above
 *    `spec.replicas - maxUnavailable`. What the first pass took does not count against it.
 *
 * ```text
 * 10 replicas, maxSurge 3, maxUnavailable 2; old 10 (10 available), new 3 (0 available)
 *   at most 13 - 8 - 3 = 2; the first pass takes none; the second 10 - 8 = 2        →  old 8
 * old 8 (8 available), new 5 (0 available):  at most 13 - 8 - 5 = 0                 →  nothing
 * old 8 (5 available), new 5 (5 available):  the first pass takes 3; the second 10 - 8 = 2
 *                                                                                   →  old 3
 * ```
 *
 * @returns a step for each ReplicaSet that gets smaller, in the order of creation; none when nothing
 * may go
 * @see pkg/controller/deployment/rolling.go (1.33), reconcileOldReplicaSets
 * @exercise controller-manager/deployment
 */
export function oldReplicas(deployment: Deployment, { current, old }: Generations): ScaleStep[] {
  throw new NotImplemented('controller-manager/deployment', 'oldReplicas');
}

/**
 * The next step of a rollout; a Deployment that is as it should be has none.
 *
 * @remarks One thing at a time, since each changes what the next one may do:
 *
 * - `RollingUpdate`: a current ReplicaSet that is not there is made, as large as `currentReplicas` says.
 *   Else it gets that size, if it has another. Else the old ones get smaller (`oldReplicas`).
 * - `Recreate`: the old ones get size 0, if one has another. Else nothing, as long as old pods are
 *   there: as long as `status.replicas` of an old ReplicaSet is not 0, or `hasOldPods`. Else the
 *   current one is made, or gets its size, as above.
 *
 * @param hasOldPods - is there a pod of an old ReplicaSet that has not ended (not `Succeeded`, not
 * `Failed`), even one that is being deleted?
 * @returns without `create` and with nothing to scale when there is nothing to do
 * @see pkg/controller/deployment/rolling.go, recreate.go (1.33)
 * @exercise controller-manager/deployment
 */
export function nextStep(
  deployment: Deployment,
  generations: Generations,
  hasOldPods: boolean,
): RolloutStep {
  throw new NotImplemented('controller-manager/deployment', 'nextStep');
}

/**
 * The annotations the current ReplicaSet should have.
 *
 * @remarks Those it has, and:
 *
 * - the Deployment's own, but for those in `NOT_COPIED`;
 * - as `REVISION_ANNOTATION` one more than the highest revision of the old ones (one that has none, or
 *   no number, counts 0); its own stays when that is as high;
 * - when it had a revision and gets a higher one, it was rolled back to: the revision it had is added to
 *   the end of `REVISION_HISTORY_ANNOTATION` (`1,4`; `longerHistory` of `replica-sets.ts`).
 *
 * @param annotations - of the current ReplicaSet; of one that was not made yet `{}`
 * @see pkg/controller/deployment/util/deployment_util.go (1.33), SetNewReplicaSetAnnotations
 * @exercise controller-manager/deployment
 */
export function revisionAnnotations(
  deployment: Deployment,
  annotations: Readonly<Record<string, string>>,
  old: readonly ReplicaSet[],
): Record<string, string> {
  throw new NotImplemented('controller-manager/deployment', 'revisionAnnotations');
}

/** A Deployment's annotations that are about itself, and not for its ReplicaSets. */
export const NOT_COPIED: ReadonlySet<string> = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  REVISION_ANNOTATION,
  REVISION_HISTORY_ANNOTATION,
  'deployment.kubernetes.io/desired-replicas',
  'deployment.kubernetes.io/max-replicas',
  'deprecated.deployment.rollback.to',
]);

/**
 * The old ReplicaSets that are too many to remember.
 *
 * @remarks `spec.revisionHistoryLimit` of them are kept, those made last. `NO_LIMIT` keeps all, and so does
 * a limit that is left out.
 * Those being deleted do not count. Of the others, from the one made first on, so many as are too many
 * are looked at, and of these only those go that have no pods and shall have none, by a status that is
 * up to date (`status.observedGeneration` is not behind `metadata.generation`).
 *
 * @see pkg/controller/deployment/sync.go (1.33), cleanupDeployment
 * @exercise controller-manager/deployment
 */
export function forgottenReplicaSets(
  deployment: Deployment,
  old: readonly ReplicaSet[],
): ReplicaSet[] {
  throw new NotImplemented('controller-manager/deployment', 'forgottenReplicaSets');
}

/**
 * The Deployment's status, from its ReplicaSets'.
 *
 * @remarks `replicas`, `readyReplicas` and `availableReplicas` are the sums of the ReplicaSets'
 * statuses; `updatedReplicas` is the current one's `replicas`; `unavailableReplicas` is what all of them
 * *should* have, less what is available, and never below 0. `observedGeneration` is the Deployment's
 * generation; `collisionCount` stays. Counts that are 0 are there as 0.
 *
 * Conditions stay, but for `Available`: `True`, reason `MinimumReplicasAvailable`, message `Deployment has
 * minimum availability.` when at least `spec.replicas - maxUnavailable` pods are available; else `False`,
 * `MinimumReplicasUnavailable`, `Deployment does not have minimum availability.` Use
 * `newDeploymentCondition` and `withCondition` of `conditions.ts`.
 *
 * @see pkg/controller/deployment/sync.go (1.33), calculateStatus
 * @exercise controller-manager/deployment
 */
export function statusOf(
  deployment: Deployment,
  { current, old }: Generations,
  clock: Pick<Clock, 'now'>,
): DeploymentStatus {
  throw new NotImplemented('controller-manager/deployment', 'statusOf');
}

/**
 * Has the rollout arrived: are all pods of the current template, available, and no others there?
 *
 * @remarks And is the status about the Deployment as it is now: `observedGeneration` is not behind
 * `metadata.generation`?
 *
 * @param status - as `statusOf` makes it
 * @see pkg/controller/deployment/util/deployment_util.go (1.33), DeploymentComplete
 * @exercise controller-manager/deployment
 */
export function isComplete(deployment: Deployment, status: DeploymentStatus): boolean {
  throw new NotImplemented('controller-manager/deployment', 'isComplete');
}
