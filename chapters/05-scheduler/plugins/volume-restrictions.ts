/** The plugin VolumeRestrictions: volumes that not everybody may use at the same time. Given. */

import type { PersistentVolumeClaim, Pod, Volume } from 'kubernetes-types/core/v1.js';
import { PERSISTENT_VOLUME_CLAIMS } from '#client';
import { newStateKey } from '../framework/cycle-state.ts';
import type { Handle } from '../framework/handle.ts';
import type { NodeInfo } from '../framework/node-info.ts';
import type { EnqueueExtensions, FilterPlugin, PreFilterPlugin } from '../framework/plugin.ts';
import { Status } from '../framework/status.ts';
import { podUsesClaim } from './pod-claims.ts';

/** Claims of the pod that only one pod may use, and how often others use them. */
class Exclusive {
  readonly claims: ReadonlySet<string>;
  readonly #namespace: string;
  conflicts = 0;

  constructor(namespace: string, claims: ReadonlySet<string>) {
    this.#namespace = namespace;
    this.claims = claims;
  }

  /** @param sign - 1: the pod is there now, -1: it is not any more */
  count({ metadata, spec }: Pod, sign: 1 | -1): void {
    if (metadata?.namespace !== this.#namespace) return;
    for (const { persistentVolumeClaim } of spec?.volumes ?? []) {
      if (this.claims.has(persistentVolumeClaim?.claimName ?? '')) this.conflicts += sign;
    }
  }

  clone(): Exclusive {
    const copy = new Exclusive(this.#namespace, this.claims);
    copy.conflicts = this.conflicts;
    return copy;
  }
}

const EXCLUSIVE = newStateKey<Exclusive>('PreFilterVolumeRestrictions');
const DISK_CONFLICT = new Status('Unschedulable', ['node(s) had no available disk']);
const CLAIM_CONFLICT = new Status('Unschedulable', [
  'node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode',
]);

/**
 * Makes the plugin.
 *
 * @see pkg/scheduler/framework/plugins/volumerestrictions/volume_restrictions.go (1.33)
 */
export function newVolumeRestrictions(
  _args: unknown,
  { informers }: Handle,
): PreFilterPlugin & FilterPlugin & EnqueueExtensions {
  const claims = informers.informer(PERSISTENT_VOLUME_CLAIMS);
  return {
    name: 'VolumeRestrictions',

    preFilter: (state, { pod }, nodes) => {
      const volumes = pod.spec?.volumes ?? [];
      if (volumes.length === 0) return { status: new Status('Skip') };
      const exclusive = new Set<string>();
      const namespace = pod.metadata?.namespace ?? '';
      for (const { persistentVolumeClaim } of volumes) {
        if (!persistentVolumeClaim) continue;
        const { claimName } = persistentVolumeClaim;
        const claim = claims.lister.get(`${namespace}/${claimName}`);
        if (!claim) {
          const text = `persistentvolumeclaim "${claimName}" not found`;
          return { status: new Status('UnschedulableAndUnresolvable', [text]) };
        }
        if (claim.spec?.accessModes?.includes('ReadWriteOncePod')) exclusive.add(claimName);
      }
      if (exclusive.size === 0 && !volumes.some(isDisk)) return { status: new Status('Skip') };
      const counts = new Exclusive(namespace, exclusive);
      if (exclusive.size > 0) countAll(counts, nodes);
      state.write(EXCLUSIVE, counts);
      return undefined;
    },

    addPod: (state, _pod, added) => {
      state.read(EXCLUSIVE)?.count(added.pod, 1);
      return undefined;
    },

    removePod: (state, _pod, removed) => {
      state.read(EXCLUSIVE)?.count(removed.pod, -1);
      return undefined;
    },

    filter: (state, { pod }, node) => {
      if ((pod.spec?.volumes ?? []).some((volume) => conflictsOn(volume, node))) {
        return DISK_CONFLICT;
      }
      return (state.read(EXCLUSIVE)?.conflicts ?? 0) > 0 ? CLAIM_CONFLICT : undefined;
    },

    eventsToRegister: () => [
      {
        resource: 'AssignedPod',
        actions: ['Delete'],
        hint: (pod, gone) => (mayHelp(pod, gone as Pod) ? 'Queue' : 'QueueSkip'),
      },
      { resource: 'Node', actions: ['Add'] },
      {
        // Access modes do not change: only a claim that was missing can help.
        resource: 'PersistentVolumeClaim',
        actions: ['Add'],
        hint: (pod, _before, after) =>
          podUsesClaim(pod, after as PersistentVolumeClaim) ? 'Queue' : 'QueueSkip',
      },
    ],
  };
}

/** Of all pods that share claims: only asked for a pod that has an exclusive one. */
function countAll(counts: Exclusive, nodes: readonly NodeInfo[]): void {
  for (const node of nodes) for (const { pod } of node.pods) counts.count(pod, 1);
}

/** The disks that must not be attached twice; all other volumes are claimed. */
function isDisk(volume: Volume): boolean {
  const { gcePersistentDisk, awsElasticBlockStore, iscsi, rbd } = volume;
  return !!(gcePersistentDisk || awsElasticBlockStore || iscsi || rbd);
}

function conflictsOn(volume: Volume, node: NodeInfo): boolean {
  return isDisk(volume) && node.pods.some(({ pod }) => conflictsWith(volume, pod));
}

function conflictsWith(volume: Volume, { spec }: Pod): boolean {
  return (spec?.volumes ?? []).some((other) => areInConflict(volume, other));
}

/** The same disk, unless both only read it; disks of AWS never. */
function areInConflict(a: Volume, b: Volume): boolean {
  const areReaders = (one: { readOnly?: boolean }, two: { readOnly?: boolean }): boolean =>
    one.readOnly === true && two.readOnly === true;
  if (a.gcePersistentDisk && b.gcePersistentDisk) {
    const [one, two] = [a.gcePersistentDisk, b.gcePersistentDisk];
    if (one.pdName === two.pdName && !areReaders(one, two)) return true;
  }
  if (a.awsElasticBlockStore && b.awsElasticBlockStore) {
    if (a.awsElasticBlockStore.volumeID === b.awsElasticBlockStore.volumeID) return true;
  }
  if (a.iscsi && b.iscsi && a.iscsi.iqn === b.iscsi.iqn && !areReaders(a.iscsi, b.iscsi)) {
    return true;
  }
  if (!a.rbd || !b.rbd) return false;
  const [one, two] = [a.rbd, b.rbd];
  return (
    one.monitors.some((monitor) => two.monitors.includes(monitor)) &&
    (one.pool ?? 'rbd') === (two.pool ?? 'rbd') &&
    one.image === two.image &&
    !areReaders(one, two)
  );
}

/** Did the pod that is gone use a disk or a claim of the pod that waits? */
function mayHelp(pod: Pod, gone: Pod): boolean {
  const volumes = pod.spec?.volumes ?? [];
  if (volumes.some((volume) => isDisk(volume) && conflictsWith(volume, gone))) return true;
  if (pod.metadata?.namespace !== gone.metadata?.namespace) return false;
  const claims = new Set(volumes.map((volume) => volume.persistentVolumeClaim?.claimName));
  return (gone.spec?.volumes ?? []).some(
    ({ persistentVolumeClaim }) =>
      persistentVolumeClaim !== undefined && claims.has(persistentVolumeClaim.claimName),
  );
}
