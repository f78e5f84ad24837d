/**
 * Sources of volumes, one check for each. Given: long because there are so many.
 *
 * Pods and PersistentVolumes have most of them in common; those of PersistentVolumes that differ
 * are in `persistent-volume-sources.ts`, those made of API objects in `projected-volumes.ts`.
 *
 * @see pkg/apis/core/validation/validation.go (1.33), validateVolumeSource and what it calls
 */

import type {
  AzureDiskVolumeSource,
  CSIVolumeSource,
  FCVolumeSource,
  FlockerVolumeSource,
  HostPathVolumeSource,
  ISCSIVolumeSource,
  NFSVolumeSource,
  QuobyteVolumeSource,
  StorageOSVolumeSource,
} from 'kubernetes-types/core/v1.js';
import {
  dnsSubdomainFaults,
  type FieldError,
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
  fieldTooLong,
} from '#apimachinery';
import { invalid, validateOneOf } from '../field-checks.ts';
import { validateDescendingPath, validateNoBacksteps } from './local-paths.ts';
import {
  validateDnsLabel,
  validateDnsSubdomain,
  validatePresent,
  validateRange,
  validateRequiredDnsLabel,
} from './names.ts';

/** Checks one source; `path` is the source's own, but for `gcePersistentDisk`, where it is `persistentDisk`. */
export type SourceCheck<T> = (source: T, path: string) => FieldError[];

/** A check that some fields are there. */
export function requireFields<T extends object>(...fields: (keyof T & string)[]): SourceCheck<T> {
  return (source, path) =>
    fields.flatMap((field) => {
      const value = source[field];
      const isMissing = !value || (Array.isArray(value) && value.length === 0);
      return isMissing ? [fieldRequired(`${path}.${field}`)] : [];
    });
}

const HOST_PATH_TYPES = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
];

/** A path of the node. */
export function validateHostPath(source: HostPathVolumeSource, path: string): FieldError[] {
  if (!source.path) return [fieldRequired(`${path}.path`)];
  return [
    ...validateNoBacksteps(source.path, `${path}.path`),
    ...validateOneOf(source.type, HOST_PATH_TYPES, `${path}.type`),
  ];
}

/** A repository to be cloned. */
export function validateGitRepo(
  { repository, directory = '' }: { repository: string; directory?: string },
  path: string,
): FieldError[] {
  return [
    ...validatePresent(repository, `${path}.repository`),
    ...validateDescendingPath(directory, `${path}.directory`),
  ];
}

/** A disk of a cloud, of which one partition may be meant. */
export function validatePartition(
  { partition = 0 }: { partition?: number },
  path: string,
): FieldError[] {
  if (partition >= 0 && partition <= 255) return [];
  return [fieldInvalid(`${path}.partition`, partition, 'must be between 1 and 255, inclusive')];
}

/** A directory of a file server. */
export function validateNfs(source: NFSVolumeSource, path: string): FieldError[] {
  const faults = [
    ...validatePresent(source.server, `${path}.server`),
    ...validatePresent(source.path, `${path}.path`),
  ];
  if (source.path?.startsWith('/')) return faults;
  return [...faults, fieldInvalid(`${path}.path`, source.path ?? '', 'must be an absolute path')];
}

const QUALIFIED_NAMES: Readonly<Record<string, RegExp>> = {
  iqn: /iqn\.\d{4}-\d{2}\.([A-Za-z0-9-.]+)(:[^,;*&$|\s]+)$/,
  eui: /^eui.[A-Za-z0-9]{16}$/,
  naa: /^naa.[A-Za-z0-9]{32}$/,
};

/**
 * An iSCSI source.
 *
 * @param unknownName - what is said of a name that begins with none of iqn, eui, naa
 */
export function validateIscsi(
  source: Omit<ISCSIVolumeSource, 'secretRef'> & { secretRef?: object },
  path: string,
  unknownName = 'must be valid format starting with iqn, eui, or naa',
): FieldError[] {
  const { iqn, initiatorName, lun, chapAuthDiscovery, chapAuthSession, secretRef } = source;
  const faults = [
    ...validatePresent(source.targetPortal, `${path}.targetPortal`),
    ...(iqn ? validateIscsiName(iqn, `${path}.iqn`, unknownName) : [fieldRequired(`${path}.iqn`)]),
    ...validateRange(lun ?? 0, 0, 255, `${path}.lun`),
  ];
  if ((chapAuthDiscovery || chapAuthSession) && !secretRef) {
    faults.push(fieldRequired(`${path}.secretRef`));
  }
  if (initiatorName === undefined) return faults;
  return [...faults, ...validateIscsiName(initiatorName, `${path}.initiatorname`, unknownName)];
}

function validateIscsiName(name: string, path: string, unknownName: string): FieldError[] {
  const pattern = QUALIFIED_NAMES[name.slice(0, 3)];
  if (!pattern) return [fieldInvalid(path, name, unknownName)];
  return pattern.test(name) ? [] : [fieldInvalid(path, name, 'must be valid format')];
}

/** A Fibre Channel disk, by port or by its own name. */
export function validateFc(source: FCVolumeSource, path: string): FieldError[] {
  const { targetWWNs = [], wwids = [], lun } = source;
  const field = `${path}.targetWWNs`;
  if (targetWWNs.length + wwids.length === 0) {
    return [fieldRequired(field, 'must specify either targetWWNs or wwids, but not both')];
  }
  const faults: FieldError[] = [];
  if (targetWWNs.length > 0 && wwids.length > 0) {
    const why = 'targetWWNs and wwids can not be specified simultaneously';
    faults.push(fieldInvalid(field, targetWWNs, why));
  }
  if (targetWWNs.length === 0) return faults;
  if (lun === undefined) {
    faults.push(fieldRequired(`${path}.lun`, 'lun is required if targetWWNs is specified'));
  } else faults.push(...validateRange(lun, 0, 255, `${path}.lun`));
  return faults;
}

/** A Flocker dataset. */
export function validateFlocker(source: FlockerVolumeSource, path: string): FieldError[] {
  const { datasetName = '', datasetUUID = '' } = source;
  const faults: FieldError[] = [];
  if (!datasetName && !datasetUUID) {
    faults.push(fieldRequired(path, 'one of datasetName and datasetUUID is required'));
  }
  if (datasetName && datasetUUID) {
    const why = 'datasetName and datasetUUID can not be specified simultaneously';
    faults.push(fieldInvalid(path, 'resource', why));
  }
  if (datasetName.includes('/')) {
    faults.push(fieldInvalid(`${path}.datasetName`, datasetName, "must not contain '/'"));
  }
  return faults;
}

const QUOBYTE_REGISTRY = 'must be a host:port pair or multiple pairs separated by commas';
const HOST_AND_PORT = /^(\[[^\]]*\]|[^:[\]]*):[^:[\]]*$/;

/** A Quobyte volume. */
export function validateQuobyte(source: QuobyteVolumeSource, path: string): FieldError[] {
  const { registry, tenant = '' } = source;
  const ofVolume = validatePresent(source.volume, `${path}.volume`);
  if (!registry) return [fieldRequired(`${path}.registry`, QUOBYTE_REGISTRY), ...ofVolume];
  if (tenant.length >= 65) {
    const why = 'must be a UUID and may not exceed a length of 64 characters';
    return [fieldRequired(`${path}.tenant`, why), ...ofVolume];
  }
  const bad = registry.split(',').filter((pair) => !HOST_AND_PORT.test(pair));
  return [
    ...bad.map(() => fieldInvalid(`${path}.registry`, registry, QUOBYTE_REGISTRY)),
    ...ofVolume,
  ];
}

/** Options with a domain of Kubernetes' are the kubelet's to give. */
export function validateFlexVolume(
  source: { driver: string; options?: { [name: string]: string } },
  path: string,
): FieldError[] {
  const reserved = Object.keys(source.options ?? {}).filter((key) => {
    const domain = `.${(key.split('/')[0] ?? '').toLowerCase()}`;
    return domain.endsWith('.kubernetes.io') || domain.endsWith('.k8s.io');
  });
  const why = 'kubernetes.io and k8s.io namespaces are reserved';
  return [
    ...validatePresent(source.driver, `${path}.driver`),
    ...reserved.map((key) => fieldInvalid(`${path}.options[${key}]`, key, why)),
  ];
}

const MANAGED_DISK =
  '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}';
const BLOB_DISK = 'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd';

/** A disk at Azure. */
export function validateAzureDisk(source: AzureDiskVolumeSource, path: string): FieldError[] {
  const { diskURI = '', kind } = source;
  const faults = [
    ...validatePresent(source.diskName, `${path}.diskName`),
    ...validatePresent(diskURI, `${path}.diskURI`),
    ...validateOneOf(source.cachingMode, ['None', 'ReadOnly', 'ReadWrite'], `${path}.cachingMode`),
    ...validateOneOf(kind, ['Dedicated', 'Managed', 'Shared'], `${path}.kind`),
  ];
  const isManaged = kind === 'Managed';
  const start = isManaged ? '/subscriptions/' : 'https://';
  if (kind === undefined || diskURI.startsWith(start)) return faults;
  const example = isManaged ? MANAGED_DISK : BLOB_DISK;
  return [...faults, fieldNotSupported(`${path}.diskURI`, diskURI, [example])];
}

/** A StorageOS volume. */
export function validateStorageOs(
  { volumeName, volumeNamespace }: StorageOSVolumeSource,
  path: string,
): FieldError[] {
  return [
    ...validateRequiredDnsLabel(volumeName, `${path}.volumeName`),
    ...(volumeNamespace ? validateDnsLabel(volumeNamespace, `${path}.volumeNamespace`) : []),
  ];
}

/** A reference to a secret in the same namespace, if there is one, has a name. */
export function validateSecretName(
  { secretRef }: { secretRef?: { name?: string } },
  path: string,
): FieldError[] {
  return secretRef ? validatePresent(secretRef.name, `${path}.secretRef.name`) : [];
}

const MAX_DRIVER_NAME = 63;

/** The name of a storage driver. */
export function validateCsiDriverName(name: string | undefined, path: string): FieldError[] {
  const driver = name ?? '';
  const faults = validatePresent(driver, path);
  if (driver.length > MAX_DRIVER_NAME) faults.push(fieldTooLong(path, MAX_DRIVER_NAME));
  return [...faults, ...invalid(path, driver, dnsSubdomainFaults(driver.toLowerCase()))];
}

/** A volume of a storage driver, made for the pod. */
export function validateCsi(
  { driver, nodePublishSecretRef }: CSIVolumeSource,
  path: string,
): FieldError[] {
  const faults = validateCsiDriverName(driver, `${path}.driver`);
  if (!nodePublishSecretRef) return faults;
  const { name } = nodePublishSecretRef;
  if (!name) return [...faults, fieldRequired(`${path}.nodePublishSecretRef.name`)];
  return [...faults, ...validateDnsSubdomain(name, `${path}.name`)];
}

/** How many sources there are: more than the first are refused. */
export function onlyOneSource(
  checks: readonly (readonly [field: string, faults: readonly FieldError[] | undefined])[],
  path: string,
): FieldError[] {
  const given = checks.flatMap(([field, faults]) => (faults ? [{ field, faults }] : []));
  if (given.length === 0) return [fieldRequired(path, 'must specify a volume type')];
  const why = 'may not specify more than 1 volume type';
  return given.flatMap(({ field, faults }, i) =>
    i === 0 ? faults : [fieldForbidden(`${path}.${field}`, why)],
  );
}
