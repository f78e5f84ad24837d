/**
 * Nodes as a kind: machines that run pods. Given.
 *
 * @see pkg/registry/core/node/strategy.go, pkg/apis/core/validation/validation.go (1.33)
 */

import type { NodeSpec, NodeStatus } from 'kubernetes-types/core/v1.js';
import {
  type FieldError,
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  semanticallyEqual,
} from '#apimachinery';
import type { ApiObject } from '../../api-object.ts';
import { defineKind } from '../define-kind.ts';
import { specOf, statusOf } from '../field-checks.ts';
import type { Kind } from '../kind.ts';
import { isDualStack, validateCidr } from './ip-addresses.ts';
import type { ResourceList } from './objects.ts';
import { setResourceListDefaults, validateResourceQuantity } from './resources.ts';
import { validateTaints } from './tolerations.ts';

/** Nodes. */
export const nodeKind: Kind = defineKind({
  group: '',
  version: 'v1',
  kind: 'Node',
  resource: 'nodes',
  shortNames: ['no'],
  namespaced: false,
  indexedField: 'metadata.name',
  storagePrefix: 'minions',
  subresources: { status: true },
  setDefaults,
  validate,
  validateUpdate: (object, old) => [
    ...validate(object),
    ...validateSpecUpdate(object, old),
    ...validateAddresses(object),
  ],
  prepareForStatusUpdate: setStatusDefaults,
  validateStatusUpdate: (object) => [...validateResources(object), ...validateAddresses(object)],
  warnings: (object) =>
    specOf<NodeSpec>({ ...object }).externalID
      ? ['spec.externalID: this field is deprecated, and is unused by Kubernetes']
      : [],
});

function setDefaults(object: ApiObject): void {
  const spec = specOf<NodeSpec>(object);
  if (!spec.unschedulable) delete spec.unschedulable;
  setPodCidrDefaults(spec);
  if (object.status) setStatusDefaults(object);
}

/** The single field decides: an old kubelet knows no other. */
function setPodCidrDefaults(spec: NodeSpec): void {
  const { podCIDR, podCIDRs = [] } = spec;
  if (podCIDR && podCIDR !== podCIDRs[0]) spec.podCIDRs = [podCIDR];
  else if (podCIDRs[0]) [spec.podCIDR] = podCIDRs;
}

/** What is there can be given out, as long as the node does not say less. */
function setStatusDefaults(object: ApiObject): void {
  const status = statusOf<NodeStatus>(object);
  if (status.capacity && !status.allocatable) status.allocatable = { ...status.capacity };
  setResourceListDefaults(status.capacity);
  setResourceListDefaults(status.allocatable);
}

function validate(object: ApiObject): FieldError[] {
  const { taints = [], podCIDRs = [] } = specOf<NodeSpec>({ ...object });
  return [
    // The path is the API's, although taints are not metadata.
    ...validateTaints(taints, 'metadata.taints'),
    ...validateResources(object),
    ...validatePodCidrs(podCIDRs, 'spec.podCIDRs'),
  ];
}

function validateResources(object: ApiObject): FieldError[] {
  const { capacity, allocatable } = statusOf<NodeStatus>(object);
  const amounts = (list: ResourceList = {}, path: string) =>
    Object.entries(list).flatMap(([name, value]) =>
      validateResourceQuantity(name, value, `${path}.${name}`),
    );
  return [...amounts(capacity, 'status.capacity'), ...amounts(allocatable, 'status.allocatable')];
}

function validatePodCidrs(cidrs: readonly string[], path: string): FieldError[] {
  const faults = cidrs.flatMap((cidr, i) => validateCidr(cidr, `${path}[${i}]`));
  if (cidrs.length < 2) return faults;
  if (!isDualStack(cidrs) || cidrs.length > 2) {
    const why = 'may specify no more than one CIDR for each IP family';
    faults.push(fieldInvalid(path, cidrs, why));
  }
  const repeated = cidrs.flatMap((cidr, i) =>
    cidrs.indexOf(cidr) < i ? [fieldDuplicate(`${path}[${i}]`, cidr)] : [],
  );
  return [...faults, ...repeated];
}

function validateSpecUpdate(object: ApiObject, old: ApiObject): FieldError[] {
  const spec = specOf<NodeSpec>({ ...object });
  const before = specOf<NodeSpec>({ ...old });
  const faults: FieldError[] = [];
  if (before.podCIDRs?.length && !semanticallyEqual(spec.podCIDRs, before.podCIDRs)) {
    const why = 'node updates may not change podCIDR except from "" to valid';
    faults.push(fieldForbidden('spec.podCIDRs', why));
  }
  if (before.providerID && spec.providerID !== before.providerID) {
    const why = 'node updates may not change providerID except from "" to valid';
    faults.push(fieldForbidden('spec.providerID', why));
  }
  if ((spec.externalID ?? '') !== (before.externalID ?? '')) {
    faults.push(fieldForbidden('spec.externalID', 'may not be updated'));
  }
  return faults;
}

function validateAddresses(object: ApiObject): FieldError[] {
  const { addresses = [] } = statusOf<NodeStatus>(object);
  const seen = new Set<string>();
  return addresses.flatMap((address, i) => {
    const key = `${address.type}/${address.address}`;
    const isRepeated = seen.has(key);
    seen.add(key);
    return isRepeated ? [fieldDuplicate(`status.addresses[${i}]`, address)] : [];
  });
}
