/**
 * NetworkPolicies: who may talk to whom. Given.
 *
 * @see pkg/apis/networking/validation/validation.go, pkg/apis/networking/v1/defaults.go (1.33)
 */

import type {
  IPBlock,
  NetworkPolicyPeer,
  NetworkPolicyPort,
  NetworkPolicySpec,
} from 'kubernetes-types/networking/v1.js';
import {
  type FieldError,
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
} from '#apimachinery';
import type { ApiObject } from '../../api-object.ts';
import { validateCidr } from '../core/ip-addresses.ts';
import { defineKind } from '../define-kind.ts';
import { invalid, specOf, validateOneOf } from '../field-checks.ts';
import { validateLabelSelector } from '../label-selector.ts';
import { portNameFaults, portNumberFaults } from '../value-formats.ts';
import { isStrictlyWithin, parseCidr } from './cidr.ts';

const POLICY_TYPES = ['Ingress', 'Egress'];

function setDefaults(object: ApiObject): void {
  const spec = specOf<NetworkPolicySpec>(object);
  spec.podSelector ??= {};
  const rules = [...(spec.ingress ?? []), ...(spec.egress ?? [])];
  for (const port of rules.flatMap((rule) => rule.ports ?? [])) port.protocol ??= 'TCP';
  if ((spec.policyTypes ?? []).length > 0) return;
  // Who says nothing of what goes out means only what comes in.
  const hasEgress = (spec.egress ?? []).length > 0;
  spec.policyTypes = hasEgress ? [...POLICY_TYPES] : ['Ingress'];
}

function validate(object: ApiObject): FieldError[] {
  const spec = specOf<NetworkPolicySpec>(object);
  return [
    ...validateLabelSelector(spec.podSelector, 'spec.podSelector'),
    ...(spec.ingress ?? []).flatMap(({ ports, from }, i) => [
      ...validatePorts(ports ?? [], `spec.ingress[${i}].ports`),
      ...validatePeers(from ?? [], `spec.ingress[${i}].from`),
    ]),
    ...(spec.egress ?? []).flatMap(({ ports, to }, i) => [
      ...validatePorts(ports ?? [], `spec.egress[${i}].ports`),
      ...validatePeers(to ?? [], `spec.egress[${i}].to`),
    ]),
    ...validatePolicyTypes(spec.policyTypes ?? [], 'spec.policyTypes'),
  ];
}

function validatePorts(ports: readonly NetworkPolicyPort[], path: string): FieldError[] {
  return ports.flatMap((port, i) => validatePort(port, `${path}[${i}]`));
}

function validatePort({ protocol, port, endPort }: NetworkPolicyPort, path: string): FieldError[] {
  const faults = validateOneOf(protocol, ['TCP', 'UDP', 'SCTP'], `${path}.protocol`);
  if (typeof port === 'string') faults.push(...invalid(`${path}.port`, port, portNameFaults(port)));
  if (typeof port === 'number') {
    faults.push(...invalid(`${path}.port`, port, portNumberFaults(port)));
  }
  return endPort === undefined ? faults : [...faults, ...validateEndPort(port, endPort, path)];
}

function validateEndPort(
  port: number | string | undefined,
  endPort: number,
  path: string,
): FieldError[] {
  const at = `${path}.endPort`;
  if (port === undefined) {
    return [fieldInvalid(at, endPort, 'may not be specified when `port` is not specified')];
  }
  if (typeof port === 'string') {
    return [fieldInvalid(at, endPort, 'may not be specified when `port` is non-numeric')];
  }
  const faults = invalid(at, endPort, portNumberFaults(endPort));
  if (endPort >= port) return faults;
  return [fieldInvalid(at, endPort, 'must be greater than or equal to `port`'), ...faults];
}

function validatePeers(peers: readonly NetworkPolicyPeer[], path: string): FieldError[] {
  return peers.flatMap((peer, i) => validatePeer(peer, `${path}[${i}]`));
}

function validatePeer(peer: NetworkPolicyPeer, path: string): FieldError[] {
  const { podSelector, namespaceSelector, ipBlock } = peer;
  const faults = [
    ...validateLabelSelector(podSelector, `${path}.podSelector`),
    ...validateLabelSelector(namespaceSelector, `${path}.namespaceSelector`),
    ...(ipBlock ? validateIpBlock(ipBlock, `${path}.ipBlock`) : []),
  ];
  if (!podSelector && !namespaceSelector && !ipBlock) {
    faults.push(fieldRequired(path, 'must specify a peer'));
  }
  if (ipBlock && (podSelector || namespaceSelector)) {
    faults.push(fieldForbidden(path, 'may not specify both ipBlock and another peer'));
  }
  return faults;
}

function validateIpBlock({ cidr: text = '', except = [] }: IPBlock, path: string): FieldError[] {
  if (text === '') return [fieldRequired(`${path}.cidr`)];
  const cidr = parseCidr(text);
  if (!cidr) return validateCidr(text, `${path}.cidr`);
  return except.flatMap((hole, i) => {
    const at = `${path}.except[${i}]`;
    const inner = parseCidr(hole);
    if (!inner) return validateCidr(hole, at);
    if (isStrictlyWithin(inner, cidr)) return [];
    return [fieldInvalid(at, hole, 'must be a strict subset of `cidr`')];
  });
}

function validatePolicyTypes(types: readonly string[], path: string): FieldError[] {
  if (types.length > POLICY_TYPES.length) {
    return [fieldInvalid(path, types, 'may not specify more than two policyTypes')];
  }
  return types.flatMap((type, i) =>
    POLICY_TYPES.includes(type) ? [] : [fieldNotSupported(`${path}[${i}]`, type, POLICY_TYPES)],
  );
}

export const networkPolicyKind = defineKind({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'NetworkPolicy',
  resource: 'networkpolicies',
  shortNames: ['netpol'],
  namespaced: true,
  hasGeneration: true,
  setDefaults,
  validate,
});
