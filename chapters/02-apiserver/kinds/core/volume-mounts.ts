/**
 * Where a container sees its pod's volumes: as directories, or as block devices. Given.
 *
 * @see pkg/apis/core/validation/validation.go (1.33), ValidateVolumeMounts, ValidateVolumeDevices
 */

import type { Container, VolumeDevice, VolumeMount } from 'kubernetes-types/core/v1.js';
import {
  type FieldError,
  fieldForbidden,
  fieldInvalid,
  fieldNotFound,
  fieldNotSupported,
  fieldRequired,
} from '#apimachinery';
import { validateDescendingPath, validateNoBacksteps } from './local-paths.ts';
import { validatePresent } from './names.ts';
import type { ApiVolume } from './objects.ts';

/** A pod's volumes that are in order, by name. */
export type Volumes = ReadonlyMap<string, ApiVolume>;

/** Faults of a container's mounts and devices. */
export function validateVolumeUses(
  container: Container,
  volumes: Volumes,
  path: string,
): FieldError[] {
  return [
    ...validateMounts(container, volumes, `${path}.volumeMounts`),
    ...validateDevices(container, volumes, `${path}.volumeDevices`),
  ];
}

function validateMounts(container: Container, volumes: Volumes, path: string): FieldError[] {
  const { volumeMounts = [], volumeDevices = [] } = container;
  const paths = new Set<string>();
  return volumeMounts.flatMap((mount, i) => {
    const { name = '', mountPath = '' } = mount;
    const at = `${path}[${i}]`;
    const faults = [
      ...validatePresent(name, `${at}.name`),
      ...(volumes.has(name) ? [] : [fieldNotFound(`${at}.name`, name)]),
      ...validatePresent(mountPath, `${at}.mountPath`),
    ];
    if (paths.has(mountPath)) {
      faults.push(fieldInvalid(`${at}.mountPath`, mountPath, 'must be unique'));
    }
    paths.add(mountPath);
    if (volumeDevices.some((device) => device.name === name)) {
      const why = 'must not already exist in volumeDevices';
      faults.push(fieldInvalid(`${at}.name`, name, why));
    }
    if (volumeDevices.some((device) => device.devicePath === mountPath)) {
      const why = 'must not already exist as a path in volumeDevices';
      faults.push(fieldInvalid(`${at}.mountPath`, mountPath, why));
    }
    return [
      ...faults,
      ...validateSubPaths(mount, path, at),
      ...validatePropagation(mount, container, `${path}.mountPropagation`),
      ...validateRecursiveReadOnly(mount, `${path}.recursiveReadOnly`),
    ];
  });
}

/** @param path - of all mounts: some faults do not say which one, in the API neither */
function validateSubPaths(
  { subPath, subPathExpr }: VolumeMount,
  path: string,
  at: string,
): FieldError[] {
  const faults = subPath ? validateDescendingPath(subPath, `${path}.subPath`) : [];
  if (!subPathExpr) return faults;
  if (subPath) {
    const why = 'subPathExpr and subPath are mutually exclusive';
    faults.push(fieldInvalid(`${at}.subPathExpr`, subPathExpr, why));
  }
  return [...faults, ...validateDescendingPath(subPathExpr, `${path}.subPathExpr`)];
}

const PROPAGATIONS = ['Bidirectional', 'HostToContainer', 'None'];

function validatePropagation(
  { mountPropagation }: VolumeMount,
  container: Container,
  path: string,
): FieldError[] {
  if (mountPropagation === undefined) return [];
  if (!PROPAGATIONS.includes(mountPropagation)) {
    return [fieldNotSupported(path, mountPropagation, PROPAGATIONS)];
  }
  if (mountPropagation !== 'Bidirectional' || container.securityContext?.privileged) return [];
  const why = 'Bidirectional mount propagation is available only to privileged containers';
  return [fieldForbidden(path, why)];
}

function validateRecursiveReadOnly(
  { recursiveReadOnly, readOnly, mountPropagation = 'None' }: VolumeMount,
  path: string,
): FieldError[] {
  const modes = ['Disabled', 'Enabled', 'IfPossible'];
  if (recursiveReadOnly === undefined || recursiveReadOnly === 'Disabled') return [];
  if (!modes.includes(recursiveReadOnly))
    return [fieldNotSupported(path, recursiveReadOnly, modes)];
  const faults: FieldError[] = [];
  if (!readOnly) faults.push(fieldForbidden(path, 'may only be specified when readOnly is true'));
  if (mountPropagation !== 'None') {
    const why = 'may only be specified when mountPropagation is None or not specified';
    faults.push(fieldForbidden(path, why));
  }
  return faults;
}

function validateDevices(
  { volumeDevices = [], volumeMounts = [] }: Container,
  volumes: Volumes,
  path: string,
): FieldError[] {
  const names = new Set<string>();
  const paths = new Set<string>();
  return volumeDevices.flatMap((device, i) => {
    const at = `${path}[${i}]`;
    const faults = [
      ...validateDeviceName(device.name ?? '', names, volumes, `${at}.name`),
      ...validateDevicePath(device, paths, at),
    ];
    if (volumeMounts.some(({ name }) => name === device.name)) {
      const why = 'must not already exist in volumeMounts';
      faults.push(fieldInvalid(`${at}.name`, device.name, why));
    }
    if (volumeMounts.some(({ mountPath }) => mountPath === device.devicePath)) {
      const why = 'must not already exist as a path in volumeMounts';
      faults.push(fieldInvalid(`${at}.devicePath`, device.devicePath, why));
    }
    return faults;
  });
}

function validateDeviceName(
  name: string,
  names: Set<string>,
  volumes: Volumes,
  path: string,
): FieldError[] {
  const faults = validatePresent(name, path);
  if (names.has(name)) faults.push(fieldInvalid(path, name, 'must be unique'));
  if (name) names.add(name);
  const volume = volumes.get(name);
  if (!volume) return [...faults, fieldNotFound(path, name)];
  if (volume.persistentVolumeClaim || volume.ephemeral) return faults;
  const why =
    'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode';
  return [...faults, fieldInvalid(path, name, why)];
}

function validateDevicePath(
  { devicePath = '' }: VolumeDevice,
  paths: Set<string>,
  at: string,
): FieldError[] {
  const path = `${at}.devicePath`;
  const faults = devicePath ? [] : [fieldRequired(path)];
  if (paths.has(devicePath)) faults.push(fieldInvalid(path, devicePath, 'must be unique'));
  if (devicePath && validateNoBacksteps(devicePath, path).length > 0) {
    faults.push(fieldInvalid(path, devicePath, "can not contain backsteps ('..')"));
  } else paths.add(devicePath);
  return faults;
}
