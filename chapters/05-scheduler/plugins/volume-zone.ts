/** The plugin VolumeZone: a pod goes to the zone in which its bound volumes are. Given. */

import type {
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
} from 'kubernetes-types/core/v1.js';
import type { StorageClass } from 'kubernetes-types/storage/v1.js';
import { PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, STORAGE_CLASSES } from '#client';
import { newStateKey } from '../framework/cycle-state.ts';
import type { Handle } from '../framework/handle.ts';
import type { EnqueueExtensions, FilterPlugin, PreFilterPlugin } from '../framework/plugin.ts';
import { Status } from '../framework/status.ts';
import { claimsOfPod, classOfClaim, hasClaims, podUsesClaim } from './pod-claims.ts';

/** The labels that say where a node or a volume is, and the name each has today. */
const TOPOLOGY_LABELS: ReadonlyMap<string, string> = new Map([
  ['topology.kubernetes.io/zone', 'topology.kubernetes.io/zone'],
  ['topology.kubernetes.io/region', 'topology.kubernetes.io/region'],
  ['failure-domain.beta.kubernetes.io/zone', 'topology.kubernetes.io/zone'],
  ['failure-domain.beta.kubernetes.io/region', 'topology.kubernetes.io/region'],
]);

/** Where a volume can be used. */
interface Place {
  readonly key: string;
  readonly values: readonly string[];
}

const PLACES = newStateKey<readonly Place[]>('PreFilterVolumeZone');
const CONFLICT = new Status('UnschedulableAndUnresolvable', [
  'node(s) had no available volume zone',
]);

/**
 * Makes the plugin.
 *
 * @see pkg/scheduler/framework/plugins/volumezone/volume_zone.go (1.33)
 */
export function newVolumeZone(
  _args: unknown,
  { informers }: Handle,
): PreFilterPlugin & FilterPlugin & EnqueueExtensions {
  const stores: Stores = {
    claims: informers.informer(PERSISTENT_VOLUME_CLAIMS).lister,
    volumes: informers.informer(PERSISTENT_VOLUMES).lister,
    classes: informers.informer(STORAGE_CLASSES).lister,
  };
  return {
    name: 'VolumeZone',

    preFilter: (state, { pod }) => {
      if (!hasClaims(pod)) return { status: new Status('Skip') };
      const places: Place[] = [];
      for (const { name, isEphemeral } of claimsOfPod(pod)) {
        // What is made for the pod is bound where the pod goes.
        if (isEphemeral) continue;
        const found = placesOfClaim(stores, pod, name);
        if (found instanceof Status) return { status: found };
        places.push(...found);
      }
      if (places.length === 0) return { status: new Status('Skip') };
      state.write(PLACES, places);
      return undefined;
    },

    filter: (state, _pod, { node }) => {
      const labels = node?.metadata?.labels ?? {};
      // A node that is nowhere can use volumes from everywhere.
      if (![...TOPOLOGY_LABELS.keys()].some((key) => labels[key] !== undefined)) return undefined;
      const fits = (state.read(PLACES) ?? []).every(({ key, values }) =>
        values.includes(labels[key] ?? labels[TOPOLOGY_LABELS.get(key) ?? ''] ?? ''),
      );
      return fits ? undefined : CONFLICT;
    },

    eventsToRegister: () => [
      {
        resource: 'StorageClass',
        actions: ['Add'],
        hint: (pod, _before, after) =>
          usesClass(stores, pod, after as StorageClass) ? 'Queue' : 'QueueSkip',
      },
      {
        resource: 'Node',
        actions: ['Add', 'UpdateNodeLabel'],
        hint: (_pod, before, after) =>
          before === undefined || topologyOf(before as Node) !== topologyOf(after as Node)
            ? 'Queue'
            : 'QueueSkip',
      },
      {
        resource: 'PersistentVolumeClaim',
        actions: ['Add', 'Update'],
        hint: (pod, _before, after) =>
          podUsesClaim(pod, after as PersistentVolumeClaim) ? 'Queue' : 'QueueSkip',
      },
      {
        resource: 'PersistentVolume',
        actions: ['Add', 'Update'],
        hint: (_pod, before, after) =>
          before === undefined ||
          topologyOf(before as PersistentVolume) !== topologyOf(after as PersistentVolume)
            ? 'Queue'
            : 'QueueSkip',
      },
    ],
  };
}

interface Stores {
  readonly claims: { get(key: string): PersistentVolumeClaim | undefined };
  readonly volumes: { get(key: string): PersistentVolume | undefined };
  readonly classes: { get(key: string): StorageClass | undefined };
}

function placesOfClaim({ claims, volumes, classes }: Stores, pod: Pod, name: string) {
  const unresolvable = (text: string): Status => new Status('UnschedulableAndUnresolvable', [text]);
  if (name === '') return unresolvable('PersistentVolumeClaim had no name');
  const claim = claims.get(`${pod.metadata?.namespace}/${name}`);
  if (!claim) return unresolvable(`persistentvolumeclaim "${name}" not found`);
  const { volumeName } = claim.spec ?? {};
  if (volumeName) {
    const volume = volumes.get(volumeName);
    return volume ? placesOf(volume) : unresolvable(`persistentvolume "${volumeName}" not found`);
  }
  const className = classOfClaim(claim);
  if (className === '') {
    return unresolvable('PersistentVolumeClaim had no pv name and storageClass name');
  }
  const storageClass = classes.get(className);
  if (!storageClass) return unresolvable(`storageclass.storage.k8s.io "${className}" not found`);
  const { volumeBindingMode } = storageClass;
  if (volumeBindingMode === undefined) {
    return unresolvable(`VolumeBindingMode not set for StorageClass "${className}"`);
  }
  if (volumeBindingMode === 'WaitForFirstConsumer') return [];
  return unresolvable('PersistentVolume had no name');
}

/** A label of a volume may name several zones: `a__b`. */
function placesOf({ metadata }: PersistentVolume): Place[] {
  return Object.entries(metadata?.labels ?? {})
    .filter(([key, value]) => TOPOLOGY_LABELS.has(key) && value.trim() !== '')
    .map(([key, value]) => ({ key, values: value.split('__').map((zone) => zone.trim()) }));
}

function topologyOf({ metadata }: Node | PersistentVolume): string {
  return [...TOPOLOGY_LABELS.keys()].map((key) => metadata?.labels?.[key] ?? '').join('\n');
}

function usesClass({ claims }: Stores, pod: Pod, storageClass: StorageClass): boolean {
  if (storageClass.volumeBindingMode !== 'WaitForFirstConsumer') return false;
  return claimsOfPod(pod).some(({ name }) => {
    const claim = claims.get(`${pod.metadata?.namespace}/${name}`);
    return claim !== undefined && classOfClaim(claim) === storageClass.metadata?.name;
  });
}
