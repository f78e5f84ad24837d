/**
 * Keeps a claim that is being deleted until no pod uses it any more. Given.
 *
 * A finalizer holds the claim; the same for volumes is `pv-protection-controller.ts`.
 *
 * @see pkg/controller/volume/pvcprotection/pvc_protection_controller.go (1.33)
 */

import type { PersistentVolumeClaim, Pod } from 'kubernetes-types/core/v1.js';
import {
  addFinalizer,
  deepCopy,
  hasFinalizer,
  isControlledBy,
  removeFinalizer,
} from '#apimachinery';
import { PERSISTENT_VOLUME_CLAIMS, PODS, type SharedInformer } from '#client';
import { ControlLoop } from '../control-loop.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { enqueueAll, finalState } from '../owners.ts';
import { isPodFinished } from '../pod-state.ts';

/** Holds a claim while a pod uses it. */
export const PVC_PROTECTION_FINALIZER = 'kubernetes.io/pvc-protection';
const NAME = 'persistentvolumeclaim-protection-controller';
/** The pods' index by the claims they use. */
const CLAIM_INDEX = 'pvc-protection/by-claim';

/** Makes the controller that keeps claims as long as pods use them. */
export function newPvcProtectionController(context: ControllerContext): Controller {
  const { client, clock, informers, log } = context;
  const claims = informers.informer(PERSISTENT_VOLUME_CLAIMS);
  const pods = informers.informer(PODS);
  pods.addIndexers({ [CLAIM_INDEX]: claimKeysOf });

  const isUsed = async (claim: PersistentVolumeClaim): Promise<boolean> => {
    const { name, namespace } = claim.metadata ?? {};
    const known = pods.lister.byIndex(CLAIM_INDEX, `${namespace}/${name}`);
    if (known.some((pod) => uses(pod, claim))) return true;
    // A pod may be so new that the cache does not have it: only the API server knows.
    const { items } = await client.resource(PODS, namespace).list();
    return items.some((pod) => uses(pod, claim));
  };

  const reconcile = async (key: string): Promise<void> => {
    const cached = claims.lister.get(key);
    if (!cached) return;
    const claim = deepCopy(cached);
    const isGoing = claim.metadata?.deletionTimestamp !== undefined;
    if (isGoing === !hasFinalizer(claim, PVC_PROTECTION_FINALIZER)) return;
    if (!isGoing) addFinalizer(claim, PVC_PROTECTION_FINALIZER);
    else if (await isUsed(claim)) return;
    else removeFinalizer(claim, PVC_PROTECTION_FINALIZER);
    await client.resource(PERSISTENT_VOLUME_CLAIMS, claim.metadata?.namespace).update(claim);
  };

  const loop = new ControlLoop({
    name: NAME,
    clock,
    log,
    synced: [() => claims.hasSynced(), () => pods.hasSynced()],
    reconcile,
  });
  enqueueAll(loop, claims);
  listenToPods(loop, pods);
  return loop;
}

/** A pod that ends, is gone, or is on no node may have been the last to use a claim. */
function listenToPods(loop: ControlLoop, pods: SharedInformer<Pod>): void {
  const enqueue = (pod: Pod): void => {
    for (const key of claimKeysOf(pod)) loop.enqueue(key);
  };
  const changed = (pod: Pod): void => {
    if (isPodFinished(pod) || !pod.spec?.nodeName) enqueue(pod);
  };
  pods.addEventHandler({
    onAdd: changed,
    onUpdate: (old, pod) => {
      changed(pod);
      if (old.metadata?.uid !== pod.metadata?.uid) enqueue(old);
    },
    onDelete: (gone) => enqueue(finalState(gone)),
  });
}

function claimKeysOf({ metadata, spec }: Pod): string[] {
  const { name, namespace } = metadata ?? {};
  return (spec?.volumes ?? []).flatMap((volume) => {
    if (volume.persistentVolumeClaim) {
      return [`${namespace}/${volume.persistentVolumeClaim.claimName}`];
    }
    return volume.ephemeral ? [`${namespace}/${name}-${volume.name}`] : [];
  });
}

/** Only a pod on a node counts: a kubelet starts no pod whose claim is being deleted. */
function uses(pod: Pod, claim: PersistentVolumeClaim): boolean {
  if (!pod.spec?.nodeName) return false;
  const { name } = claim.metadata ?? {};
  return (pod.spec.volumes ?? []).some(
    ({ name: volume, persistentVolumeClaim, ephemeral }) =>
      persistentVolumeClaim?.claimName === name ||
      (ephemeral !== undefined &&
        `${pod.metadata?.name}-${volume}` === name &&
        isControlledBy(claim, pod) &&
        !isShutDown(pod)),
  );
}

/** Does it only wait to be removed? Else the pod and its claim could wait for each other. */
function isShutDown({ metadata }: Pod): boolean {
  return metadata?.deletionTimestamp !== undefined && metadata.deletionGracePeriodSeconds === 0;
}
