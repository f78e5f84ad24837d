/**
 * What a volume of the local provisioner is: a folder on a node. Decisions only; given.
 *
 * Who asks is `local-provisioner.ts`.
 */

import type { Node, PersistentVolume, PersistentVolumeClaim } from 'kubernetes-types/core/v1.js';
import type { StorageClass } from 'kubernetes-types/storage/v1.js';
import { isConditionTrue, Quantity } from '#apimachinery';
import { objectReference, PERSISTENT_VOLUME_CLAIMS } from '#client';
import {
  BETA_STORAGE_PROVISIONER,
  classOf,
  PROVISIONED_BY,
  SELECTED_NODE,
  STORAGE_PROVISIONER,
  volumeModeOf,
  waitsForConsumer,
} from './volume-terms.ts';

/** The `provisioner` of the StorageClasses whose volumes are made here. */
export const LOCAL_PROVISIONER = 'kubernetes-from-scratch/local';
/** Where volumes are on a node, unless the class has a parameter `path`. */
export const LOCAL_VOLUMES_FOLDER = '/var/lib/kubernetes-from-scratch/volumes';

const HOSTNAME_LABEL = 'kubernetes.io/hostname';
/** A folder can be mounted by what runs on its node, and nobody else. */
const ACCESS_MODES = ['ReadWriteOnce', 'ReadWriteOncePod'];

/** Is it our turn to make a volume for the claim? */
export function isToProvision(
  { metadata, spec }: PersistentVolumeClaim,
  storageClass: StorageClass | undefined,
): boolean {
  const { annotations = {}, deletionTimestamp } = metadata ?? {};
  const asked = annotations[STORAGE_PROVISIONER] ?? annotations[BETA_STORAGE_PROVISIONER];
  if (asked !== LOCAL_PROVISIONER || spec?.volumeName || deletionTimestamp) return false;
  if (storageClass?.provisioner !== LOCAL_PROVISIONER) return false;
  return !waitsForConsumer(storageClass) || !!annotations[SELECTED_NODE];
}

/** Is it our turn to remove a volume? */
export function isToDelete({ metadata, spec, status }: PersistentVolume): boolean {
  return (
    metadata?.annotations?.[PROVISIONED_BY] === LOCAL_PROVISIONER &&
    metadata.deletionTimestamp === undefined &&
    spec?.persistentVolumeReclaimPolicy === 'Delete' &&
    status?.phase === 'Released'
  );
}

/** Is a claim bound to a volume of ours, and asks for more than it has? */
export function isToGrow(claim: PersistentVolumeClaim, volume: PersistentVolume): boolean {
  const { spec, status } = claim;
  const isOurs = volume.metadata?.annotations?.[PROVISIONED_BY] === LOCAL_PROVISIONER;
  if (!isOurs || status?.phase !== 'Bound' || claim.metadata?.deletionTimestamp) return false;
  const asked = Quantity.parse(spec?.resources?.requests?.storage ?? '0');
  return asked.compare(Quantity.parse(status.capacity?.storage ?? '0')) > 0;
}

/** The volume with another size. */
export function withCapacity(volume: PersistentVolume, storage: string): PersistentVolume {
  const { spec } = volume;
  return { ...volume, spec: { ...spec, capacity: { ...spec?.capacity, storage } } };
}

/** The name of the volume that is made for a claim: the same however often it is tried. */
export function localVolumeName({ metadata }: PersistentVolumeClaim): string {
  return `pvc-${metadata?.uid}`;
}

/** What of a claim a folder on a node cannot be; `undefined` when it can be all. */
export function localVolumeFault(claim: PersistentVolumeClaim): string | undefined {
  const { accessModes = [], selector, dataSource, dataSourceRef } = claim.spec ?? {};
  const mode = accessModes.find((one) => !ACCESS_MODES.includes(one));
  if (mode !== undefined) {
    return `only the access modes ${ACCESS_MODES.join(' and ')} are supported, found ${mode}`;
  }
  if (volumeModeOf(claim) !== 'Filesystem') return 'block volume provisioning is not supported';
  if (selector) return 'claim Selector is not supported';
  return dataSource || dataSourceRef
    ? 'volumes are made empty: no dataSource is supported'
    : undefined;
}

/** Is the node ready for pods? */
export function mayHaveVolumes({ spec, status }: Node): boolean {
  return isConditionTrue(status?.conditions, 'Ready') && !spec?.unschedulable;
}

/** The nodes on which a volume of a class may be when no pod has chosen one. */
export function nodesForVolumes(
  nodes: readonly Node[],
  { allowedTopologies = [] }: StorageClass,
): Node[] {
  return nodes.filter((node) => {
    const { metadata } = node;
    const fits = allowedTopologies.some(({ matchLabelExpressions = [] }) =>
      matchLabelExpressions.every(({ key, values }) =>
        values.includes(metadata?.labels?.[key] ?? ''),
      ),
    );
    return mayHaveVolumes(node) && (allowedTopologies.length === 0 || fits);
  });
}

/** The volume for a claim, on a node. */
export function newLocalVolume(
  claim: PersistentVolumeClaim,
  storageClass: StorageClass,
  node: Node,
): PersistentVolume {
  const { name: claimName, namespace } = claim.metadata ?? {};
  const name = localVolumeName(claim);
  const folder = storageClass.parameters?.path ?? LOCAL_VOLUMES_FOLDER;
  const hostname = node.metadata?.labels?.[HOSTNAME_LABEL] ?? node.metadata?.name ?? '';
  const { reclaimPolicy = 'Delete', mountOptions } = storageClass;
  return {
    metadata: { name, annotations: { [PROVISIONED_BY]: LOCAL_PROVISIONER } },
    spec: {
      capacity: { storage: claim.spec?.resources?.requests?.storage ?? '0' },
      accessModes: [...(claim.spec?.accessModes ?? [])],
      persistentVolumeReclaimPolicy: reclaimPolicy,
      storageClassName: classOf(claim),
      volumeMode: 'Filesystem',
      ...(mountOptions && { mountOptions: [...mountOptions] }),
      claimRef: objectReference(PERSISTENT_VOLUME_CLAIMS, claim),
      hostPath: { path: `${folder}/${name}_${namespace}_${claimName}`, type: 'DirectoryOrCreate' },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: HOSTNAME_LABEL, operator: 'In', values: [hostname] }] },
          ],
        },
      },
    },
  };
}
