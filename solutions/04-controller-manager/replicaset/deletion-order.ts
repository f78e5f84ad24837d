/**
 * What the order in which pods are deleted is made of: single facts of a pod, as numbers. Given.
 *
 * The order itself is `replicaset.ts`.
 */

import type { Pod } from 'kubernetes-types/core/v1.js';
import { readySince } from '../pod-state.ts';

/** Says which pods to delete rather than others: the cheaper first. */
export const POD_DELETION_COST_ANNOTATION = 'controller.kubernetes.io/pod-deletion-cost';

const PHASES = ['Pending', 'Unknown', 'Running'];
const LARGEST_COST = 2 ** 31 - 1;

/** 0 for a pod that waits, 1 for one nobody hears of, 2 for one that runs. */
export function phaseOrder({ status }: Pod): number {
  return Math.max(0, PHASES.indexOf(status?.phase ?? ''));
}

/** The number in `POD_DELETION_COST_ANNOTATION`; 0 without one, or when it is no 32-bit number. */
export function deletionCost({ metadata }: Pod): number {
  const text = metadata?.annotations?.[POD_DELETION_COST_ANNOTATION] ?? '';
  const cost = /^(0|-\d+|[1-9]\d*)$/.test(text) ? Number(text) : 0;
  return cost < -LARGEST_COST - 1 || cost > LARGEST_COST ? 0 : cost;
}

/** How often the container that was restarted most was; sidecars count for themselves. */
export function mostRestarts({ spec, status }: Pod): { containers: number; sidecars: number } {
  const sidecars = (spec?.initContainers ?? [])
    .filter(({ restartPolicy }) => restartPolicy === 'Always')
    .map(({ name }) => name);
  const most = (statuses: readonly { restartCount?: number }[] = []): number =>
    Math.max(0, ...statuses.map(({ restartCount = 0 }) => restartCount));
  const ofSidecars = status?.initContainerStatuses?.filter(({ name }) => sidecars.includes(name));
  return { containers: most(status?.containerStatuses), sidecars: most(ofSidecars) };
}

/** A moment in a pod's life, and the pod's uid. */
export interface Moment {
  /** In milliseconds since 1970; `undefined` when it is not known. */
  readonly at: number | undefined;
  readonly uid: string;
}

/** When it became ready. */
export function readyMoment(pod: Pod): Moment {
  return { at: readySince(pod), uid: pod.metadata?.uid ?? '' };
}

/** When it was created. */
export function creationMoment({ metadata }: Pod): Moment {
  const at = metadata?.creationTimestamp;
  return { at: at === undefined ? undefined : Date.parse(String(at)), uid: metadata?.uid ?? '' };
}

/**
 * Orders moments of two pods, the later first; one that is not known before all.
 *
 * @remarks Ages count by their logarithm only: among pods of about the same age chance decides (their
 * uids), so that scaling down does not always take from the node that was filled last.
 *
 * @returns less than 0 when `a` comes first, 0 when it is the same moment
 * @see pkg/controller/controller_utils.go (1.33), logarithmicRankDiff, afterOrZero
 */
export function compareMoments(a: Moment, b: Moment, now: number): number {
  if (a.at === b.at) return 0;
  if (a.at === undefined || b.at === undefined) return a.at === undefined ? -1 : 1;
  const difference = ageRank(a.at, now) - ageRank(b.at, now);
  if (difference !== 0) return difference;
  return a.uid < b.uid ? -1 : 1;
}

/** How many times its age has doubled, beginning with a nanosecond. */
function ageRank(at: number, now: number): number {
  return now > at ? Math.floor(Math.log2((now - at) * 1e6)) : -1;
}
