/**
 * What storage drivers say of themselves: CSIDrivers, CSINodes and CSIStorageCapacities. Given.
 *
 * @see pkg/apis/storage/validation/validation.go, pkg/apis/storage/v1/defaults.go (1.33)
 */

import type {
  CSIDriverSpec,
  CSINodeDriver,
  CSINodeSpec,
  CSIStorageCapacity,
  TokenRequest,
} from 'kubernetes-types/storage/v1.js';
import {
  dnsSubdomainFaults,
  type FieldError,
  fieldDuplicate,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
  fieldTooLong,
  qualifiedNameFaults,
  semanticallyEqual,
} from '#apimachinery';
import type { ApiObject } from '../../api-object.ts';
import { validateNonNegativeQuantity } from '../core/resources.ts';
import { defineKind } from '../define-kind.ts';
import {
  invalid,
  specOf,
  validateImmutable,
  validateNonNegative,
  validateOneOf,
} from '../field-checks.ts';
import { validateLabelSelector } from '../label-selector.ts';

const MAX_DRIVER_NAME_LENGTH = 63;
const MAX_NODE_ID_LENGTH = 192;
const LEAST_TOKEN_SECONDS = 600;
const MOST_TOKEN_SECONDS = 2 ** 32;

/** The name of a driver: a DNS subdomain, upper case allowed. */
export function validateDriverName(name: string, path: string): FieldError[] {
  if (name === '') return [fieldRequired(path)];
  const faults =
    name.length > MAX_DRIVER_NAME_LENGTH ? [fieldTooLong(path, MAX_DRIVER_NAME_LENGTH)] : [];
  return [...faults, ...invalid(path, name, dnsSubdomainFaults(name.toLowerCase()))];
}

function setDriverDefaults(object: ApiObject): void {
  const spec = specOf<CSIDriverSpec>(object);
  spec.attachRequired ??= true;
  spec.podInfoOnMount ??= false;
  spec.storageCapacity ??= false;
  spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType';
  if ((spec.volumeLifecycleModes ?? []).length === 0) spec.volumeLifecycleModes = ['Persistent'];
  spec.requiresRepublish ??= false;
  spec.seLinuxMount ??= false;
}

const FS_GROUP_POLICIES = ['File', 'None', 'ReadWriteOnceWithFSType'];
const LIFECYCLE_MODES = ['Persistent', 'Ephemeral'];

function validateDriver(object: ApiObject): FieldError[] {
  const spec = specOf<CSIDriverSpec>(object);
  return [
    ...validateOneOf(spec.fsGroupPolicy, FS_GROUP_POLICIES, 'spec.fsGroupPolicy'),
    ...validateTokenRequests(spec.tokenRequests ?? [], 'spec.tokenRequests'),
    ...(spec.volumeLifecycleModes ?? [])
      .filter((mode) => !LIFECYCLE_MODES.includes(mode))
      .map((mode) => fieldNotSupported('spec.volumeLifecycleModes', mode, LIFECYCLE_MODES)),
  ];
}

function validateTokenRequests(requests: readonly TokenRequest[], path: string): FieldError[] {
  const audiences = requests.map((request) => request.audience);
  return requests.flatMap(({ audience, expirationSeconds: seconds }, i) => {
    if (audiences.indexOf(audience) < i)
      return [fieldDuplicate(`${path}[${i}].audience`, audience)];
    const at = `${path}[${i}].expirationSeconds`;
    if (seconds !== undefined && seconds < LEAST_TOKEN_SECONDS) {
      return [fieldInvalid(at, seconds, 'may not specify a duration less than 10 minutes')];
    }
    if (seconds !== undefined && seconds > MOST_TOKEN_SECONDS) {
      return [fieldInvalid(at, seconds, 'may not specify a duration larger than 2^32 seconds')];
    }
    return [];
  });
}

function validateDriverUpdate(object: ApiObject, old: ApiObject): FieldError[] {
  const [spec, before] = [specOf<CSIDriverSpec>(object), specOf<CSIDriverSpec>(old)];
  const { attachRequired, volumeLifecycleModes: modes } = spec;
  return [
    ...validateDriver(object),
    // The field's name here is the real server's.
    ...validateImmutable(attachRequired, before.attachRequired, 'spec.attachedRequired'),
    ...validateImmutable(modes, before.volumeLifecycleModes, 'spec.volumeLifecycleModes'),
  ];
}

function validateNode(object: ApiObject): FieldError[] {
  const { drivers = [] } = specOf<CSINodeSpec>(object);
  const names = drivers.map((driver) => driver.name);
  return drivers.flatMap((driver, i) => {
    const at = `spec.drivers[${i}]`;
    const isRepeated = names.indexOf(driver.name) < i;
    return [
      ...validateDriverName(driver.name ?? '', `${at}.name`),
      ...validateNodeId(driver.nodeID ?? '', `${at}.nodeID`),
      ...validateNonNegative(driver.allocatable?.count, `${at}.allocatable.count`),
      ...(isRepeated ? [fieldDuplicate(`${at}.name`, driver.name)] : []),
      ...validateTopologyKeys(driver, at),
    ];
  });
}

function validateNodeId(id: string, path: string): FieldError[] {
  if (id === '') return [fieldRequired(path)];
  if (id.length <= MAX_NODE_ID_LENGTH) return [];
  return [fieldInvalid(path, id, `must be ${MAX_NODE_ID_LENGTH} characters or less`)];
}

function validateTopologyKeys({ topologyKeys: keys = [] }: CSINodeDriver, path: string) {
  return keys.flatMap((key, i): FieldError[] => [
    ...(key === '' ? [fieldRequired(path)] : []),
    ...(keys.indexOf(key) < i ? [fieldDuplicate(path, key)] : []),
    ...invalid(path, keys, qualifiedNameFaults(key)),
  ]);
}

function validateNodeUpdate(object: ApiObject, old: ApiObject): FieldError[] {
  const before = specOf<CSINodeSpec>(old).drivers ?? [];
  const { drivers = [] } = specOf<CSINodeSpec>(object);
  const changed = drivers.filter((driver) => {
    const previous = before.find((other) => other.name === driver.name);
    return previous !== undefined && !semanticallyEqual(previous, driver);
  });
  return [
    ...validateNode(object),
    ...changed.map((driver) => fieldInvalid('CSINodeDriver', driver, 'field is immutable')),
  ];
}

function validateCapacity(object: ApiObject): FieldError[] {
  const {
    nodeTopology,
    storageClassName = '',
    ...amounts
  } = object as unknown as CSIStorageCapacity;
  const faults = [
    ...validateLabelSelector(nodeTopology, 'nodeTopology'),
    ...invalid('storageClassName', storageClassName, dnsSubdomainFaults(storageClassName)),
  ];
  for (const field of ['capacity', 'maximumVolumeSize'] as const) {
    const amount = amounts[field];
    if (amount !== undefined) faults.push(...validateNonNegativeQuantity(amount, field));
  }
  return faults;
}

function validateCapacityUpdate(object: ApiObject, old: ApiObject): FieldError[] {
  return [
    ...validateCapacity(object),
    ...validateImmutable(object.nodeTopology, old.nodeTopology, 'nodeTopology'),
    ...validateImmutable(object.storageClassName, old.storageClassName, 'storageClassName'),
  ];
}

const COMMON = {
  group: 'storage.k8s.io',
  version: 'v1',
  allowUnconditionalUpdate: false,
} as const;

export const csiDriverKind = defineKind({
  ...COMMON,
  kind: 'CSIDriver',
  resource: 'csidrivers',
  namespaced: false,
  setDefaults: setDriverDefaults,
  validate: validateDriver,
  validateUpdate: validateDriverUpdate,
});

export const csiNodeKind = defineKind({
  ...COMMON,
  kind: 'CSINode',
  resource: 'csinodes',
  namespaced: false,
  validate: validateNode,
  validateUpdate: validateNodeUpdate,
});

export const csiStorageCapacityKind = defineKind({
  ...COMMON,
  kind: 'CSIStorageCapacity',
  resource: 'csistoragecapacities',
  namespaced: true,
  validate: validateCapacity,
  validateUpdate: validateCapacityUpdate,
});
