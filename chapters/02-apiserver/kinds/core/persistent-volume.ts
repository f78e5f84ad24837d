/**
 * PersistentVolumes as a kind: storage that is there, whoever uses it. Given.
 *
 * @see pkg/registry/core/persistentvolume/strategy.go, pkg/apis/core/validation/validation.go (1.33)
 */

import type { NodeSelectorRequirement, PersistentVolumeSpec } from 'kubernetes-types/core/v1.js';
import {
  type FieldError,
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
  semanticallyEqual,
} from '#apimachinery';
import type { ApiObject } from '../../api-object.ts';
import { defineKind } from '../define-kind.ts';
import { specOf, validateImmutable, validateOneOf } from '../field-checks.ts';
import type { Kind } from '../kind.ts';
import { changesText } from './changes.ts';
import { VOLUME_MODES, validateAccessModes } from './claim-spec.ts';
import { validateDnsSubdomain } from './names.ts';
import { validateNodeSelector } from './node-selector.ts';
import type { ResourceList } from './objects.ts';
import { BETA_STORAGE_CLASS } from './persistent-volume-claim.ts';
import { persistentSourcesOf, validatePersistentSource } from './persistent-volume-sources.ts';
import {
  setResourceListDefaults,
  validateBasicQuantity,
  validatePositiveQuantity,
} from './resources.ts';
import { setStorageSystemDefaults } from './volumes.ts';

/** PersistentVolumes. */
export const persistentVolumeKind: Kind = defineKind({
  group: '',
  version: 'v1',
  kind: 'PersistentVolume',
  resource: 'persistentvolumes',
  shortNames: ['pv'],
  namespaced: false,
  subresources: { status: true },
  setDefaults,
  prepareForCreate(object) {
    // It has been in its phase since it was made.
    const { creationTimestamp } = object.metadata;
    object.status = {
      phase: 'Pending',
      ...(creationTimestamp && { lastPhaseTransitionTime: creationTimestamp }),
    };
  },
  validate,
  validateUpdate,
  validateStatusUpdate: () => [],
  warnings,
});

function setDefaults(object: ApiObject): void {
  const spec = specOf<PersistentVolumeSpec>(object);
  spec.persistentVolumeReclaimPolicy ||= 'Retain';
  spec.volumeMode ??= 'Filesystem';
  setResourceListDefaults(spec.capacity);
  if (spec.hostPath) spec.hostPath.type ??= '';
  setStorageSystemDefaults(spec);
}

const RECLAIM_POLICIES = ['Delete', 'Recycle', 'Retain'];

function validate(object: ApiObject): FieldError[] {
  const spec = specOf<PersistentVolumeSpec>({ ...object });
  const { accessModes = [], capacity, nodeAffinity, storageClassName, volumeMode } = spec;
  const policy = spec.persistentVolumeReclaimPolicy || undefined;
  return [
    ...(accessModes.length === 0 ? [fieldRequired('spec.accessModes')] : []),
    ...validateAccessModes(accessModes, 'spec.accessModes'),
    ...validateCapacity(capacity ?? {}, 'spec.capacity'),
    ...validateOneOf(policy, RECLAIM_POLICIES, 'spec.persistentVolumeReclaimPolicy'),
    ...(nodeAffinity ? validateNodeAffinity(nodeAffinity, 'spec.nodeAffinity') : []),
    ...validatePersistentSource(spec, object.metadata.name ?? '', 'spec'),
    ...validateRecycled(spec),
    ...(storageClassName ? validateDnsSubdomain(storageClassName, 'spec.storageClassName') : []),
    ...validateOneOf(volumeMode, VOLUME_MODES, 'spec.volumeMode'),
    ...validateAttributesClass(spec, 'spec'),
    ...validateMountOptions(object, spec),
  ];
}

const MOUNT_OPTIONS = 'volume.beta.kubernetes.io/mount-options';

/** Sources that are mounted with options. */
const WITH_MOUNT_OPTIONS = [
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'glusterfs',
  'nfs',
  'rbd',
  'quobyte',
  'iscsi',
  'cinder',
  'cephfs',
  'azureFile',
  'vsphereVolume',
  'azureDisk',
  'photonPersistentDisk',
] as const;

function validateMountOptions({ metadata }: ApiObject, spec: PersistentVolumeSpec): FieldError[] {
  if (metadata.annotations?.[MOUNT_OPTIONS] === undefined) return [];
  if (WITH_MOUNT_OPTIONS.some((field) => spec[field])) return [];
  const why = 'may not specify mount options for this volume type';
  return [fieldForbidden(`metadata.annotations.${MOUNT_OPTIONS}`, why)];
}

function validateCapacity(capacity: ResourceList, path: string): FieldError[] {
  const names = Object.keys(capacity);
  const faults = names.length === 0 ? [fieldRequired(path)] : [];
  if (capacity.storage === undefined || names.length > 1) {
    faults.push(fieldNotSupported(path, capacity, ['storage']));
  }
  const ofAmounts = Object.entries(capacity).flatMap(([name, value]) => {
    const at = `${path}[${name}]`;
    return [...validateBasicQuantity(value, at), ...validatePositiveQuantity(value, at)];
  });
  return [...faults, ...ofAmounts];
}

function validateNodeAffinity(
  { required }: NonNullable<PersistentVolumeSpec['nodeAffinity']>,
  path: string,
): FieldError[] {
  if (required) return validateNodeSelector(required, `${path}.required`);
  return [fieldRequired(`${path}.required`, 'must specify required node constraints')];
}

/** Recycling removes every file: not those of a whole node. */
function validateRecycled({
  hostPath,
  persistentVolumeReclaimPolicy,
}: PersistentVolumeSpec): FieldError[] {
  if (persistentVolumeReclaimPolicy !== 'Recycle' || !hostPath?.path) return [];
  const parts = hostPath.path.split('/').filter((part) => part !== '' && part !== '.');
  if (!hostPath.path.startsWith('/') || parts.some((part) => part !== '..')) return [];
  const why = "may not be 'recycle' for a hostPath mount of '/'";
  return [fieldForbidden('spec.persistentVolumeReclaimPolicy', why)];
}

function validateAttributesClass(
  { volumeAttributesClassName: name, csi }: PersistentVolumeSpec,
  path: string,
): FieldError[] {
  if (name === undefined) return [];
  const field = `${path}.volumeAttributesClassName`;
  const faults =
    name === ''
      ? [fieldRequired(field, 'an empty string is disallowed')]
      : validateDnsSubdomain(name, field);
  if (csi) return faults;
  const why = 'has to be specified when using volumeAttributesClassName';
  return [...faults, fieldRequired(`${path}.csi`, why)];
}

function validateUpdate(object: ApiObject, old: ApiObject): FieldError[] {
  const spec = specOf<PersistentVolumeSpec>({ ...object });
  const before = specOf<PersistentVolumeSpec>({ ...old });
  const faults = validate(object);
  const source = sourceForComparison(spec, before);
  const oldSource = persistentSourcesOf(before);
  if (!semanticallyEqual(source, oldSource)) {
    const diff = changesText(oldSource, source, 'spec');
    const why = `spec.persistentvolumesource is immutable after creation\n${diff}`;
    faults.push(fieldForbidden('spec.persistentvolumesource', why));
  }
  faults.push(...validateImmutable(spec.volumeMode, before.volumeMode, 'volumeMode'));
  if (before.nodeAffinity && !isSameNodes(spec.nodeAffinity, before.nodeAffinity)) {
    const why = 'field is immutable, except for updating from beta label to GA';
    faults.push(fieldInvalid('nodeAffinity', spec.nodeAffinity, why));
  }
  const isClassGone =
    before.volumeAttributesClassName !== undefined && spec.volumeAttributesClassName === undefined;
  if (isClassGone) {
    const why = 'update from non-nil value to nil is forbidden';
    faults.push(fieldForbidden('spec.volumeAttributesClassName', why));
  }
  return faults;
}

/** The secret for making it larger may be added later. */
function sourceForComparison(spec: PersistentVolumeSpec, old: PersistentVolumeSpec): object {
  const { csi } = spec;
  if (!csi || !old.csi || old.csi.controllerExpandSecretRef) return persistentSourcesOf(spec);
  const { controllerExpandSecretRef: _, ...rest } = csi;
  return persistentSourcesOf({ ...spec, csi: rest });
}

const GA_LABELS: Readonly<Record<string, string>> = {
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
  'beta.kubernetes.io/os': 'kubernetes.io/os',
  'beta.kubernetes.io/arch': 'kubernetes.io/arch',
  'beta.kubernetes.io/instance-type': 'node.kubernetes.io/instance-type',
};

type VolumeNodeAffinity = PersistentVolumeSpec['nodeAffinity'];

/** Are they the same, but for labels that got another name? */
function isSameNodes(now: VolumeNodeAffinity, before: VolumeNodeAffinity): boolean {
  const termsOf = (of: VolumeNodeAffinity) => of?.required?.nodeSelectorTerms ?? [];
  const [terms, old] = [termsOf(now), termsOf(before)];
  if (terms.length !== old.length) return false;
  const isSame = (a: NodeSelectorRequirement[] = [], b: NodeSelectorRequirement[] = []) =>
    a.length === b.length &&
    a.every((requirement, i) => {
      const was = b[i];
      if (!was) return false;
      const key = GA_LABELS[was.key] === requirement.key ? requirement.key : was.key;
      return semanticallyEqual(requirement, { ...was, key });
    });
  return terms.every(
    (term, i) =>
      isSame(term.matchExpressions, old[i]?.matchExpressions) &&
      isSame(term.matchFields, old[i]?.matchFields),
  );
}

function warnings(object: ApiObject): string[] {
  const spec = specOf<PersistentVolumeSpec>({ ...object });
  const found: string[] = [];
  if (object.metadata.annotations?.[BETA_STORAGE_CLASS] !== undefined) {
    found.push(
      `metadata.annotations[${BETA_STORAGE_CLASS}]: deprecated since v1.8; use "storageClassName" attribute instead`,
    );
  }
  if (spec.persistentVolumeReclaimPolicy === 'Recycle') {
    found.push(
      'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
    );
  }
  return found;
}
