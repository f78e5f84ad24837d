/**
 * A Deployment's ReplicaSets seen as numbers: how many pods each should have, has, may have. Given.
 *
 * What a Deployment does with the numbers is `deployment.ts`.
 */

import type { Deployment, ReplicaSet } from 'kubernetes-types/apps/v1.js';

export type { Deployment, ReplicaSet };

/** Counts the templates a Deployment has had; on it and on its ReplicaSets. */
export const REVISION_ANNOTATION = 'deployment.kubernetes.io/revision';
/** The revisions a ReplicaSet had before it was rolled back to: `1,4`. */
export const REVISION_HISTORY_ANNOTATION = 'deployment.kubernetes.io/revision-history';
/** On a ReplicaSet: the Deployment's `spec.replicas` when it was last sized. */
export const DESIRED_REPLICAS_ANNOTATION = 'deployment.kubernetes.io/desired-replicas';
/** On a ReplicaSet: how many pods the Deployment could have had, with surge, when it was last sized. */
export const MAX_REPLICAS_ANNOTATION = 'deployment.kubernetes.io/max-replicas';

/** Stands for "no limit" in `revisionHistoryLimit` and `progressDeadlineSeconds`. */
export const NO_LIMIT = 2 ** 31 - 1;

/** A ReplicaSet and how many pods it should have from now on. */
export interface ScaleStep {
  readonly replicaSet: ReplicaSet;
  readonly replicas: number;
}

/** How many pods it should have. */
export function desiredOf({ spec }: Deployment | ReplicaSet): number {
  return spec?.replicas ?? 1;
}

/** How many pods a ReplicaSet has that have been ready for long enough. */
export function availableOf({ status }: ReplicaSet): number {
  return status?.availableReplicas ?? 0;
}

/** How many pods all of them together should have. */
export function totalDesired(replicaSets: readonly ReplicaSet[]): number {
  return replicaSets.reduce((sum, one) => sum + desiredOf(one), 0);
}

/** How many available pods all of them together have. */
export function totalAvailable(replicaSets: readonly ReplicaSet[]): number {
  return replicaSets.reduce((sum, one) => sum + availableOf(one), 0);
}

/** Should it have pods? */
export function isActive(replicaSet: ReplicaSet): boolean {
  return desiredOf(replicaSet) > 0;
}

/** Orders by time of creation, those of the same second by name. */
export function byCreation(a: ReplicaSet, b: ReplicaSet): number {
  const [one, other] = [a, b].map(({ metadata }) => [
    String(metadata?.creationTimestamp ?? ''),
    metadata?.name ?? '',
  ]);
  const key = (parts: readonly string[] | undefined) => (parts ?? []).join('/');
  if (key(one) === key(other)) return 0;
  return key(one) < key(other) ? -1 : 1;
}

/** A number in an annotation; `undefined` when there is none, or something else. */
export function numberIn(replicaSet: ReplicaSet, annotation: string): number | undefined {
  const text = replicaSet.metadata?.annotations?.[annotation];
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : undefined;
}

/** Was the Deployment's `spec.replicas` changed since its ReplicaSets were last sized? */
export function isScalingEvent(
  deployment: Deployment,
  replicaSets: readonly ReplicaSet[],
): boolean {
  return replicaSets.filter(isActive).some((one) => {
    const desired = numberIn(one, DESIRED_REPLICAS_ANNOTATION);
    return desired !== undefined && desired !== desiredOf(deployment);
  });
}

/** Is there a time after which a rollout without progress has failed? */
export function hasProgressDeadline({ spec }: Deployment): boolean {
  const seconds = spec?.progressDeadlineSeconds;
  return seconds !== undefined && seconds !== NO_LIMIT;
}

/** A history of revisions takes so many characters at most. */
const MAX_HISTORY_LENGTH = 2000;

/** A history with one more revision at its end; when it is too long, the oldest go. */
export function longerHistory(history: string, revision: string): string {
  const revisions = history === '' ? [revision] : [...history.split(','), revision];
  while (revisions.length > 1 && revisions.join(',').length > MAX_HISTORY_LENGTH) revisions.shift();
  return revisions.join(',');
}
