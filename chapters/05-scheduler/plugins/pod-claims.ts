/** The claims a pod uses, for the volume plugins. Given. */

import type { PersistentVolumeClaim, Pod } from 'kubernetes-types/core/v1.js';

/** A claim of a pod. */
export interface PodClaim {
  readonly name: string;
  /** It is made for this pod, from its `ephemeral` volume. */
  readonly isEphemeral: boolean;
}

/** In the order of the pod's volumes. */
export function claimsOfPod({ metadata, spec }: Pod): PodClaim[] {
  return (spec?.volumes ?? []).flatMap((volume): PodClaim[] => {
    if (volume.persistentVolumeClaim) {
      return [{ name: volume.persistentVolumeClaim.claimName, isEphemeral: false }];
    }
    return volume.ephemeral
      ? [{ name: `${metadata?.name}-${volume.name}`, isEphemeral: true }]
      : [];
  });
}

/** Has the pod any claim? Asked for every pod: makes nothing. */
export function hasClaims({ spec }: Pod): boolean {
  return (spec?.volumes ?? []).some((volume) => volume.persistentVolumeClaim || volume.ephemeral);
}

/** Does the pod use this claim? */
export function podUsesClaim(pod: Pod, { metadata }: PersistentVolumeClaim): boolean {
  if (pod.metadata?.namespace !== metadata?.namespace) return false;
  return claimsOfPod(pod).some(({ name }) => name === metadata?.name);
}

const BETA_CLASS = 'volume.beta.kubernetes.io/storage-class';

/** The name of a claim's storage class; `''`: of none. */
export function classOfClaim({ metadata, spec }: PersistentVolumeClaim): string {
  return metadata?.annotations?.[BETA_CLASS] ?? spec?.storageClassName ?? '';
}
