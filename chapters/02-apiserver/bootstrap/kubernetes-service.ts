/**
 * The Service `kubernetes`, by which pods reach the API server, and its endpoints. Given.
 *
 * @see pkg/controlplane/controller/kubernetesservice/controller.go, pkg/controlplane/reconcilers
 * (1.33)
 */

import { isNotFound, semanticallyEqual } from '#apimachinery';
import type { ApiObject } from '../api-object.ts';
import { get } from '../registry/create-get.ts';
import type { Registry } from '../registry/registry.ts';
import { update } from '../registry/update.ts';
import { ensure, type RegistryOf } from './system-objects.ts';

/** Where the API server is. */
export interface ServerAddress {
  /** The first address of the service range. */
  readonly clusterIp: string;
  /** As others reach it. */
  readonly ip: string;
  readonly port: number;
}

const NAME = 'kubernetes';
const NAMESPACE = 'default';
const SERVICE_PORT = 443;

/** Makes the Service and brings its endpoints up to date. */
export async function ensureKubernetesService(
  registryOf: RegistryOf,
  address: ServerAddress,
): Promise<void> {
  await ensure(registryOf('', 'Service'), serviceObject(address));
  // Where only this computer reaches it no pod does: the Service has no endpoints then.
  if (address.ip.startsWith('127.')) return;
  await ensureLike(registryOf('', 'Endpoints'), endpointsObject(address), ['subsets']);
  const slices = registryOf('discovery.k8s.io', 'EndpointSlice');
  await ensureLike(slices, sliceObject(address), ['endpoints', 'ports']);
}

/** Makes an object, or brings some fields of the one that is there up to date. */
async function ensureLike(
  registry: Registry,
  object: ApiObject,
  fields: readonly string[],
): Promise<void> {
  const namespace = NAMESPACE;
  try {
    const { object: old } = await get(registry, NAME, { namespace });
    if (fields.every((field) => semanticallyEqual(old[field], object[field]))) return;
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await ensure(registry, object);
    return;
  }
  const change = (old: ApiObject): ApiObject => {
    for (const field of fields) old[field] = object[field];
    return old;
  };
  await update(registry, NAME, change, { namespace });
}

function serviceObject({ clusterIp, port }: ServerAddress): ApiObject {
  return {
    kind: 'Service',
    apiVersion: 'v1',
    metadata: {
      name: NAME,
      namespace: NAMESPACE,
      labels: { component: 'apiserver', provider: 'kubernetes' },
    },
    spec: {
      type: 'ClusterIP',
      clusterIP: clusterIp,
      clusterIPs: [clusterIp],
      ports: [{ name: 'https', port: SERVICE_PORT, protocol: 'TCP', targetPort: port }],
      sessionAffinity: 'None',
    },
  };
}

function endpointsObject({ ip, port }: ServerAddress): ApiObject {
  return {
    kind: 'Endpoints',
    apiVersion: 'v1',
    metadata: {
      name: NAME,
      namespace: NAMESPACE,
      labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' },
    },
    subsets: [{ addresses: [{ ip }], ports: [{ name: 'https', port, protocol: 'TCP' }] }],
  };
}

function sliceObject({ ip, port }: ServerAddress): ApiObject {
  return {
    kind: 'EndpointSlice',
    apiVersion: 'discovery.k8s.io/v1',
    metadata: {
      name: NAME,
      namespace: NAMESPACE,
      labels: { 'kubernetes.io/service-name': NAME },
    },
    addressType: 'IPv4',
    endpoints: [{ addresses: [ip], conditions: { ready: true } }],
    ports: [{ name: 'https', port, protocol: 'TCP' }],
  };
}
