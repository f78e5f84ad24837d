/** What tests of proxies need by the dozen: a service port, an endpoint, a node's options. */

import type { NetworkProtocol } from '#apimachinery';

const NO_STRINGS: readonly string[] = [];

/** A port of a Service as kube-proxy sees it. */
const SERVICE_PORT = {
  protocol: 'TCP' as NetworkProtocol,
  clusterIP: '10.96.0.10',
  port: 80,
  nodePort: 0,
  externalIPs: NO_STRINGS,
  loadBalancerVIPs: NO_STRINGS,
  loadBalancerSourceRanges: NO_STRINGS,
  sessionAffinity: 'None' as 'None' | 'ClientIP',
  stickyMaxAgeSeconds: 10_800,
  healthCheckNodePort: 0,
  externalPolicyLocal: false,
  internalPolicyLocal: false,
};

/** What a test says of a service port; the rest is a usual one's. */
export type ServicePortWords = Partial<typeof SERVICE_PORT>;

/**
 * Port `http` of Service `default/web`: TCP 80 at 10.96.0.10, nothing from outside. Frozen.
 *
 * @param name - of the Service and the port: `web:http`, or `web` for a port without name
 */
export function servicePortObject(name = 'web:http', words: ServicePortWords = {}) {
  const all = { ...SERVICE_PORT, ...words };
  const full = `default/${name}`;
  const [service = ''] = full.split(':');
  return Object.freeze({ id: `${full}/${all.protocol}`, name: full, service, ...all });
}

const ENDPOINT = {
  port: 8080,
  isLocal: false,
  ready: true,
  serving: true,
  terminating: false,
  zoneHints: NO_STRINGS,
  nodeHints: NO_STRINGS,
};

/** What a test says of an endpoint; the rest is a usual one's. */
export type EndpointWords = Partial<typeof ENDPOINT>;

/** A ready endpoint on another node, without hints. Frozen. */
export function endpointObject(ip: string, words: EndpointWords = {}) {
  return Object.freeze({ ip, ...ENDPOINT, ...words });
}

interface ProxierWords {
  readonly family?: 'IPv4' | 'IPv6';
  readonly nodeName?: string;
  readonly zone?: string;
  readonly nodeIP?: string;
  /** `null` for none. */
  readonly clusterCidr?: string | null;
  readonly masqueradeAll?: boolean;
  readonly masqueradeBit?: number;
  readonly nodePortAddresses?: readonly string[];
  readonly localAddresses?: readonly string[];
  readonly localhostNodePorts?: boolean;
  readonly conntrackTcpBeLiberal?: boolean;
}

/** Options of `node-a` at 192.168.1.5, pods in 10.244.0.0/16; as kube-proxy begins without flags. */
export function proxierOptions({ clusterCidr = '10.244.0.0/16', ...words }: ProxierWords = {}) {
  return Object.freeze({
    family: 'IPv4' as 'IPv4' | 'IPv6',
    nodeName: 'node-a',
    nodeIP: '192.168.1.5',
    masqueradeAll: false,
    masqueradeBit: 14,
    nodePortAddresses: NO_STRINGS,
    localhostNodePorts: true,
    conntrackTcpBeLiberal: false,
    ...(clusterCidr !== null && { clusterCidr }),
    ...words,
  });
}
