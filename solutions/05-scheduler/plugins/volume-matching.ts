/** Which existing volume a claim may have on a node. Given; who asks is `volume-binder.ts`. */

import type { Node, PersistentVolume, PersistentVolumeClaim } from 'kubernetes-types/core/v1.js';
import type { StorageClass } from 'kubernetes-types/storage/v1.js';
import { matchesNodeSelector, Quantity, Selector, selectorFromObject } from '#apimachinery';
import { classOfClaim } from './pod-claims.ts';

const BETA_CLASS = 'volume.beta.kubernetes.io/storage-class';

/** Can the volume be used on the node? */
export function volumeFitsNode({ spec }: PersistentVolume, node: Node): boolean {
  const required = spec?.nodeAffinity?.required;
  return required === undefined || matchesNodeSelector(required, node);
}

/** Is the volume bound to the claim, or reserved for it? A reference without a uid is to any of its name. */
export function isReservedFor(
  { spec }: PersistentVolume,
  { metadata }: PersistentVolumeClaim,
): boolean {
  const ref = spec?.claimRef;
  if (ref?.name !== metadata?.name || ref?.namespace !== metadata?.namespace) return false;
  return !ref?.uid || ref.uid === metadata?.uid;
}

/** What a claim asks for. */
export function claimSize({ spec }: PersistentVolumeClaim): Quantity {
  return Quantity.parse(spec?.resources?.requests?.storage ?? '0');
}

/**
 * The volume for a claim on a node: one that is reserved for it, else the smallest that will do.
 *
 * @param taken - names of volumes that other claims of the pod get
 * @returns `undefined` when there is none, also when the reserved one cannot be used on the node
 * @see k8s.io/component-helpers/storage/volume/pv_helpers.go (1.33), FindMatchingVolume
 */
export function findMatchingVolume(
  claim: PersistentVolumeClaim,
  volumes: readonly PersistentVolume[],
  node: Node,
  taken: ReadonlySet<string>,
): PersistentVolume | undefined {
  const possible = volumes.filter(
    (volume) =>
      !taken.has(volume.metadata?.name ?? '') &&
      (volume.spec?.claimRef === undefined || isReservedFor(volume, claim)) &&
      sizeOf(volume).compare(claimSize(claim)) >= 0 &&
      modeOf(volume) === modeOf(claim) &&
      volume.metadata?.deletionTimestamp === undefined,
  );
  const reserved = possible.find((volume) => isReservedFor(volume, claim));
  if (reserved) return volumeFitsNode(reserved, node) ? reserved : undefined;
  const selector = claim.spec?.selector
    ? selectorFromObject(claim.spec.selector)
    : Selector.everything;
  const wanted = claim.spec?.accessModes ?? [];
  return possible
    .filter(({ status }) => status?.phase === 'Available')
    .filter((volume) => classOfVolume(volume) === classOfClaim(claim))
    .filter(({ metadata }) => selector.matches(metadata?.labels ?? {}))
    .filter(({ spec }) => wanted.every((mode) => spec?.accessModes?.includes(mode)))
    .filter((volume) => volumeFitsNode(volume, node))
    .reduce<PersistentVolume | undefined>(
      (best, volume) => (best && sizeOf(best).compare(sizeOf(volume)) <= 0 ? best : volume),
      undefined,
    );
}

/** May volumes of the class be made for the node? */
export function classFitsNode({ allowedTopologies = [] }: StorageClass, node: Node): boolean {
  const labels = node.metadata?.labels ?? {};
  if (allowedTopologies.length === 0) return true;
  return allowedTopologies.some(({ matchLabelExpressions = [] }) =>
    matchLabelExpressions.every(({ key, values }) => values.includes(labels[key] ?? '')),
  );
}

function classOfVolume({ metadata, spec }: PersistentVolume): string {
  return metadata?.annotations?.[BETA_CLASS] ?? spec?.storageClassName ?? '';
}

function sizeOf({ spec }: PersistentVolume): Quantity {
  return Quantity.parse(spec?.capacity?.storage ?? '0');
}

function modeOf({ spec }: PersistentVolume | PersistentVolumeClaim): string {
  return spec?.volumeMode ?? 'Filesystem';
}
