/** The plain choice of endpoints. Given; what it does not know is the exercise in `affinity.ts`. */

import type { Endpoint } from '../services/endpoint.ts';
import {
  type ServicePort,
  usesClusterEndpoints,
  usesLocalEndpoints,
} from '../services/service-port.ts';
import { categorizeEndpoints } from './affinity.ts';
import type { ChosenEndpoints, EndpointsNode } from './chosen-endpoints.ts';

/**
 * Chooses the endpoints of a service port.
 *
 * @remarks
 * Where nothing asks for more, these are the ready ones. `categorizeEndpoints` is asked where a ready
 * endpoint has hints, and where none is ready that may be used but some serve while they terminate.
 */
export function chooseEndpoints(
  port: ServicePort,
  endpoints: readonly Endpoint[],
  node: EndpointsNode,
): ChosenEndpoints {
  const ready = endpoints.filter((endpoint) => endpoint.ready);
  const local = usesLocalEndpoints(port) ? ready.filter(({ isLocal }) => isLocal) : [];
  const lacksSome = ready.length === 0 || (usesLocalEndpoints(port) && local.length === 0);
  if (ready.some(hasHints) || (lacksSome && endpoints.some(isLeaving))) {
    return categorizeEndpoints(port, endpoints, node);
  }
  const cluster = usesClusterEndpoints(port) ? ready : [];
  const reachable = usesClusterEndpoints(port) ? cluster : local;
  return { cluster, local, reachable, hasAny: ready.length > 0 };
}

function hasHints({ zoneHints, nodeHints }: Endpoint): boolean {
  return zoneHints.length > 0 || nodeHints.length > 0;
}

function isLeaving({ serving, terminating }: Endpoint): boolean {
  return serving && terminating;
}
