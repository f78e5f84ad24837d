/**
 * discovery.k8s.io/v1: EndpointSlices, the addresses behind a Service. Given.
 *
 * @see pkg/apis/discovery/validation/validation.go, pkg/apis/discovery/v1/defaults.go (1.33)
 */

import type { Endpoint, EndpointPort, EndpointSlice } from 'kubernetes-types/discovery/v1.js';
import {
  dnsLabelFaults,
  dnsSubdomainFaults,
  type FieldError,
  fieldDuplicate,
  fieldInvalid,
  fieldRequired,
  fieldTooMany,
  labelValueFaults,
  qualifiedNameFaults,
} from '#apimachinery';
import type { ApiObject } from '../api-object.ts';
import { isIpv6, parseIp, validateIp, validateNonSpecialIp } from './core/ip-addresses.ts';
import { PROTOCOLS } from './core/ports.ts';
import { defineKind } from './define-kind.ts';
import { invalid, validateImmutable, validateRequiredOneOf } from './field-checks.ts';
import { validateLabels } from './label-selector.ts';
import { validateDomainName } from './value-formats.ts';

const MAX_TOPOLOGY_LABELS = 16;
const MAX_ADDRESSES = 100;
const MAX_PORTS = 20_000;
const MAX_ENDPOINTS = 1000;
const MAX_ZONE_HINTS = 8;

function sliceOf(object: ApiObject): EndpointSlice {
  return object as unknown as EndpointSlice;
}

function setDefaults(object: ApiObject): void {
  const slice = sliceOf(object);
  slice.endpoints ??= [];
  for (const port of slice.ports ?? []) {
    port.name ??= '';
    port.protocol ??= 'TCP';
  }
}

function validate(object: ApiObject): FieldError[] {
  const { addressType, endpoints = [], ports = [] } = sliceOf(object);
  return [
    ...validateRequiredOneOf(addressType, ['FQDN', 'IPv4', 'IPv6'], 'addressType'),
    ...validateEndpoints(endpoints, addressType, 'endpoints'),
    ...validatePorts(ports, 'ports'),
  ];
}

function validateEndpoints(
  endpoints: readonly Endpoint[],
  addressType: string,
  path: string,
): FieldError[] {
  if (endpoints.length > MAX_ENDPOINTS)
    return [fieldTooMany(path, endpoints.length, MAX_ENDPOINTS)];
  return endpoints.flatMap((endpoint, i) => {
    const at = `${path}[${i}]`;
    const { nodeName, hostname, deprecatedTopology: topology } = endpoint;
    return [
      ...validateAddresses(endpoint.addresses ?? [], addressType, `${at}.addresses`),
      ...(nodeName === undefined
        ? []
        : invalid(`${at}.nodeName`, nodeName, dnsSubdomainFaults(nodeName))),
      ...validateTopology(topology, `${at}.deprecatedTopology`),
      ...(hostname === undefined
        ? []
        : invalid(`${at}.hostname`, hostname, dnsLabelFaults(hostname))),
      ...validateHints(endpoint, `${at}.hints`),
    ];
  });
}

function validateAddresses(
  addresses: readonly string[],
  addressType: string,
  path: string,
): FieldError[] {
  if (addresses.length === 0) return [fieldRequired(path, 'must contain at least 1 address')];
  const faults: FieldError[] = [];
  if (addresses.length > MAX_ADDRESSES) {
    faults.push(fieldTooMany(path, addresses.length, MAX_ADDRESSES));
  }
  return [
    ...faults,
    ...addresses.flatMap((address, i) => validateAddress(address, addressType, `${path}[${i}]`)),
  ];
}

function validateAddress(address: string, addressType: string, path: string): FieldError[] {
  if (addressType === 'FQDN') return validateDomainName(address, path);
  if (addressType !== 'IPv4' && addressType !== 'IPv6') return [];
  if (!parseIp(address)) return validateIp(address, path);
  const isRightFamily = isIpv6(address) === (addressType === 'IPv6');
  if (isRightFamily) return validateNonSpecialIp(address, path);
  return [fieldInvalid(path, address, `must be an ${addressType} address`)];
}

function validateTopology(topology: Endpoint['deprecatedTopology'], path: string): FieldError[] {
  const count = Object.keys(topology ?? {}).length;
  return [
    ...(count > MAX_TOPOLOGY_LABELS ? [fieldTooMany(path, count, MAX_TOPOLOGY_LABELS)] : []),
    ...validateLabels(topology, path),
  ];
}

function validateHints({ hints }: Endpoint, path: string): FieldError[] {
  const zones = (hints?.forZones ?? []).map((zone) => zone.name ?? '');
  if (zones.length > MAX_ZONE_HINTS) {
    return [fieldTooMany(`${path}.forZones`, zones.length, MAX_ZONE_HINTS)];
  }
  return zones.flatMap((zone, i) => {
    const at = `${path}.forZones[${i}].name`;
    const repeated = zones.indexOf(zone) < i ? [fieldDuplicate(at, zone)] : [];
    return [...repeated, ...invalid(at, zone, labelValueFaults(zone))];
  });
}

function validatePorts(ports: readonly EndpointPort[], path: string): FieldError[] {
  if (ports.length > MAX_PORTS) return [fieldTooMany(path, ports.length, MAX_PORTS)];
  const names = new Set<string>();
  return ports.flatMap(({ name = '', protocol, appProtocol }, i) => {
    const at = `${path}[${i}]`;
    const faults = name === '' ? [] : invalid(`${at}.name`, name, dnsLabelFaults(name));
    if (names.has(name)) faults.push(fieldDuplicate(`${at}.name`, name));
    names.add(name);
    faults.push(...validateRequiredOneOf(protocol, PROTOCOLS, `${at}.protocol`));
    if (appProtocol !== undefined) {
      const named = qualifiedNameFaults(appProtocol);
      faults.push(...invalid(`${at}.appProtocol`, appProtocol, named));
    }
    return faults;
  });
}

export const endpointSliceKind = defineKind({
  group: 'discovery.k8s.io',
  version: 'v1',
  kind: 'EndpointSlice',
  resource: 'endpointslices',
  namespaced: true,
  hasGeneration: true,
  setDefaults,
  validate,
  validateUpdate: (object, old) => [
    ...validate(object),
    ...validateImmutable(object.addressType, old.addressType, 'addressType'),
  ],
});
