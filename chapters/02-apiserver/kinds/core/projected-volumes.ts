/**
 * Volumes whose files are made of API objects: secrets, config maps, the pod itself, tokens. Given.
 *
 * @see pkg/apis/core/validation/validation.go (1.33), validateProjectionSources
 */

import type {
  ClusterTrustBundleProjection,
  DownwardAPIVolumeFile,
  DownwardAPIVolumeSource,
  KeyToPath,
  ProjectedVolumeSource,
  SecretVolumeSource,
  ServiceAccountTokenProjection,
  VolumeProjection,
} from 'kubernetes-types/core/v1.js';
import {
  dnsSubdomainFaults,
  type FieldError,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
} from '#apimachinery';
import { validateLabelSelector } from '../label-selector.ts';
import { validateDomainPrefixedPath } from '../value-formats.ts';
import {
  setFieldSelectorDefaults,
  VOLUME_FIELDS,
  validateFieldSelector,
  validateResourceFieldSelector,
} from './downward-api.ts';
import { validateNonReservedPath } from './local-paths.ts';
import { validatePresent } from './names.ts';

const DEFAULT_MODE = 0o644;
const HOUR_SECONDS = 3600;
const MIN_TOKEN_SECONDS = 600;
const MAX_TOKEN_SECONDS = 2 ** 32;
const DUPLICATE_PATHS = 'conflicting duplicate paths';

/** What volumes of API objects have in common. */
interface WithMode {
  defaultMode?: number;
}

/** Fills in the rights files have. Changes the source. */
export function setModeDefaults(source: WithMode | undefined): void {
  if (source) source.defaultMode ??= DEFAULT_MODE;
}

/** Fills in what is left out of a volume about the pod. Changes the source. */
export function setDownwardApiDefaults(source: DownwardAPIVolumeSource): void {
  setModeDefaults(source);
  for (const file of source.items ?? []) setFieldSelectorDefaults(file.fieldRef);
}

/** Fills in what is left out of a volume of many sources. Changes the source. */
export function setProjectedDefaults(source: ProjectedVolumeSource): void {
  setModeDefaults(source);
  for (const { downwardAPI, serviceAccountToken } of source.sources ?? []) {
    for (const file of downwardAPI?.items ?? []) setFieldSelectorDefaults(file.fieldRef);
    if (serviceAccountToken) serviceAccountToken.expirationSeconds ??= HOUR_SECONDS;
  }
}

function validateMode(mode: number | undefined, path: string): FieldError[] {
  if (mode === undefined || (mode >= 0 && mode <= 0o777)) return [];
  const why = 'must be a number between 0 and 0777 (octal), both inclusive';
  return [fieldInvalid(path, mode, why)];
}

/** Faults of a volume made of a Secret. */
export function validateSecretVolume(source: SecretVolumeSource, path: string): FieldError[] {
  return [
    ...validatePresent(source.secretName, `${path}.secretName`),
    ...validateMode(source.defaultMode, `${path}.defaultMode`),
    ...validateItems(source.items, `${path}.items`),
  ];
}

/** Faults of a volume made of a ConfigMap. */
export function validateConfigMapVolume(
  source: { name?: string; items?: KeyToPath[] } & WithMode,
  path: string,
): FieldError[] {
  return [
    ...validatePresent(source.name, `${path}.name`),
    ...validateMode(source.defaultMode, `${path}.defaultMode`),
    ...validateItems(source.items, `${path}.items`),
  ];
}

function validateItems(items: readonly KeyToPath[] | undefined, path: string): FieldError[] {
  return (items ?? []).flatMap((item, i) => validateKeyToPath(item, `${path}[${i}]`));
}

function validateKeyToPath({ key, path: file, mode }: KeyToPath, path: string): FieldError[] {
  return [
    ...validatePresent(key, `${path}.key`),
    ...validatePresent(file, `${path}.path`),
    ...validateNonReservedPath(file ?? '', `${path}.path`),
    ...validateMode(mode, `${path}.mode`),
  ];
}

/** Faults of a volume about the pod itself. */
export function validateDownwardApiVolume(
  { defaultMode, items = [] }: DownwardAPIVolumeSource,
  path: string,
): FieldError[] {
  return [
    ...validateMode(defaultMode, `${path}.defaultMode`),
    // Which file it is is not said, in the API neither.
    ...items.flatMap((file) => validateDownwardApiFile(file, path)),
  ];
}

function validateDownwardApiFile(file: DownwardAPIVolumeFile, path: string): FieldError[] {
  return [
    ...validatePresent(file.path, `${path}.path`),
    ...validateNonReservedPath(file.path ?? '', `${path}.path`),
    ...validateFileContent(file, path),
    ...validateMode(file.mode, `${path}.mode`),
  ];
}

function validateFileContent(
  { fieldRef, resourceFieldRef }: DownwardAPIVolumeFile,
  path: string,
): FieldError[] {
  if (fieldRef) {
    const faults = validateFieldSelector(fieldRef, VOLUME_FIELDS, `${path}.fieldRef`);
    const why = 'fieldRef and resourceFieldRef can not be specified simultaneously';
    return resourceFieldRef ? [...faults, fieldInvalid(path, 'resource', why)] : faults;
  }
  if (resourceFieldRef) {
    return validateResourceFieldSelector(resourceFieldRef, `${path}.resourceFieldRef`, true);
  }
  return [fieldRequired(path, 'one of fieldRef and resourceFieldRef is required')];
}

/** Faults of a volume of many sources: no two of them have the same file. */
export function validateProjectedVolume(
  { defaultMode, sources = [] }: ProjectedVolumeSource,
  path: string,
): FieldError[] {
  const files = new Set<string>();
  return [
    ...validateMode(defaultMode, `${path}.defaultMode`),
    ...sources.flatMap((source, i) => validateProjection(source, files, path, i)),
  ];
}

/** @param files - the paths taken by sources before this one; added to */
function validateProjection(
  source: VolumeProjection,
  files: Set<string>,
  path: string,
  index: number,
): FieldError[] {
  const { secret, configMap, downwardAPI, serviceAccountToken, clusterTrustBundle } = source;
  const at = `${path}.sources[${index}]`;
  const kinds = [secret, configMap, downwardAPI, serviceAccountToken, clusterTrustBundle];
  const faults = [
    ...(secret ? validateObjectProjection(secret, files, path, `${at}.secret`) : []),
    ...(configMap ? validateObjectProjection(configMap, files, path, `${at}.configMap`) : []),
    ...(downwardAPI?.items ?? []).flatMap((file) => [
      ...validateDownwardApiFile(file, `${at}.downwardAPI`),
      ...takeFile(file.path, files, file.path, path),
    ]),
    ...(serviceAccountToken
      ? validateTokenProjection(serviceAccountToken, path, `${at}.serviceAccountToken`)
      : []),
    ...(clusterTrustBundle
      ? [
          ...validateTrustBundle(clusterTrustBundle, `${at}.clusterTrustBundle`),
          ...takeFile(clusterTrustBundle.path, files, clusterTrustBundle.path, path),
        ]
      : []),
  ];
  if (kinds.filter((kind) => kind !== undefined).length > 1) {
    faults.push(fieldForbidden(at, 'may not specify more than 1 volume type per source'));
  }
  return faults;
}

function validateObjectProjection(
  { name, items = [] }: { name?: string; items?: KeyToPath[] },
  files: Set<string>,
  path: string,
  at: string,
): FieldError[] {
  return [
    ...validatePresent(name, `${at}.name`),
    ...items.flatMap((item, i) => [
      ...validateKeyToPath(item, `${at}.items[${i}]`),
      ...takeFile(item.path, files, name, path),
    ]),
  ];
}

function takeFile(
  file: string,
  files: Set<string>,
  badValue: string | undefined,
  path: string,
): FieldError[] {
  if (!file) return [];
  if (files.has(file)) return [fieldInvalid(path, badValue, DUPLICATE_PATHS)];
  files.add(file);
  return [];
}

function validateTokenProjection(
  { path: file, expirationSeconds = 0 }: ServiceAccountTokenProjection,
  path: string,
  at: string,
): FieldError[] {
  const faults: FieldError[] = [];
  const field = `${at}.expirationSeconds`;
  if (expirationSeconds < MIN_TOKEN_SECONDS) {
    const why = 'may not specify a duration less than 10 minutes';
    faults.push(fieldInvalid(field, expirationSeconds, why));
  }
  if (expirationSeconds > MAX_TOKEN_SECONDS) {
    const why = 'may not specify a duration larger than 2^32 seconds';
    faults.push(fieldInvalid(field, expirationSeconds, why));
  }
  if (!file) return [...faults, fieldRequired(`${path}.path`)];
  return [...faults, ...validateNonReservedPath(file, `${path}.path`)];
}

function validateTrustBundle(bundle: ClusterTrustBundleProjection, path: string): FieldError[] {
  return [
    ...validateTrustBundleSource(bundle, path),
    ...validatePresent(bundle.path, `${path}.path`),
    ...validateNonReservedPath(bundle.path ?? '', `${path}.path`),
  ];
}

function validateTrustBundleSource(
  bundle: ClusterTrustBundleProjection,
  path: string,
): FieldError[] {
  const { name, signerName, labelSelector } = bundle;
  if (name !== undefined && signerName !== undefined) {
    return [fieldInvalid(path, bundle, 'only one of name and signerName may be used')];
  }
  if (name !== undefined) {
    const faults = validateTrustBundleName(name, `${path}.name`);
    const why = 'labelSelector must be unset if name is specified';
    return labelSelector
      ? [...faults, fieldInvalid(`${path}.labelSelector`, labelSelector, why)]
      : faults;
  }
  if (signerName === undefined) {
    return [fieldRequired(path, 'either name or signerName must be specified')];
  }
  const field = `${path}.signerName`;
  return [
    ...(signerName ? [] : [fieldRequired(field, 'must be a valid signer name')]),
    ...validateDomainPrefixedPath(signerName, field),
    ...validateLabelSelector(labelSelector, `${path}.labelSelector`),
  ];
}

/** A bundle of a signer is named after it: `example.com:signer:name`. */
function validateTrustBundleName(name: string, path: string): FieldError[] {
  const faults = name ? [] : [fieldRequired(path, 'must be a valid object name')];
  const own = name.slice(name.lastIndexOf(':') + 1);
  return [
    ...faults,
    ...dnsSubdomainFaults(own).map((fault) =>
      fieldInvalid(path, name, `not a valid clustertrustbundlename: ${fault}`),
    ),
  ];
}
