/**
 * A pod's volumes: each has a name of its own and one source. Given.
 *
 * The single sources are checked in `volume-sources.ts` and `projected-volumes.ts`.
 *
 * @see pkg/apis/core/validation/validation.go (1.33), ValidateVolumes, validateVolumeSource
 */

import type {
  AWSElasticBlockStoreVolumeSource,
  CinderVolumeSource,
  EmptyDirVolumeSource,
  EphemeralVolumeSource,
  GCEPersistentDiskVolumeSource,
  PersistentVolumeClaimTemplate,
} from 'kubernetes-types/core/v1.js';
import {
  dnsSubdomainFaults,
  type FieldError,
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
  Quantity,
} from '#apimachinery';
import { validateRequiredOneOf } from '../field-checks.ts';
import { validateLabels } from '../label-selector.ts';
import { validateAnnotations } from '../object-meta.ts';
import { setClaimSpecDefaults, validateClaimSpec } from './claim-spec.ts';
import { defaultPullPolicy, PULL_POLICIES } from './image-pull-policy.ts';
import { validatePresent, validateRequiredDnsLabel } from './names.ts';
import type { ApiVolume } from './objects.ts';
import {
  setDownwardApiDefaults,
  setModeDefaults,
  setProjectedDefaults,
  validateConfigMapVolume,
  validateDownwardApiVolume,
  validateProjectedVolume,
  validateSecretVolume,
} from './projected-volumes.ts';
import { quantityOf } from './resources.ts';
import {
  onlyOneSource,
  requireFields,
  type SourceCheck,
  validateAzureDisk,
  validateCsi,
  validateFc,
  validateFlexVolume,
  validateFlocker,
  validateGitRepo,
  validateHostPath,
  validateIscsi,
  validateNfs,
  validatePartition,
  validateQuobyte,
  validateSecretName,
  validateStorageOs,
} from './volume-sources.ts';

type SourceField = Exclude<keyof ApiVolume, 'name'>;
/** A row of the table of sources: the field, and what must hold of what is in it. */
type SourceRow = readonly [
  field: SourceField,
  check: (volume: ApiVolume, path: string) => FieldError[] | undefined,
];

/** In the order in which the API looks for them. `ephemeral` is apart: its check needs the pod's name. */
const SOURCES: readonly SourceRow[] = [
  row('emptyDir', validateEmptyDir),
  row('hostPath', validateHostPath),
  row('gitRepo', validateGitRepo),
  // The path in these faults is another one than the field's: so it is in the API.
  row(
    'gcePersistentDisk',
    both<GCEPersistentDiskVolumeSource>(requireFields('pdName'), validatePartition),
    'persistentDisk',
  ),
  row(
    'awsElasticBlockStore',
    both<AWSElasticBlockStoreVolumeSource>(requireFields('volumeID'), validatePartition),
  ),
  row('secret', validateSecretVolume),
  row('nfs', validateNfs),
  row('iscsi', validateIscsi),
  row('glusterfs', requireFields('endpoints', 'path')),
  row('flocker', validateFlocker),
  row('persistentVolumeClaim', requireFields('claimName')),
  row('rbd', requireFields('monitors', 'image')),
  row('cinder', both<CinderVolumeSource>(requireFields('volumeID'), validateSecretName)),
  row('cephfs', requireFields('monitors')),
  row('quobyte', validateQuobyte),
  row('downwardAPI', validateDownwardApiVolume),
  row('fc', validateFc),
  row('flexVolume', validateFlexVolume),
  row('configMap', validateConfigMapVolume),
  row('azureFile', requireFields('secretName', 'shareName')),
  row('vsphereVolume', requireFields('volumePath')),
  row('photonPersistentDisk', requireFields('pdID')),
  row('portworxVolume', requireFields('volumeID')),
  row('azureDisk', validateAzureDisk),
  row('storageos', both(validateStorageOs, validateSecretName)),
  row('projected', validateProjectedVolume),
  row('scaleIO', requireFields('gateway', 'system', 'volumeName')),
  row('csi', validateCsi),
];

function row<F extends SourceField>(
  field: F,
  check: SourceCheck<NonNullable<ApiVolume[F]>>,
  pathField: string = field,
): SourceRow {
  return [
    field,
    (volume, path) => {
      const source = volume[field];
      return source
        ? check(source as NonNullable<ApiVolume[F]>, `${path}.${pathField}`)
        : undefined;
    },
  ];
}

function both<T>(first: SourceCheck<T>, second: SourceCheck<T>): SourceCheck<T> {
  return (source, path) => [...first(source, path), ...second(source, path)];
}

/** Fills in what is left out of a volume; one without a source is an empty directory. Changes it. */
export function setVolumeDefaults(volume: ApiVolume): void {
  const hasSource = Object.entries(volume).some(([field, value]) => field !== 'name' && value);
  if (!hasSource) volume.emptyDir = {};
  const { hostPath, projected, downwardAPI, ephemeral, image } = volume;
  if (hostPath) hostPath.type ??= '';
  setModeDefaults(volume.secret);
  setModeDefaults(volume.configMap);
  if (downwardAPI) setDownwardApiDefaults(downwardAPI);
  if (projected) setProjectedDefaults(projected);
  const template = ephemeral?.volumeClaimTemplate;
  if (template) {
    template.spec ??= {};
    setClaimSpecDefaults(template.spec);
  }
  if (image) image.pullPolicy ||= defaultPullPolicy(image.reference);
  setStorageSystemDefaults(volume);
}

/** The values that single storage systems have when they are left out; also in PersistentVolumes. */
export function setStorageSystemDefaults(
  source: Pick<ApiVolume, 'azureDisk'> & {
    iscsi?: { iscsiInterface?: string };
    rbd?: { pool?: string; user?: string; keyring?: string };
    scaleIO?: { storageMode?: string; fsType?: string };
  },
): void {
  const { iscsi, rbd, scaleIO, azureDisk } = source;
  if (iscsi) iscsi.iscsiInterface ||= 'default';
  if (rbd) {
    rbd.pool ||= 'rbd';
    rbd.user ||= 'admin';
    rbd.keyring ||= '/etc/ceph/keyring';
  }
  if (scaleIO) {
    scaleIO.storageMode ||= 'ThinProvisioned';
    scaleIO.fsType ||= 'xfs';
  }
  if (azureDisk) {
    azureDisk.cachingMode ??= 'ReadWrite';
    azureDisk.fsType ??= 'ext4';
    azureDisk.readOnly ??= false;
    azureDisk.kind ??= 'Shared';
  }
}

/**
 * Checks a pod's volumes.
 *
 * @param podName - `''` for a template: what depends on it is not checked then
 * @returns the volumes that are in order, by name, and the faults of the others
 */
export function validateVolumes(
  volumes: readonly ApiVolume[],
  podName: string,
  path: string,
): { byName: Map<string, ApiVolume>; faults: FieldError[] } {
  const byName = new Map<string, ApiVolume>();
  const faults: FieldError[] = [];
  const made = new Set(
    podName ? volumes.filter((v) => v.ephemeral).map((v) => `${podName}-${v.name}`) : [],
  );
  for (const [i, volume] of volumes.entries()) {
    const at = `${path}[${i}]`;
    const own = [
      ...validateVolumeSource(volume, podName, at),
      ...validateRequiredDnsLabel(volume.name, `${at}.name`),
    ];
    if (byName.has(volume.name)) own.push(fieldDuplicate(`${at}.name`, volume.name));
    if (own.length === 0) byName.set(volume.name, volume);
    faults.push(...own);
    const claimName = volume.persistentVolumeClaim?.claimName;
    if (claimName !== undefined && made.has(claimName)) {
      const why = 'must not reference a PVC that gets created for an ephemeral volume';
      faults.push(fieldInvalid(`${at}.persistentVolumeClaim.claimName`, claimName, why));
    }
  }
  return { byName, faults };
}

function validateVolumeSource(volume: ApiVolume, podName: string, path: string): FieldError[] {
  const checks: [string, FieldError[] | undefined][] = [];
  for (const [field, check] of SOURCES) {
    if (volume[field]) checks.push([field, check(volume, path)]);
  }
  const { ephemeral, image, name } = volume;
  checks.push(
    ['ephemeral', ephemeral && validateEphemeral(ephemeral, name, podName, path)],
    ['image', image && validateImageVolume(image, podName !== '', `${path}.image`)],
  );
  return [...onlyOneSource(checks, path), ...validateIscsiLength(volume, path)];
}

function validateEmptyDir({ sizeLimit }: EmptyDirVolumeSource, path: string): FieldError[] {
  if (quantityOf(sizeLimit).compare(Quantity.zero) >= 0) return [];
  const why = 'SizeLimit field must be a valid resource quantity';
  return [fieldForbidden(`${path}.sizeLimit`, why)];
}

const MAX_ISCSI_NAME = 64;
const ISCSI_TOO_LONG =
  'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.';

function validateIscsiLength({ iscsi, name }: ApiVolume, path: string): FieldError[] {
  if (iscsi?.initiatorName === undefined) return [];
  if (`${name}:${iscsi.targetPortal}`.length <= MAX_ISCSI_NAME) return [];
  return [fieldInvalid(`${path}.name`, name, ISCSI_TOO_LONG)];
}

/** A claim is made for the volume, named after pod and volume. */
function validateEphemeral(
  { volumeClaimTemplate }: EphemeralVolumeSource,
  volumeName: string,
  podName: string,
  path: string,
): FieldError[] {
  const field = `${path}.ephemeral.volumeClaimTemplate`;
  const faults = volumeClaimTemplate
    ? validateClaimTemplate(volumeClaimTemplate, field)
    : [fieldRequired(field)];
  if (!podName || !volumeName) return faults;
  const claimName = `${podName}-${volumeName}`;
  return [
    ...faults,
    ...dnsSubdomainFaults(claimName).map((fault) =>
      fieldInvalid(`${path}.name`, volumeName, `PVC name ${JSON.stringify(claimName)}: ${fault}`),
    ),
  ];
}

function validateClaimTemplate(
  { metadata, spec }: PersistentVolumeClaimTemplate,
  path: string,
): FieldError[] {
  const at = `${path}.metadata`;
  const others = Object.entries(metadata ?? {}).filter(
    ([field, value]) => field !== 'labels' && field !== 'annotations' && value,
  );
  return [
    ...validateAnnotations(metadata?.annotations, `${at}.annotations`),
    ...validateLabels(metadata?.labels, `${at}.labels`),
    ...others.map(([field]) => fieldForbidden(`${at}.${field}`, 'cannot be set')),
    ...validateClaimSpec(spec ?? {}, `${path}.spec`),
  ];
}

function validateImageVolume(
  { reference, pullPolicy }: NonNullable<ApiVolume['image']>,
  isPod: boolean,
  path: string,
): FieldError[] {
  return [
    ...(isPod ? validatePresent(reference, `${path}.reference`) : []),
    ...validateRequiredOneOf(pullPolicy, PULL_POLICIES, `${path}.pullPolicy`),
  ];
}
