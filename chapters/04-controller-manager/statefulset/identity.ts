/**
 * Who is who in a StatefulSet: `web-2` is number two of `web`, whatever happens to it. Given.
 *
 * Making a pod of that identity is `statefulset.ts`.
 */

import type { StatefulSet } from 'kubernetes-types/apps/v1.js';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { CONTROLLER_REVISION_HASH_LABEL } from '../controller-history.ts';

export type { StatefulSet };

/** The label by which a Service can select one pod. */
export const STATEFUL_SET_POD_NAME_LABEL = 'statefulset.kubernetes.io/pod-name';
/** The label that says a pod's number. */
export const POD_INDEX_LABEL = 'apps.kubernetes.io/pod-index';
export const STATEFUL_SET_KIND = { group: 'apps', version: 'v1', kind: 'StatefulSet' };

const MEMBER_NAME = /^(.*)-(0|[1-9][0-9]*)$/;

/** A pod's number by its name; -1 when its name has none. */
export function ordinalOf({ metadata }: Pod): number {
  return Number(MEMBER_NAME.exec(metadata?.name ?? '')?.[2] ?? -1);
}

/** Has the pod a name that this set gives? */
export function isMemberOf({ metadata }: Pod, set: StatefulSet): boolean {
  return MEMBER_NAME.exec(metadata?.name ?? '')?.[1] === set.metadata?.name;
}

/** How many pods there should be. */
export function desiredReplicas({ spec }: StatefulSet): number {
  return spec?.replicas ?? 1;
}

/** The lowest number: `spec.ordinals.start`, or 0. */
export function startOrdinal({ spec }: StatefulSet): number {
  return spec?.ordinals?.start ?? 0;
}

/** Is it one of the numbers that should be there? */
export function isInRange(set: StatefulSet, ordinal: number): boolean {
  const start = startOrdinal(set);
  return ordinal >= start && ordinal < start + desiredReplicas(set);
}

/** Are pods made and deleted without waiting for one another? */
export function isParallel({ spec }: StatefulSet): boolean {
  return spec?.podManagementPolicy === 'Parallel';
}

export function podName(set: StatefulSet, ordinal: number): string {
  return `${set.metadata?.name}-${ordinal}`;
}

/** @param template - the name of the claim's template */
export function claimName(set: StatefulSet, template: string, ordinal: number): string {
  return `${template}-${podName(set, ordinal)}`;
}

/** Does the pod's label still say who it is? */
export function hasIdentity({ metadata }: Pod): boolean {
  return metadata?.labels?.[STATEFUL_SET_POD_NAME_LABEL] === metadata?.name;
}

/** Has the pod a volume for each of the set's claims? */
export function hasStorage(set: StatefulSet, pod: Pod): boolean {
  const ordinal = ordinalOf(pod);
  return (set.spec?.volumeClaimTemplates ?? []).every(({ metadata }) => {
    const name = metadata?.name ?? '';
    const volume = pod.spec?.volumes?.find((each) => each.name === name);
    return volume?.persistentVolumeClaim?.claimName === claimName(set, name, ordinal);
  });
}

/** The numbers that should be there, from the lowest to the highest. */
export function ordinalsOf(set: StatefulSet): number[] {
  return Array.from({ length: desiredReplicas(set) }, (_, i) => startOrdinal(set) + i);
}

/** Pods by their numbers. */
export function podsByOrdinal(pods: readonly Pod[]): ReadonlyMap<number, Pod> {
  return new Map(pods.map((pod) => [ordinalOf(pod), pod]));
}

/** The name of the revision that a pod was made from. */
export function revisionOf({ metadata }: Pod): string | undefined {
  return metadata?.labels?.[CONTROLLER_REVISION_HASH_LABEL];
}
