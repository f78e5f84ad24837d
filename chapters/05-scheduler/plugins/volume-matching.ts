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

/** A claim that is to be bound, with the volumes that would do on the right node. */
export interface OpenClaim {
  readonly claim: PersistentVolumeClaim;
  /** It gets this one, or none. */
  readonly reserved: PersistentVolume | undefined;
  /** The smallest first. */
  readonly volumes: readonly PersistentVolume[];
}

/**
 * What can be said about a claim without a node: asked once for each pod.
 *
 * @see k8s.io/component-helpers/storage/volume/pv_helpers.go (1.33), FindMatchingVolume
 */
export function openClaim(
  claim: PersistentVolumeClaim,
  volumes: readonly PersistentVolume[],
): OpenClaim {
  const wantedSize = claimSize(claim);
  const possible = volumes.filter(
    (volume) =>
      (volume.spec?.claimRef === undefined || isReservedFor(volume, claim)) &&
      modeOf(volume) === modeOf(claim) &&
      volume.metadata?.deletionTimestamp === undefined &&
      sizeOf(volume).compare(wantedSize) >= 0,
  );
  const reserved = possible.find((volume) => isReservedFor(volume, claim));
  if (reserved) return { claim, reserved, volumes: [] };
  const selector = claim.spec?.selector
    ? selectorFromObject(claim.spec.selector)
    : Selector.everything;
  const wantedModes = claim.spec?.accessModes ?? [];
  const fitting = possible
    .filter(({ status }) => status?.phase === 'Available')
    .filter((volume) => classOfVolume(volume) === classOfClaim(claim))
    .filter(({ metadata }) => selector.matches(metadata?.labels ?? {}))
    .filter(({ spec }) => wantedModes.every((mode) => spec?.accessModes?.includes(mode)))
    .sort((a, b) => sizeOf(a).compare(sizeOf(b)));
  return { claim, reserved: undefined, volumes: fitting };
}

/**
 * The volume for a claim on a node.
 *
 * @param taken - names of volumes that other claims of the pod get
 * @returns `undefined` when there is none, also when the reserved one cannot be used on the node
 */
export function chooseVolume(
  { reserved, volumes }: OpenClaim,
  node: Node,
  taken: ReadonlySet<string>,
): PersistentVolume | undefined {
  if (reserved) return volumeFitsNode(reserved, node) ? reserved : undefined;
  return volumes.find(
    (volume) => !taken.has(volume.metadata?.name ?? '') && volumeFitsNode(volume, node),
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
