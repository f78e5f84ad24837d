/** What binding a claim to a volume is written down with, and the questions both sides are asked. Given. */

import type { PersistentVolume, PersistentVolumeClaim, Pod } from 'kubernetes-types/core/v1.js';
import type { StorageClass } from 'kubernetes-types/storage/v1.js';
import { isPodFinished } from '../pod-state.ts';

/** On a claim: it has been bound, once and for ever. */
export const BIND_COMPLETED = 'pv.kubernetes.io/bind-completed';
/** On a claim or a volume: the controller chose the other one, not a person. */
export const BOUND_BY_CONTROLLER = 'pv.kubernetes.io/bound-by-controller';
/** On a volume: who made it. */
export const PROVISIONED_BY = 'pv.kubernetes.io/provisioned-by';
/** On a claim: who shall make a volume for it. */
export const STORAGE_PROVISIONER = 'volume.kubernetes.io/storage-provisioner';
/** The same, as it was called before; both are written. */
export const BETA_STORAGE_PROVISIONER = 'volume.beta.kubernetes.io/storage-provisioner';
/** On a claim: the node that the scheduler chose for its first pod. */
export const SELECTED_NODE = 'volume.kubernetes.io/selected-node';

const BETA_CLASS = 'volume.beta.kubernetes.io/storage-class';
const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class';
const BETA_DEFAULT_CLASS = 'storageclass.beta.kubernetes.io/is-default-class';

/** The name of its storage class; `''`: of none. */
export function classOf({ metadata, spec }: PersistentVolume | PersistentVolumeClaim): string {
  return metadata?.annotations?.[BETA_CLASS] ?? spec?.storageClassName ?? '';
}

/** Has nobody said of which class it should be, not even of none? */
export function saysNoClass({ metadata, spec }: PersistentVolumeClaim): boolean {
  return metadata?.annotations?.[BETA_CLASS] === undefined && spec?.storageClassName === undefined;
}

/**
 * The class of claims that do not say one: of several the newest, then the first by name.
 *
 * @see pkg/volume/util/storageclass.go (1.33), GetDefaultClass
 */
export function defaultClass(classes: readonly StorageClass[]): StorageClass | undefined {
  const made = ({ metadata }: StorageClass): string => String(metadata?.creationTimestamp ?? '');
  return classes
    .filter(({ metadata }) =>
      [DEFAULT_CLASS, BETA_DEFAULT_CLASS].some((key) => metadata?.annotations?.[key] === 'true'),
    )
    .sort((a, b) => {
      if (made(a) !== made(b)) return made(a) > made(b) ? -1 : 1;
      return (a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1;
    })[0];
}

/** Is a claim of this class bound only when a pod wants it? */
export function waitsForConsumer(storageClass: StorageClass | undefined): boolean {
  return storageClass?.volumeBindingMode === 'WaitForFirstConsumer';
}

/** Is the volume bound to the claim, or reserved for it? A reference without a uid is to any of its name. */
export function isBoundTo(volume: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  const ref = volume.spec?.claimRef;
  if (!ref || ref.name !== metadata?.name || ref.namespace !== metadata?.namespace) return false;
  return !ref.uid || ref.uid === metadata?.uid;
}

/** The key of the claim a volume refers to. */
export function claimKeyOf({ spec }: PersistentVolume): string | undefined {
  const ref = spec?.claimRef;
  return ref && `${ref.namespace}/${ref.name}`;
}

/** The keys of the claims that a pod uses, those of its ephemeral volumes too. */
export function claimKeysOfPod({ metadata, spec }: Pod): string[] {
  const { name, namespace } = metadata ?? {};
  return (spec?.volumes ?? []).flatMap((volume) => {
    const claim = volume.persistentVolumeClaim?.claimName;
    if (claim !== undefined) return [`${namespace}/${claim}`];
    return volume.ephemeral ? [`${namespace}/${name}-${volume.name}`] : [];
  });
}

/** Does it still wait for a node? */
export function isUnscheduled(pod: Pod): boolean {
  return !pod.spec?.nodeName && !isPodFinished(pod);
}

/** `Filesystem` when nobody says. */
export function volumeModeOf({ spec }: PersistentVolume | PersistentVolumeClaim): string {
  return spec?.volumeMode ?? 'Filesystem';
}
