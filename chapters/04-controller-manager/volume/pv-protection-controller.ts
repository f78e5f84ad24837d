/**
 * Keeps a volume that is being deleted as long as it is bound to a claim. Given.
 *
 * The same for claims is `pvc-protection-controller.ts`.
 *
 * @see pkg/controller/volume/pvprotection/pv_protection_controller.go (1.33)
 */

import { addFinalizer, deepCopy, hasFinalizer, removeFinalizer } from '#apimachinery';
import { PERSISTENT_VOLUMES } from '#client';
import { ControlLoop } from '../control-loop.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { enqueueAll } from '../owners.ts';

/** Holds a volume while it is bound. */
export const PV_PROTECTION_FINALIZER = 'kubernetes.io/pv-protection';

/** Makes the controller that keeps volumes as long as they are bound. */
export function newPvProtectionController(context: ControllerContext): Controller {
  const { client, clock, informers, log } = context;
  const volumes = informers.informer(PERSISTENT_VOLUMES);

  const reconcile = async (key: string): Promise<void> => {
    const cached = volumes.lister.get(key);
    if (!cached) return;
    const volume = deepCopy(cached);
    const isGoing = volume.metadata?.deletionTimestamp !== undefined;
    if (isGoing === !hasFinalizer(volume, PV_PROTECTION_FINALIZER)) return;
    if (!isGoing) addFinalizer(volume, PV_PROTECTION_FINALIZER);
    else if (volume.status?.phase === 'Bound') return;
    else removeFinalizer(volume, PV_PROTECTION_FINALIZER);
    await client.resource(PERSISTENT_VOLUMES).update(volume);
  };

  const loop = new ControlLoop({
    name: 'persistentvolume-protection-controller',
    clock,
    log,
    synced: [() => volumes.hasSynced()],
    reconcile,
  });
  enqueueAll(loop, volumes);
  return loop;
}
