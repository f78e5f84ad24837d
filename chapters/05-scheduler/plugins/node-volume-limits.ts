/** The plugin NodeVolumeLimits: how many volumes of a driver a node can have, as its CSINode says. Given. */

import type { PersistentVolume, PersistentVolumeClaim, Pod } from 'kubernetes-types/core/v1.js';
import type { CSINode, StorageClass } from 'kubernetes-types/storage/v1.js';
import { CSI_NODES, PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, STORAGE_CLASSES } from '#client';
import type { Handle } from '../framework/handle.ts';
import type { EnqueueExtensions, FilterPlugin, PreFilterPlugin } from '../framework/plugin.ts';
import { Status } from '../framework/status.ts';
import { claimsOfPod, classOfClaim, hasClaims, podUsesClaim } from './pod-claims.ts';

/** By `driver/handle`: the driver. A volume that several pods use counts once. */
type CsiVolumes = Map<string, string>;

const EXCEEDED = new Status('Unschedulable', ['node(s) exceed max volume count']);

interface Stores {
  readonly claims: { get(key: string): PersistentVolumeClaim | undefined };
  readonly volumes: { get(key: string): PersistentVolume | undefined };
  readonly classes: { get(key: string): StorageClass | undefined };
}

/**
 * Makes the plugin.
 *
 * @see pkg/scheduler/framework/plugins/nodevolumelimits/csi.go (1.33)
 */
export function newNodeVolumeLimits(
  _args: unknown,
  { informers }: Handle,
): PreFilterPlugin & FilterPlugin & EnqueueExtensions {
  const csiNodes = informers.informer(CSI_NODES).lister;
  const stores: Stores = {
    claims: informers.informer(PERSISTENT_VOLUME_CLAIMS).lister,
    volumes: informers.informer(PERSISTENT_VOLUMES).lister,
    classes: informers.informer(STORAGE_CLASSES).lister,
  };
  return {
    name: 'NodeVolumeLimits',

    preFilter: (_state, { pod }) => (hasClaims(pod) ? undefined : { status: new Status('Skip') }),

    filter: (_state, { pod }, node) => {
      const limits = limitsOf(csiNodes.get(node.name));
      const added: CsiVolumes = new Map();
      const missing = collect(stores, pod, added);
      if (missing !== undefined) {
        const text = `persistentvolumeclaim "${missing}" not found`;
        return new Status('UnschedulableAndUnresolvable', [text]);
      }
      if (added.size === 0 || limits.size === 0) return undefined;
      const attached: CsiVolumes = new Map();
      for (const other of node.pods) collect(stores, other.pod, attached);
      const all = [...new Map([...attached, ...added]).values()];
      const isTooMuch = [...added].some(([volume, driver]) => {
        const limit = attached.has(volume) ? undefined : limits.get(driver);
        return limit !== undefined && all.filter((one) => one === driver).length > limit;
      });
      return isTooMuch ? EXCEEDED : undefined;
    },

    eventsToRegister: () => [
      { resource: 'CSINode', actions: ['Add', 'Update'] },
      {
        resource: 'AssignedPod',
        actions: ['Delete'],
        hint: (_pod, gone) => (hasClaims(gone as Pod) ? 'Queue' : 'QueueSkip'),
      },
      {
        resource: 'PersistentVolumeClaim',
        actions: ['Add'],
        hint: (pod, _before, after) =>
          podUsesClaim(pod, after as PersistentVolumeClaim) ? 'Queue' : 'QueueSkip',
      },
    ],
  };
}

function limitsOf(csiNode: CSINode | undefined): Map<string, number> {
  const limits = new Map<string, number>();
  for (const { name, allocatable } of csiNode?.spec.drivers ?? []) {
    if (allocatable?.count !== undefined) limits.set(name, allocatable.count);
  }
  return limits;
}

/** @returns the name of a claim that does not exist; the others are collected all the same */
function collect(stores: Stores, pod: Pod, found: CsiVolumes): string | undefined {
  let missing: string | undefined;
  for (const { name, isEphemeral } of claimsOfPod(pod)) {
    const key = `${pod.metadata?.namespace}/${name}`;
    const claim = stores.claims.get(key);
    if (!claim) {
      // One that is made for the pod may not have been made yet.
      if (!isEphemeral) missing ??= name;
      continue;
    }
    const volume = stores.volumes.get(claim.spec?.volumeName ?? '');
    if (volume) {
      const { driver, volumeHandle } = volume.spec?.csi ?? {};
      if (driver && volumeHandle) found.set(`${driver}/${volumeHandle}`, driver);
      continue;
    }
    // Not bound yet: it will be a volume of the class's driver.
    const driver = stores.classes.get(classOfClaim(claim))?.provisioner;
    if (driver) found.set(`${driver}/unbound-${key}`, driver);
  }
  return missing;
}
