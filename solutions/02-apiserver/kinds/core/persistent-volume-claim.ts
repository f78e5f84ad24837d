/**
 * PersistentVolumeClaims as a kind: a wish for a volume, and what became of it. Given.
 *
 * What is wished for is in `claim-spec.ts`.
 *
 * @see pkg/registry/core/persistentvolumeclaim/strategy.go, pkg/apis/core/validation/validation.go
 * (1.33)
 */

import type {
  PersistentVolumeClaimSpec,
  PersistentVolumeClaimStatus,
} from 'kubernetes-types/core/v1.js';
import {
  deepCopy,
  type FieldError,
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
  semanticallyEqual,
} from '#apimachinery';
import type { ApiObject } from '../../api-object.ts';
import { defineKind } from '../define-kind.ts';
import { specOf, statusOf, validateImmutable } from '../field-checks.ts';
import type { Kind } from '../kind.ts';
import { changesText } from './changes.ts';
import { normalizeDataSources, setClaimSpecDefaults, validateClaimSpec } from './claim-spec.ts';
import { validateQualifiedName } from './names.ts';
import { isNativeResource } from './resource-names.ts';
import {
  quantityOf,
  setResourceListDefaults,
  validateBasicQuantity,
  validateResourceQuantity,
} from './resources.ts';

/** What the storage class was said in before there was a field. */
export const BETA_STORAGE_CLASS = 'volume.beta.kubernetes.io/storage-class';

/** PersistentVolumeClaims. */
export const persistentVolumeClaimKind: Kind = defineKind({
  group: '',
  version: 'v1',
  kind: 'PersistentVolumeClaim',
  resource: 'persistentvolumeclaims',
  shortNames: ['pvc'],
  namespaced: true,
  subresources: { status: true },
  setDefaults: (object) => setClaimSpecDefaults(specOf(object)),
  prepareForCreate(object) {
    normalizeDataSources(specOf(object));
    object.status = { phase: 'Pending' };
  },
  prepareForUpdate: (object) => normalizeDataSources(specOf(object)),
  validate: (object) => validateClaimSpec(specOf({ ...object }), 'spec'),
  validateUpdate,
  prepareForStatusUpdate(object) {
    const { capacity, allocatedResources } = statusOf<PersistentVolumeClaimStatus>(object);
    setResourceListDefaults(capacity);
    setResourceListDefaults(allocatedResources);
  },
  validateStatusUpdate,
  warnings,
});

function validateUpdate(object: ApiObject, old: ApiObject): FieldError[] {
  const spec = specOf<PersistentVolumeClaimSpec>({ ...object });
  const before = specOf<PersistentVolumeClaimSpec>({ ...old });
  return [
    ...validateClaimSpec(spec, 'spec'),
    ...validateClassAnnotation(object, old),
    ...validateSpecSame(object, old),
    ...validateNotShrunk(object, old),
    ...validateImmutable(spec.volumeMode, before.volumeMode, 'volumeMode'),
    ...validateAttributesClass(spec, before),
  ];
}

function betaClassOf({ metadata }: ApiObject): string | undefined {
  return metadata.annotations?.[BETA_STORAGE_CLASS];
}

/** The annotation may be replaced by the field that took its place, with the same class. */
function isUpgradeFromAnnotation(object: ApiObject, old: ApiObject): boolean {
  const before = betaClassOf(old);
  if (before === undefined || specOf<PersistentVolumeClaimSpec>({ ...old }).storageClassName) {
    return false;
  }
  const { storageClassName } = specOf<PersistentVolumeClaimSpec>({ ...object });
  return storageClassName === before && (betaClassOf(object) ?? before) === before;
}

function validateClassAnnotation(object: ApiObject, old: ApiObject): FieldError[] {
  const now = betaClassOf(object) ?? '';
  if (isUpgradeFromAnnotation(object, old) || now === (betaClassOf(old) ?? '')) return [];
  const field = `metadata.annotations.${BETA_STORAGE_CLASS}`;
  return [fieldInvalid(field, now, 'field is immutable')];
}

/** Of a claim only the volume it got, and once it has one its size, may change. */
function validateSpecSame(object: ApiObject, old: ApiObject): FieldError[] {
  const spec = deepCopy(specOf<PersistentVolumeClaimSpec>({ ...object }));
  const before = deepCopy(specOf<PersistentVolumeClaimSpec>({ ...old }));
  if (!before.volumeName) before.volumeName = spec.volumeName;
  if (isUpgradeFromAnnotation(object, old)) delete spec.storageClassName;
  else if (isUpgradeFromNothing(spec, before, betaClassOf(old))) delete spec.storageClassName;
  const { phase } = statusOf<PersistentVolumeClaimStatus>(object);
  if (phase === 'Bound') {
    const storage = before.resources?.requests?.storage;
    if (spec.resources?.requests && storage !== undefined) {
      spec.resources.requests.storage = storage;
    }
    if (spec.volumeAttributesClassName !== undefined) {
      spec.volumeAttributesClassName = before.volumeAttributesClassName;
    }
  }
  if (semanticallyEqual(spec, before)) return [];
  const diff = changesText(before, spec, 'spec');
  const why = `spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n${diff}`;
  return [fieldForbidden('spec', why)];
}

/** A claim without a class gets the default class when there is one. */
function isUpgradeFromNothing(
  { storageClassName }: PersistentVolumeClaimSpec,
  before: PersistentVolumeClaimSpec,
  annotated: string | undefined,
): boolean {
  if (storageClassName === undefined || before.storageClassName !== undefined) return false;
  return annotated === undefined || storageClassName === annotated;
}

/** Less may be asked for again when it was never given. */
function validateNotShrunk(object: ApiObject, old: ApiObject): FieldError[] {
  const sizeOf = (of: ApiObject) =>
    quantityOf(specOf<PersistentVolumeClaimSpec>({ ...of }).resources?.requests?.storage);
  const { capacity } = statusOf<PersistentVolumeClaimStatus>(old);
  if (sizeOf(object).compare(sizeOf(old)) >= 0) return [];
  if (sizeOf(object).compare(quantityOf(capacity?.storage)) > 0) return [];
  const why = 'field can not be less than status.capacity';
  return [fieldForbidden('spec.resources.requests.storage', why)];
}

function validateAttributesClass(
  { volumeAttributesClassName: now }: PersistentVolumeClaimSpec,
  { volumeAttributesClassName: before }: PersistentVolumeClaimSpec,
): FieldError[] {
  if (before === undefined || now === before) return [];
  const field = 'spec.volumeAttributesClassName';
  if (now === undefined) {
    return [fieldForbidden(field, 'update from non-nil value to nil is forbidden')];
  }
  if (now !== '') return [];
  return [fieldForbidden(field, 'update from non-nil value to an empty string is forbidden')];
}

const RESIZE_STATUSES = [
  'ControllerResizeInProgress',
  'ControllerResizeInfeasible',
  'NodeResizeInProgress',
  'NodeResizeInfeasible',
  'NodeResizePending',
].sort();

function validateStatusUpdate(object: ApiObject): FieldError[] {
  const { accessModes = [] } = specOf<PersistentVolumeClaimSpec>({ ...object });
  const status = statusOf<PersistentVolumeClaimStatus>(object);
  const { capacity = {}, allocatedResources = {}, allocatedResourceStatuses = {} } = status;
  const faults = accessModes.length === 0 ? [fieldRequired('Spec.accessModes')] : [];
  for (const [name, value] of Object.entries(capacity)) {
    faults.push(...validateBasicQuantity(value, `status.capacity[${name}]`));
  }
  for (const [name, value] of Object.entries(allocatedResourceStatuses)) {
    const path = 'status.allocatedResourceStatus';
    faults.push(...validateClaimResource(name, path));
    if (!RESIZE_STATUSES.includes(value)) {
      faults.push(fieldNotSupported(path, name, RESIZE_STATUSES));
    }
  }
  for (const [name, value] of Object.entries(allocatedResources)) {
    const path = `status.allocatedResources[${name}]`;
    const ofName = validateClaimResource(name, 'status.allocatedResources');
    if (ofName.length > 0) faults.push(...ofName);
    else {
      const ofValue = validateBasicQuantity(value, path);
      faults.push(
        ...(ofValue.length > 0 ? ofValue : validateResourceQuantity('storage', value, path)),
      );
    }
  }
  return faults;
}

function validateClaimResource(name: string, path: string): FieldError[] {
  const faults = validateQualifiedName(name, path);
  if (faults.length > 0 || !isNativeResource(name) || name === 'storage') return faults;
  return [fieldNotSupported(path, name, ['storage'])];
}

function warnings(object: ApiObject): string[] {
  const { resources } = specOf<PersistentVolumeClaimSpec>({ ...object });
  const found =
    betaClassOf(object) === undefined
      ? []
      : [
          `metadata.annotations[${BETA_STORAGE_CLASS}]: deprecated since v1.8; use "storageClassName" attribute instead`,
        ];
  for (const field of ['requests', 'limits'] as const) {
    const amount = quantityOf(resources?.[field]?.storage);
    if (amount.milliValue() % 1000n === 0n) continue;
    found.push(
      `spec.resources.${field}[storage]: fractional byte value "${amount}" is invalid, must be an integer`,
    );
  }
  return found;
}
