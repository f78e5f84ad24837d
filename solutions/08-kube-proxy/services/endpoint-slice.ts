/**
 * What one EndpointSlice says, as a proxy sees it. Given.
 *
 * A Service's slices put together are the work of `../changes/changes.ts`.
 */

import type { EndpointSlice, Endpoint as SliceEndpoint } from 'kubernetes-types/discovery/v1.js';
import type { NetworkProtocol } from '#apimachinery';
import type { Endpoint } from './endpoint.ts';
import { familyOf } from './ip-addresses.ts';
import type { IpFamily } from './service-port.ts';
import { servicePortName } from './service-ports.ts';

/** Names the Service that a slice belongs to. */
const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';
const TRIGGER_TIME_ANNOTATION = 'endpoints.kubernetes.io/last-change-trigger-time';

/** One slice. */
export interface SliceEndpoints {
  /** The slice: its name, unique among those of its Service. */
  readonly slice: string;
  /** The Service: `default/web`. */
  readonly service: string;
  /** By the id of the service port, in the slice's order; an address may be there more than once. */
  readonly endpoints: ReadonlyMap<string, readonly Endpoint[]>;
  /** When the change was made that led to this state of the slice, in milliseconds; often unknown. */
  readonly triggerTime: number | undefined;
}

/** For whom endpoints are looked at. */
export interface EndpointsPerspective {
  readonly family: IpFamily;
  readonly nodeName: string;
}

/**
 * Reads a slice.
 *
 * @returns `undefined` for a slice of the other family or of names, and for one that says no Service.
 * Ports without number, and addresses of the other family, are left out; so is a port with no
 * endpoints
 * @see kubernetes 1.33 pkg/proxy/endpointslicecache.go
 */
export function readEndpointSlice(
  slice: EndpointSlice,
  { family, nodeName }: EndpointsPerspective,
): SliceEndpoints | undefined {
  const { metadata = {}, addressType } = slice;
  const { namespace = '', name = '', labels = {}, annotations = {} } = metadata;
  const serviceName = labels[SERVICE_NAME_LABEL];
  if (!serviceName || addressType !== family) return undefined;
  const service = `${namespace}/${serviceName}`;
  const endpoints = new Map<string, Endpoint[]>();
  for (const { name: portName = '', port, protocol = 'TCP' } of slice.ports ?? []) {
    if (!port) continue;
    const { id } = servicePortName(service, portName, protocol as NetworkProtocol);
    const here = slice.endpoints.flatMap((endpoint) => {
      const [ip = ''] = endpoint.addresses;
      if (ip === '' || familyOf(ip) !== family) return [];
      return [newEndpoint(endpoint, { ip, port, nodeName })];
    });
    if (here.length > 0) endpoints.set(id, [...(endpoints.get(id) ?? []), ...here]);
  }
  const time = Date.parse(annotations[TRIGGER_TIME_ANNOTATION] ?? '');
  return { slice: name, service, endpoints, triggerTime: Number.isNaN(time) ? undefined : time };
}

function newEndpoint(
  { conditions = {}, hints, nodeName: node }: SliceEndpoint,
  { ip, port, nodeName }: { ip: string; port: number; nodeName: string },
): Endpoint {
  const { forZones = [], forNodes = [] } = (hints ?? {}) as {
    forZones?: readonly { name: string }[];
    forNodes?: readonly { name: string }[];
  };
  return {
    ip,
    port,
    isLocal: node === nodeName,
    ready: conditions.ready ?? true,
    serving: conditions.serving ?? true,
    terminating: conditions.terminating ?? false,
    zoneHints: forZones.map(({ name }) => name),
    nodeHints: forNodes.map(({ name }) => name),
  };
}

/** Do both say the same of the same addresses, in whatever order? */
export function sameEndpoints(
  a: ReadonlyMap<string, readonly Endpoint[]>,
  b: ReadonlyMap<string, readonly Endpoint[]>,
): boolean {
  if (a.size !== b.size) return false;
  return [...a].every(([id, endpoints]) => {
    const others = b.get(id);
    if (others?.length !== endpoints.length) return false;
    const sorted = others.map(fingerprint).sort();
    return endpoints
      .map(fingerprint)
      .sort()
      .every((one, i) => one === sorted[i]);
  });
}

function fingerprint(endpoint: Endpoint): string {
  const { ip, port, isLocal, ready, serving, terminating, zoneHints, nodeHints } = endpoint;
  return JSON.stringify([ip, port, isLocal, ready, serving, terminating, zoneHints, nodeHints]);
}
