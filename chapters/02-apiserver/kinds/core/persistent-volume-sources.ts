/**
 * Where a PersistentVolume's data is: the table of its sources. Given.
 *
 * Pods have most of them too: those checks are in `volume-sources.ts`. Secrets of these may be in any
 * namespace, so that they must name it.
 *
 * @see pkg/apis/core/validation/validation.go (1.33), ValidatePersistentVolumeSpec
 */

import type {
  AzureFilePersistentVolumeSource,
  CSIPersistentVolumeSource,
  GlusterfsPersistentVolumeSource,
  ISCSIPersistentVolumeSource,
  LocalVolumeSource,
  PersistentVolumeSpec,
  SecretReference,
} from 'kubernetes-types/core/v1.js';
import { type FieldError, fieldInvalid, fieldRequired } from '#apimachinery';
import { validateNoBacksteps } from './local-paths.ts';
import {
  validateDnsLabel,
  validatePresent,
  validateRequiredDnsLabel,
  validateRequiredDnsSubdomain,
} from './names.ts';
import {
  onlyOneSource,
  requireFields,
  type SourceCheck,
  validateAzureDisk,
  validateCsiDriverName,
  validateFc,
  validateFlexVolume,
  validateFlocker,
  validateHostPath,
  validateIscsi,
  validateNfs,
  validatePartition,
  validateQuobyte,
  validateStorageOs,
} from './volume-sources.ts';

/** In the order in which the API looks for them. */
const FIELDS = [
  'hostPath',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'glusterfs',
  'flocker',
  'nfs',
  'rbd',
  'quobyte',
  'cephfs',
  'iscsi',
  'cinder',
  'fc',
  'flexVolume',
  'azureFile',
  'vsphereVolume',
  'photonPersistentDisk',
  'portworxVolume',
  'azureDisk',
  'scaleIO',
  'local',
  'storageos',
  'csi',
] as const;

type SourceField = (typeof FIELDS)[number];

/** The part of a spec that says where the data is. */
export function persistentSourcesOf(spec: PersistentVolumeSpec): object {
  const given = FIELDS.filter((field) => spec[field] !== undefined);
  return Object.fromEntries(given.map((field) => [field, spec[field]]));
}

/**
 * Faults of the source; there must be one.
 *
 * @param name - of the volume
 */
export function validatePersistentSource(
  spec: PersistentVolumeSpec,
  name: string,
  path: string,
): FieldError[] {
  const check = <F extends SourceField>(
    field: F,
    validate: SourceCheck<NonNullable<PersistentVolumeSpec[F]>>,
    pathField: string = field,
  ): [string, FieldError[] | undefined] => {
    const source = spec[field] as NonNullable<PersistentVolumeSpec[F]> | undefined;
    return [field, source && validate(source, `${path}.${pathField}`)];
  };
  return onlyOneSource(
    [
      check('hostPath', validateHostPath),
      check(
        'gcePersistentDisk',
        (source, at) => [
          ...validatePresent(source.pdName, `${at}.pdName`),
          ...validatePartition(source, at),
        ],
        'persistentDisk',
      ),
      check('awsElasticBlockStore', (source, at) => [
        ...validatePresent(source.volumeID, `${at}.volumeID`),
        ...validatePartition(source, at),
      ]),
      check('glusterfs', validateGlusterfs),
      check('flocker', validateFlocker),
      check('nfs', validateNfs),
      check('rbd', requireFields('monitors', 'image')),
      check('quobyte', validateQuobyte),
      check('cephfs', requireFields('monitors')),
      check('iscsi', (source, at) => validateIscsiPersistent(source, name, at)),
      check('cinder', (source, at) => [
        ...validatePresent(source.volumeID, `${at}.volumeID`),
        ...validateSecretIsNamed(source.secretRef, `${at}.secretRef`),
      ]),
      check('fc', validateFc),
      check('flexVolume', validateFlexVolume),
      check('azureFile', validateAzureFile),
      check('vsphereVolume', requireFields('volumePath')),
      check('photonPersistentDisk', requireFields('pdID')),
      check('portworxVolume', requireFields('volumeID')),
      check('azureDisk', validateAzureDisk),
      check('scaleIO', requireFields('gateway', 'system', 'volumeName')),
      check('local', (source, at) => [
        ...validateLocal(source, at),
        ...validateLocalNodes(spec, path),
      ]),
      check('storageos', (source, at) => [
        ...validateStorageOs(source, at),
        ...validateSecretIsNamed(source.secretRef, `${at}.secretRef`),
      ]),
      check('csi', validateCsiPersistent),
    ],
    path,
  );
}

function validateGlusterfs(source: GlusterfsPersistentVolumeSource, path: string): FieldError[] {
  const { endpointsNamespace } = source;
  const field = `${path}.endpointsNamespace`;
  const faults = [
    ...validatePresent(source.endpoints, `${path}.endpoints`),
    ...validatePresent(source.path, `${path}.path`),
  ];
  if (endpointsNamespace === undefined) return faults;
  if (endpointsNamespace !== '') {
    return [...faults, ...validateDnsLabel(endpointsNamespace, field)];
  }
  const why = 'if the endpointnamespace is set, it must be a valid namespace name';
  return [...faults, fieldInvalid(field, endpointsNamespace, why)];
}

const MAX_ISCSI_NAME = 64;
const ISCSI_TOO_LONG =
  'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.';

function validateIscsiPersistent(
  source: ISCSIPersistentVolumeSource,
  name: string,
  path: string,
): FieldError[] {
  const faults = validateIscsi(source, path, 'must be valid format');
  const { initiatorName, targetPortal, secretRef } = source;
  if (secretRef && !secretRef.name) faults.push(fieldRequired(`${path}.secretRef.name`));
  const isTooLong = `${name}:${targetPortal}`.length > MAX_ISCSI_NAME;
  if (initiatorName === undefined || !isTooLong) return faults;
  return [fieldInvalid(`${path}.targetportal`, targetPortal, ISCSI_TOO_LONG), ...faults];
}

function validateSecretIsNamed(secret: SecretReference | undefined, path: string): FieldError[] {
  if (!secret) return [];
  return [
    ...validatePresent(secret.name, `${path}.name`),
    ...validatePresent(secret.namespace, `${path}.namespace`),
  ];
}

function validateAzureFile(source: AzureFilePersistentVolumeSource, path: string): FieldError[] {
  const { secretName, shareName, secretNamespace } = source;
  return [
    ...validatePresent(secretName, `${path}.secretName`),
    ...validatePresent(shareName, `${path}.shareName`),
    ...(secretNamespace === '' ? [fieldRequired(`${path}.secretNamespace`)] : []),
  ];
}

function validateLocal(source: LocalVolumeSource, path: string): FieldError[] {
  if (!source.path) return [fieldRequired(`${path}.path`)];
  return validateNoBacksteps(source.path, `${path}.path`);
}

/** What is on one node's disk can be had on that node alone. */
function validateLocalNodes({ nodeAffinity }: PersistentVolumeSpec, path: string): FieldError[] {
  if (nodeAffinity) return [];
  return [fieldRequired(`${path}.nodeAffinity`, 'Local volume requires node affinity')];
}

const CSI_SECRETS = [
  'controllerPublishSecretRef',
  'controllerExpandSecretRef',
  'nodePublishSecretRef',
  'nodeExpandSecretRef',
] as const;

function validateCsiPersistent(source: CSIPersistentVolumeSource, path: string): FieldError[] {
  return [
    ...validateCsiDriverName(source.driver, `${path}.driver`),
    ...validatePresent(source.volumeHandle, `${path}.volumeHandle`),
    ...CSI_SECRETS.flatMap((field) => {
      const secret = source[field];
      if (!secret) return [];
      return [
        ...validateRequiredDnsSubdomain(secret.name, `${path}.${field}.name`),
        ...validateRequiredDnsLabel(secret.namespace, `${path}.${field}.namespace`),
      ];
    }),
  ];
}
