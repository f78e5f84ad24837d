/**
 * Which volume a claim gets: the smallest that will do. Given.
 *
 * What is done about it is `claim-binding.ts`.
 */

import type { PersistentVolume, PersistentVolumeClaim } from 'kubernetes-types/core/v1.js';
import { Quantity, Selector, selectorFromObject } from '#apimachinery';
import { classOf, isBoundTo, volumeModeOf } from './volume-terms.ts';

/**
 * Finds the volume for a claim.
 *
 * @remarks Volumes with all of the claim's access modes are looked at, those with the fewest modes first,
 * and those with the same modes together. Of these
 *
 * 1. one that is reserved for the claim wins, if it is large enough and of the claim's `volumeMode`;
 * 2. else the smallest that is `Available`, of the claim's class, and selected by its `selector`.
 *
 * One that is reserved for another claim, or being deleted, is none.
 *
 * ```text
 * wanted 2Gi RWO; volumes a 5Gi RWO, b 3Gi RWO, c 2Gi RWO+RWX, d 1Gi RWO   →  b
 * ```
 *
 * @param reservedOnly - leave rule 2 to the scheduler
 * @see k8s.io/component-helpers/storage/volume/pv_helpers.go (1.33), FindMatchingVolume;
 * pkg/controller/volume/persistentvolume/index.go
 */
export function findMatchingVolume(
  claim: PersistentVolumeClaim,
  volumes: readonly PersistentVolume[],
  reservedOnly = false,
): PersistentVolume | undefined {
  const wanted = claim.spec?.accessModes ?? [];
  const groups = new Map<string, PersistentVolume[]>();
  for (const volume of volumes) {
    const modes = [...new Set(volume.spec?.accessModes ?? [])].sort();
    if (!wanted.every((mode) => modes.includes(mode))) continue;
    const key = `${String(modes.length).padStart(2, '0')} ${modes.join()}`;
    groups.set(key, [...(groups.get(key) ?? []), volume]);
  }
  for (const key of [...groups.keys()].sort()) {
    const found = findInGroup(claim, groups.get(key) ?? [], reservedOnly);
    if (found) return found;
  }
  return undefined;
}

function findInGroup(
  claim: PersistentVolumeClaim,
  volumes: readonly PersistentVolume[],
  reservedOnly: boolean,
): PersistentVolume | undefined {
  const possible = volumes.filter(
    (volume) =>
      (volume.spec?.claimRef === undefined || isBoundTo(volume, claim)) &&
      isLargeEnough(volume, claim) &&
      volumeModeOf(volume) === volumeModeOf(claim) &&
      volume.metadata?.deletionTimestamp === undefined,
  );
  const reserved = possible.find((volume) => isBoundTo(volume, claim));
  if (reserved || reservedOnly) return reserved;
  const selector = claim.spec?.selector
    ? selectorFromObject(claim.spec.selector)
    : Selector.everything;
  return possible
    .filter(({ status }) => status?.phase === 'Available')
    .filter((volume) => classOf(volume) === classOf(claim))
    .filter(({ metadata }) => selector.matches(metadata?.labels ?? {}))
    .reduce<PersistentVolume | undefined>(
      (best, volume) => (best && sizeOf(best).compare(sizeOf(volume)) <= 0 ? best : volume),
      undefined,
    );
}

/**
 * Why a volume that a claim names cannot be its volume.
 *
 * @returns upstream's words; `undefined` when it can
 * @see pkg/controller/volume/persistentvolume/pv_controller.go (1.33), checkVolumeSatisfyClaim
 */
export function volumeMismatch(
  volume: PersistentVolume,
  claim: PersistentVolumeClaim,
): string | undefined {
  const { name, deletionTimestamp } = volume.metadata ?? {};
  if (deletionTimestamp !== undefined) return `the volume is marked for deletion "${name}"`;
  if (!isLargeEnough(volume, claim)) return 'requested PV is too small';
  if (classOf(volume) !== classOf(claim)) return 'storageClassName does not match';
  if (volumeModeOf(volume) !== volumeModeOf(claim)) return 'incompatible volumeMode';
  const modes = volume.spec?.accessModes ?? [];
  const hasAll = (claim.spec?.accessModes ?? []).every((mode) => modes.includes(mode));
  return hasAll ? undefined : 'incompatible accessMode';
}

function isLargeEnough(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const wanted = Quantity.parse(claim.spec?.resources?.requests?.storage ?? '0');
  return sizeOf(volume).compare(wanted) >= 0;
}

function sizeOf({ spec }: PersistentVolume): Quantity {
  return Quantity.parse(spec?.capacity?.storage ?? '0');
}
