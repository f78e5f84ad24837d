/**
 * Where a Service leads: from its pods to the endpoints that kube-proxy reads.
 *
 * Functions of what is there, which only say what should be; `endpoint-slice-controller.ts` and
 * `endpoints-controller.ts` write it. Slices' form beside the endpoints is `slice-form.ts`.
 */

import type { EndpointSubset, Pod, Service } from 'kubernetes-types/core/v1.js';
import type { Endpoint, EndpointPort, EndpointSlice } from 'kubernetes-types/discovery/v1.js';
import { NotImplemented } from '#not-implemented';
import type { IpFamily } from './addresses.ts';

/** How many endpoints a slice holds at most, if nobody says otherwise. */
export const MAX_ENDPOINTS_PER_SLICE = 100;

/** An endpoint and the ports it is reached at. */
export interface PlacedEndpoint {
  readonly endpoint: Endpoint;
  readonly ports: readonly EndpointPort[];
}

/** The endpoints of a slice that is to be made. */
export interface NewSlice {
  readonly ports: readonly EndpointPort[];
  readonly endpoints: readonly Endpoint[];
}

/** What is to be done with a Service's slices. */
export interface SlicePlan {
  readonly create: readonly NewSlice[];
  /** Slices as they should be, by the names they have. */
  readonly update: readonly EndpointSlice[];
  readonly remove: readonly EndpointSlice[];
}

/**
 * The port numbers at which a pod serves a Service.
 *
 * @remarks One for each of the Service's ports, in their order. `targetPort` is a number, or the name of
 * a port of one of the pod's containers with the port's protocol; left out, it is `port`. Containers
 * are searched in order, then init containers with `restartPolicy: Always`. A name that no container has
 * leaves that port out. So two pods of one Service may have different ports.
 *
 * @returns with `name` (`''` when the port has none), `port`, `protocol` (`TCP` when left out) and, if
 * the Service's port has one, `appProtocol`
 * @see k8s.io/endpointslice/util (1.33), getEndpointPorts, FindPort
 * @exercise controller-manager/endpoints
 */
export function endpointPorts(service: Service, pod: Pod): EndpointPort[] {
  throw new NotImplemented('controller-manager/endpoints', 'endpointPorts');
}

/**
 * The endpoint a pod is for a Service.
 *
 * @remarks A pod without an address of the family, and one that has ended (`Succeeded`, `Failed`), is
 * none. One that is being deleted is one, so that connections may end in peace:
 *
 * - `serving`: the pod is ready (`isPodReady`);
 * - `terminating`: it is being deleted;
 * - `ready`: serving and not terminating; always true for a Service with `publishNotReadyAddresses`.
 *
 * `targetRef` has `kind` Pod, `namespace`, `name` and `uid`. `nodeName` and `zone` are there when they are
 * known. `hostname` is the pod's when its `subdomain` is the Service's name: that is what gives a
 * StatefulSet's pods names of their own.
 *
 * @param pod - selected by the Service, in its namespace
 * @param zone - the zone of the pod's node; `undefined` when it is not known
 * @see k8s.io/endpointslice/util (1.33), podToEndpoint
 * @exercise controller-manager/endpoints
 */
export function endpointOf(
  service: Service,
  pod: Pod,
  family: IpFamily,
  zone?: string,
): Endpoint | undefined {
  throw new NotImplemented('controller-manager/endpoints', 'endpointOf');
}

/**
 * How a Service's slices become what they should be, with few changes, since every change of a slice
 * goes to every node.
 *
 * @remarks Slices with the same ports, in whatever order, are looked at together; a slice whose ports nobody has any more is
 * removed. An endpoint is the same as another with the same addresses, hostname and `targetRef`
 * (namespace and name). For each set of ports, with the slices in the order given:
 *
 * 1. From each slice goes what is not wanted any more, and what a slice before it has already. What
 *    is there and wanted stays where it is, and becomes as it is wanted. A slice in which nothing
 *    stays is removed; one in which something changed is updated.
 * 2. What has no place yet fills the slices to be updated, in their order, up to `max`.
 * 3. As long as something is left: if it is fewer than `max`, it goes into the slice that is fullest
 *    afterwards, among those not touched yet into which it fits; else into a new slice, up to `max`.
 *
 * At last a new slice and one to be removed become one update: as many of each as there are, in order.
 *
 * ```text
 * max 3; slices A [1 2 3], B [4 5]; wanted 1 2 3 4 6     →  update B [4 6]
 * max 3; slices A [1 2 3], B [4 5]; wanted 1 2 3 4 5 6   →  update B [4 5 6]
 * max 3; slices A [1 2 3];          wanted 1 2 3 4       →  create [4]
 * max 3; slices A [1 2 3];          wanted 7 8           →  update A [7 8]
 * ```
 *
 * @param wanted - in order; the order of new endpoints in slices is theirs
 * @param existing - of one Service and one family of addresses; they are not changed
 * @returns a plan without anything when all is as it should be
 * @see k8s.io/endpointslice/reconciler.go (1.33), reconcileByPortMapping, finalize
 * @exercise controller-manager/endpoints
 */
export function planSlices(
  wanted: readonly PlacedEndpoint[],
  existing: readonly EndpointSlice[],
  max = MAX_ENDPOINTS_PER_SLICE,
): SlicePlan {
  throw new NotImplemented('controller-manager/endpoints', 'planSlices');
}

/**
 * The same as an Endpoints object has it: pods with the same ports together, ready ones apart from
 * others.
 *
 * @remarks Each pod that is an endpoint (`endpointOf`) and is not being deleted is an address: `ip`,
 * `targetRef`, and where there are some `nodeName` and `hostname`. It is among `addresses` when it is
 * ready, else among `notReadyAddresses`; a list without any is left out. Addresses are in the order of
 * their IPs as texts, then of their pods' uids; subsets in the order of their first pods. Ports are what
 * `endpointPorts` says, a name that is `''` included.
 *
 * A pod that serves none of the Service's ports is in no subset, unless the Service has no ports: then
 * all pods are in one without `ports`.
 *
 * @param pods - selected by the Service
 * @see pkg/controller/endpoint/endpoints_controller.go (1.33), k8s.io/kubernetes/pkg/api/v1/endpoints
 * @exercise controller-manager/endpoints
 */
export function subsetsOf(
  service: Service,
  pods: readonly Pod[],
  family: IpFamily,
): EndpointSubset[] {
  throw new NotImplemented('controller-manager/endpoints', 'subsetsOf');
}
