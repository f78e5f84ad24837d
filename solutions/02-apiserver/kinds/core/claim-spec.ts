/**
 * What a claim for a volume asks for: in a claim itself, and in the template a pod makes one of.
 * Given.
 *
 * The claim as an object, and what may change of it, is in `persistent-volume-claim.ts`.
 *
 * @see pkg/apis/core/validation/validation.go (1.33), ValidatePersistentVolumeClaimSpec
 */

import type { PersistentVolumeClaimSpec, TypedObjectReference } from 'kubernetes-types/core/v1.js';
import {
  type FieldError,
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
} from '#apimachinery';
import { validateOneOf } from '../field-checks.ts';
import { validateLabelSelector } from '../label-selector.ts';
import { validateDnsLabel, validateDnsSubdomain, validatePresent } from './names.ts';
import { setResourceListDefaults, validatePositiveQuantity } from './resources.ts';

/** In the order the API lists them. */
export const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
/** As what a volume is seen, in the order the API lists them. */
export const VOLUME_MODES = ['Block', 'Filesystem'];

/** Fills in what is left out. Changes the spec. */
export function setClaimSpecDefaults(spec: PersistentVolumeClaimSpec): void {
  spec.volumeMode ??= 'Filesystem';
  setResourceListDefaults(spec.resources?.limits);
  setResourceListDefaults(spec.resources?.requests);
}

/** Keeps the two fields for a source the same: `dataSource` is the older one. Changes the spec. */
export function normalizeDataSources(spec: PersistentVolumeClaimSpec): void {
  const { dataSource, dataSourceRef } = spec;
  if (dataSource && !dataSourceRef) spec.dataSourceRef = { ...dataSource };
  if (dataSourceRef && !dataSource && !dataSourceRef.namespace) {
    const { namespace: _, ...reference } = dataSourceRef;
    spec.dataSource = reference;
  }
}

/** Faults of what is asked for. */
export function validateClaimSpec(spec: PersistentVolumeClaimSpec, path: string): FieldError[] {
  const { accessModes = [], selector, storageClassName, volumeMode } = spec;
  const { volumeAttributesClassName } = spec;
  const faults: FieldError[] = [];
  if (accessModes.length === 0) {
    const why = 'at least 1 access mode is required';
    faults.push(fieldRequired(`${path}.accessModes`, why));
  }
  const attributes = `${path}.volumeAttributesClassName`;
  return [
    ...faults,
    ...validateLabelSelector(selector, `${path}.selector`),
    ...validateAccessModes(accessModes, `${path}.accessModes`),
    ...validateStorageRequest(spec, path),
    ...(storageClassName ? validateDnsSubdomain(storageClassName, `${path}.storageClassName`) : []),
    ...validateOneOf(volumeMode, VOLUME_MODES, `${path}.volumeMode`),
    ...validateDataSources(spec, path),
    ...(volumeAttributesClassName
      ? validateDnsSubdomain(volumeAttributesClassName, attributes)
      : []),
  ];
}

/** Each mode is one there is, and the one for a single pod stands alone. */
export function validateAccessModes(modes: readonly string[], path: string): FieldError[] {
  const faults = modes
    .filter((mode) => !ACCESS_MODES.includes(mode))
    .map((mode) => fieldNotSupported(path, mode, ACCESS_MODES));
  const known = modes.filter((mode) => ACCESS_MODES.includes(mode));
  const isMixed = known.some((mode) => mode !== 'ReadWriteOncePod');
  if (known.includes('ReadWriteOncePod') && isMixed) {
    faults.push(fieldForbidden(path, 'may not use ReadWriteOncePod with other access modes'));
  }
  return faults;
}

function validateStorageRequest(
  { resources }: PersistentVolumeClaimSpec,
  path: string,
): FieldError[] {
  const field = `${path}.resources[storage]`;
  const storage = resources?.requests?.storage;
  return storage === undefined ? [fieldRequired(field)] : validatePositiveQuantity(storage, field);
}

function validateDataSources(
  { dataSource, dataSourceRef }: PersistentVolumeClaimSpec,
  path: string,
): FieldError[] {
  const faults = [
    ...(dataSource ? validateDataSource(dataSource, `${path}.dataSource`) : []),
    ...(dataSourceRef ? validateDataSource(dataSourceRef, `${path}.dataSourceRef`) : []),
  ];
  if (dataSourceRef?.namespace) {
    const field = `${path}.dataSourceRef.namespace`;
    faults.push(...validateDnsLabel(dataSourceRef.namespace, field));
    if (dataSource) {
      const why = 'may not be specified when dataSourceRef.namespace is specified';
      faults.push(fieldInvalid(path, `${path}.dataSource`, why));
    }
  } else if (dataSource && dataSourceRef && !isSameSource(dataSource, dataSourceRef)) {
    faults.push(fieldInvalid(path, `${path}.dataSource`, 'must match dataSourceRef'));
  }
  return faults;
}

function isSameSource(a: TypedObjectReference, b: TypedObjectReference): boolean {
  return a.apiGroup === b.apiGroup && a.kind === b.kind && a.name === b.name;
}

function validateDataSource(
  { apiGroup = '', kind = '', name }: TypedObjectReference,
  path: string,
): FieldError[] {
  const faults = [
    ...validatePresent(name, `${path}.name`),
    ...validatePresent(kind, `${path}.kind`),
  ];
  if (apiGroup) return [...faults, ...validateDnsSubdomain(apiGroup, `${path}.apiGroup`)];
  if (kind === 'PersistentVolumeClaim') return faults;
  const why = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
  return [...faults, fieldInvalid(path, kind, why)];
}
