/**
 * Endpoints as a kind: the addresses behind a Service, as they used to be written. Given.
 *
 * EndpointSlices took their place.
 *
 * @see pkg/apis/core/validation/validation.go (1.33), ValidateEndpoints
 */

import type {
  EndpointAddress,
  EndpointPort,
  EndpointSubset,
  Endpoints,
} from 'kubernetes-types/core/v1.js';
import { type FieldError, fieldRequired } from '#apimachinery';
import type { ApiObject } from '../../api-object.ts';
import { defineKind } from '../define-kind.ts';
import { invalid, validateRequiredOneOf } from '../field-checks.ts';
import type { Kind } from '../kind.ts';
import { portNumberFaults } from '../value-formats.ts';
import { ipWarnings, validateIp, validateNonSpecialIp } from './ip-addresses.ts';
import { validateDnsLabel, validateDnsSubdomain, validateQualifiedName } from './names.ts';
import { PROTOCOLS } from './ports.ts';

/** What every request about Endpoints is answered with, reads too, as a warning. */
export const ENDPOINTS_DEPRECATED =
  'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice';

/** Endpoints. */
export const endpointsKind: Kind = defineKind({
  group: '',
  version: 'v1',
  kind: 'Endpoints',
  resource: 'endpoints',
  shortNames: ['ep'],
  namespaced: true,
  storagePrefix: 'services/endpoints',
  allowCreateOnUpdate: true,
  setDefaults(object) {
    for (const { ports = [] } of subsetsOf(object)) {
      for (const port of ports) port.protocol ||= 'TCP';
    }
  },
  validate: (object) =>
    subsetsOf(object).flatMap((subset, i) => validateSubset(subset, `subsets[${i}]`)),
  warnings,
});

function subsetsOf(object: ApiObject): EndpointSubset[] {
  return (object as unknown as Endpoints).subsets ?? [];
}

function validateSubset(subset: EndpointSubset, path: string): FieldError[] {
  const { addresses = [], notReadyAddresses = [], ports = [] } = subset;
  const faults: FieldError[] = [];
  if (addresses.length + notReadyAddresses.length === 0) {
    faults.push(fieldRequired(path, 'must specify `addresses` or `notReadyAddresses`'));
  }
  return [
    ...faults,
    ...addresses.flatMap((address, i) => validateAddress(address, `${path}.addresses[${i}]`)),
    ...notReadyAddresses.flatMap((address, i) =>
      validateAddress(address, `${path}.notReadyAddresses[${i}]`),
    ),
    ...ports.flatMap((port, i) => validatePort(port, ports.length > 1, `${path}.ports[${i}]`)),
  ];
}

function validateAddress({ ip, hostname, nodeName }: EndpointAddress, path: string): FieldError[] {
  return [
    ...validateIp(ip, `${path}.ip`),
    ...(hostname ? validateDnsLabel(hostname, `${path}.hostname`) : []),
    ...(nodeName === undefined ? [] : validateDnsSubdomain(nodeName, `${path}.nodeName`)),
    ...validateNonSpecialIp(ip, `${path}.ip`),
  ];
}

function validatePort(port: EndpointPort, needName: boolean, path: string): FieldError[] {
  const { name, appProtocol, protocol } = port;
  const ofName = name ? validateDnsLabel(name, `${path}.name`) : [];
  if (needName && !name) ofName.push(fieldRequired(`${path}.name`));
  return [
    ...ofName,
    ...invalid(`${path}.port`, port.port ?? 0, portNumberFaults(port.port ?? 0)),
    ...validateRequiredOneOf(protocol, PROTOCOLS, `${path}.protocol`),
    ...(appProtocol === undefined ? [] : validateQualifiedName(appProtocol, `${path}.appProtocol`)),
  ];
}

function warnings(object: ApiObject): string[] {
  const ofAddresses = subsetsOf(object).flatMap(({ addresses = [], notReadyAddresses = [] }, i) => {
    const ofIps = (list: readonly EndpointAddress[], field: string) =>
      list.flatMap(({ ip }, j) => ipWarnings(ip, `subsets[${i}].${field}[${j}].ip`));
    return [...ofIps(addresses, 'addresses'), ...ofIps(notReadyAddresses, 'notReadyAddresses')];
  });
  return [ENDPOINTS_DEPRECATED, ...ofAddresses];
}
