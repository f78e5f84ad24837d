/**
 * The slices of Endpoints that somebody wrote by hand: what they should be. Decisions only; given.
 *
 * Who writes them is `endpoint-slice-mirroring-controller.ts`; how slices are filled is `planSlices` of
 * `endpoints.ts`.
 *
 * @see pkg/controller/endpointslicemirroring/reconciler.go (1.33)
 */

import type {
  EndpointAddress,
  EndpointSubset,
  Endpoints,
  EndpointPort as OldPort,
  Service,
} from 'kubernetes-types/core/v1.js';
import type { Endpoint, EndpointPort, EndpointSlice } from 'kubernetes-types/discovery/v1.js';
import { newControllerRef, semanticallyEqual } from '#apimachinery';
import { familyOf, type IpFamily } from './addresses.ts';
import { type NewSlice, type PlacedEndpoint, planSlices, type SlicePlan } from './endpoints.ts';
import { MANAGED_BY_LABEL, SERVICE_NAME_LABEL } from './slice-form.ts';

/** Who keeps mirrored slices, in their label. */
export const MIRRORING_CONTROLLER = 'endpointslicemirroring-controller.k8s.io';
/** How many addresses of a subset are mirrored, if nobody says otherwise. */
export const MAX_ENDPOINTS_PER_SUBSET = 1000;

/** On Endpoints: `true` says that their slices are written by somebody else. */
const SKIP_LABEL = 'endpointslice.kubernetes.io/skip-mirror';
/** On Endpoints that are no endpoints, but a lock: so leaders were elected before there were Leases. */
const LEADER_ANNOTATION = 'control-plane.alpha.kubernetes.io/leader';
/** Annotations that speak of the Endpoints themselves. */
const OWN_ANNOTATIONS = [
  'endpoints.kubernetes.io/last-change-trigger-time',
  'kubectl.kubernetes.io/last-applied-configuration',
];
const ENDPOINTS_KIND = { group: '', version: 'v1', kind: 'Endpoints' };
const FAMILIES: readonly IpFamily[] = ['IPv4', 'IPv6'];

/** Should the Endpoints have slices by us? */
export function isMirrored(
  { metadata }: Pick<Endpoints, 'metadata'>,
  service: Service | undefined,
): boolean {
  if (!mayBeMirrored({ metadata })) return false;
  // Of a Service with a selector, the endpoint slice controller makes the slices.
  return service !== undefined && service.spec?.selector === undefined;
}

/** The same, as far as the Endpoints say. */
export function mayBeMirrored({ metadata }: Pick<Endpoints, 'metadata'>): boolean {
  const isSkipped = metadata?.labels?.[SKIP_LABEL] === 'true';
  return !isSkipped && metadata?.annotations?.[LEADER_ANNOTATION] === undefined;
}

/** Is the slice one of ours? */
export function isMirror({ metadata }: Pick<EndpointSlice, 'metadata'>): boolean {
  return metadata?.labels?.[MANAGED_BY_LABEL] === MIRRORING_CONTROLLER;
}

/** How many addresses are left out, since a subset has too many. */
export function skippedAddresses({ subsets = [] }: Endpoints, max: number): number {
  return subsets.reduce((sum, subset) => sum + Math.max(0, placesOf(subset).length - max), 0);
}

/**
 * What is to be done so that the slices are as the Endpoints.
 *
 * @remarks Each family has slices of its own. Of each subset the first `max` addresses are taken, ready
 * ones first. Slices have the labels and annotations of the Endpoints.
 *
 * @param existing - our slices of these Endpoints
 * @returns slices that can be written as they are
 */
export function mirror(
  endpoints: Endpoints,
  existing: readonly EndpointSlice[],
  max = MAX_ENDPOINTS_PER_SUBSET,
): { create: EndpointSlice[]; update: EndpointSlice[]; remove: EndpointSlice[] } {
  const all = (endpoints.subsets ?? []).flatMap((subset) => placesOf(subset).slice(0, max));
  const plans = FAMILIES.map((family) => {
    const wanted = all.filter(({ endpoint }) => familyOf(endpoint.addresses[0] ?? '') === family);
    const own = existing.filter(({ addressType }) => addressType === family);
    return { family, own, plan: planSlices(wanted, own, max) };
  });
  return {
    create: plans.flatMap(({ family, plan }) =>
      plan.create.map((slice) => newMirror(endpoints, family, slice)),
    ),
    update: plans.flatMap(({ own, plan }) => updatesOf(endpoints, own, plan)),
    remove: plans.flatMap(({ plan }) => [...plan.remove]),
  };
}

/** What the plan changes, and what has other labels or annotations than it should. */
function updatesOf(
  endpoints: Endpoints,
  existing: readonly EndpointSlice[],
  { update, remove }: SlicePlan,
): EndpointSlice[] {
  const changed = new Map(update.map((slice) => [slice.metadata?.name, slice]));
  return existing
    .filter((slice) => !remove.includes(slice))
    .flatMap((slice) => {
      const wanted = inForm(endpoints, changed.get(slice.metadata?.name) ?? slice);
      return semanticallyEqual(wanted, slice) ? [] : [wanted];
    });
}

function inForm(endpoints: Endpoints, slice: EndpointSlice): EndpointSlice {
  return { ...slice, metadata: { ...slice.metadata, ...metadataOf(endpoints) } };
}

function newMirror(
  endpoints: Endpoints,
  family: IpFamily,
  { ports, endpoints: members }: NewSlice,
): EndpointSlice {
  const { namespace, name } = endpoints.metadata ?? {};
  return {
    metadata: { namespace, generateName: `${name}-`, ...metadataOf(endpoints) },
    addressType: family,
    ports: [...ports],
    endpoints: [...members],
  };
}

function metadataOf(endpoints: Endpoints) {
  const { name = '', labels, annotations } = endpoints.metadata ?? {};
  return {
    labels: { ...labels, [SERVICE_NAME_LABEL]: name, [MANAGED_BY_LABEL]: MIRRORING_CONTROLLER },
    annotations: Object.fromEntries(
      Object.entries(annotations ?? {}).filter(([key]) => !OWN_ANNOTATIONS.includes(key)),
    ),
    ownerReferences: [newControllerRef(endpoints, ENDPOINTS_KIND)],
  };
}

function placesOf(subset: EndpointSubset): PlacedEndpoint[] {
  const ports = (subset.ports ?? []).map(portOf);
  const place = (address: EndpointAddress, ready: boolean): PlacedEndpoint => ({
    endpoint: endpointOf(address, ready),
    ports,
  });
  return [
    ...(subset.addresses ?? []).map((address) => place(address, true)),
    ...(subset.notReadyAddresses ?? []).map((address) => place(address, false)),
  ];
}

function endpointOf(
  { ip, nodeName, hostname, targetRef }: EndpointAddress,
  ready: boolean,
): Endpoint {
  return {
    addresses: [ip],
    conditions: { ready },
    ...(targetRef && { targetRef }),
    ...(nodeName !== undefined && { nodeName }),
    ...(hostname && { hostname }),
  };
}

function portOf({ name = '', port, protocol = 'TCP', appProtocol }: OldPort): EndpointPort {
  return { name, port, protocol, ...(appProtocol !== undefined && { appProtocol }) };
}
