/** From a pod's claim to the volume that is bound to it. Given; the volume is set up by `volume-manager.ts`. */

import type { PersistentVolume, PersistentVolumeClaim, Volume } from 'kubernetes-types/core/v1.js';
import type { Pod } from '#apimachinery';
import { PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES } from '#client';
import type { ObjectCache } from '../objects/object-cache.ts';

/** A claim cannot be used, or not yet. */
export class ClaimError extends Error {
  override readonly name = 'ClaimError';
}

/** The name of a volume's claim; `undefined` when it is of another kind. */
export function claimNameOf({ metadata }: Pod, volume: Volume): string | undefined {
  if (volume.ephemeral) return `${metadata?.name}-${volume.name}`;
  return volume.persistentVolumeClaim?.claimName;
}

/**
 * The volume behind a claim.
 *
 * @throws ClaimError, as a rejection
 * @see pkg/kubelet/volumemanager/populator/desired_state_of_world_populator.go (1.33), createVolumeSpec
 */
export async function claimedVolume(
  objects: ObjectCache,
  pod: Pod,
  volume: Volume,
  claimName: string,
): Promise<PersistentVolume> {
  const { namespace = '' } = pod.metadata ?? {};
  const refuse = (why: string): ClaimError =>
    new ClaimError(`error processing PVC ${namespace}/${claimName}: ${why}`);
  const claim = await objects.get(PERSISTENT_VOLUME_CLAIMS, namespace, claimName);
  if (!claim) {
    throw refuse(
      `failed to fetch PVC from API server: persistentvolumeclaims "${claimName}" not found`,
    );
  }
  const fault = faultOf(claim) ?? (volume.ephemeral && !isOwn(pod, claim) ? NOT_OWN : undefined);
  if (fault !== undefined) {
    // It may be bound any moment, and that should be seen.
    objects.forget(PERSISTENT_VOLUME_CLAIMS, namespace, claimName);
    throw refuse(fault);
  }
  const name = claim.spec?.volumeName ?? '';
  const found = await objects.get(PERSISTENT_VOLUMES, '', name);
  if (!found) {
    throw refuse(
      `failed to fetch PV ${name} from API server: persistentvolumes "${name}" not found`,
    );
  }
  const uid = found.spec?.claimRef?.uid;
  if (uid !== claim.metadata?.uid) {
    objects.forget(PERSISTENT_VOLUMES, '', name);
    throw refuse(
      uid === undefined
        ? `found PV object ${name} but it has a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim`
        : `found PV object ${name} but its pv.Spec.ClaimRef.UID ${uid} does not point to claim.UID ${claim.metadata?.uid}`,
    );
  }
  if (found.spec?.volumeMode === 'Block') {
    throw new ClaimError(
      `volume ${volume.name} has volumeMode Block, but is specified in volumeMounts`,
    );
  }
  return found;
}

const NOT_OWN = 'not the ephemeral PVC for the pod';

function faultOf({ metadata, status, spec }: PersistentVolumeClaim): string | undefined {
  if (metadata?.deletionTimestamp !== undefined) return 'PVC is being deleted';
  if (status?.phase !== 'Bound') return 'PVC is not bound';
  return spec?.volumeName ? undefined : 'PVC has empty pvc.Spec.VolumeName';
}

function isOwn({ metadata }: Pod, claim: PersistentVolumeClaim): boolean {
  const owners = claim.metadata?.ownerReferences ?? [];
  return owners.some(({ uid, controller }) => controller === true && uid === metadata?.uid);
}
