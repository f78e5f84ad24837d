/** What the cluster of this program looks like: addresses, names, and where its files are. */

import { join } from 'node:path';
import { LOCAL_PROVISIONER } from '#controller-manager';
import type { ClusterShape } from '../bootstrap/cluster-shape.ts';
import type { SystemObject } from '../bootstrap/join-objects.ts';
import { systemObjects } from '../bootstrap/system-objects.ts';
import type { Flags } from './flags.ts';

export const CLUSTER_CIDR = '10.244.0.0/16';
export const SERVICE_CIDR = '10.96.0.0/12';
export const SERVICE_IP = '10.96.0.1';
export const DNS_IP = '10.96.0.10';
/** Where the cluster's DNS really answers: an address of the pod network that no pod gets. */
export const DNS_ENDPOINT = '10.244.255.253';
/** Where pods find the API server behind its Service: such an address too, as no endpoint may be a loopback one. */
export const API_ENDPOINT = '10.244.255.254';
export const DOMAIN = 'cluster.local';
/** Load balancers' addresses are this computer's own, so that one can go there. */
export const LOAD_BALANCER_POOL = '127.0.1.1-127.0.1.254';

/** The cluster that the flags ask for. */
export function shapeOf({ nodes, port }: Flags): ClusterShape {
  return {
    server: `https://127.0.0.1:${port}`,
    serviceIp: SERVICE_IP,
    domain: DOMAIN,
    nodes: Array.from({ length: nodes }, (_, i) => ({
      name: `node-${i + 1}`,
      ip: `127.0.0.${i + 1}`,
    })),
  };
}

/** Files and folders of a cluster. */
export interface Paths {
  readonly etcd: string;
  readonly pki: string;
  readonly kubeconfig: string;
  /** Says where the scheduler answers, while the cluster runs. */
  readonly scheduler: string;
  /** The socket of the pod network; absent: its path would be too long for one. */
  readonly network?: string;
  /** A node's disk. */
  node(name: string): string;
}

/** Less than what systems allow (104 on some), as one that is too long is cut off silently. */
const MAX_SOCKET_PATH = 100;

export function pathsOf({ dataDir, kubeconfig }: Pick<Flags, 'dataDir' | 'kubeconfig'>): Paths {
  const network = join(dataDir, 'network.sock');
  return {
    ...(network.length <= MAX_SOCKET_PATH && { network }),
    etcd: join(dataDir, 'etcd'),
    pki: join(dataDir, 'pki'),
    kubeconfig: kubeconfig ?? join(dataDir, 'kubeconfig'),
    scheduler: join(dataDir, 'scheduler'),
    node: (name) => join(dataDir, 'nodes', name),
  };
}

/** What `kube-apiserver` is told, but where its etcd is. */
export function apiServerArguments(pki: string, port: number): string[] {
  const file = (name: string): string => join(pki, name);
  const flags: Readonly<Record<string, string>> = {
    'secure-port': String(port),
    'bind-address': '127.0.0.1',
    'advertise-address': API_ENDPOINT,
    'service-cluster-ip-range': SERVICE_CIDR,
    'client-ca-file': file('ca.crt'),
    'tls-cert-file': file('apiserver.crt'),
    'tls-private-key-file': file('apiserver.key'),
    'kubelet-client-certificate': file('apiserver-kubelet-client.crt'),
    'kubelet-client-key': file('apiserver-kubelet-client.key'),
    'kubelet-certificate-authority': file('ca.crt'),
    'enable-bootstrap-token-auth': 'true',
    'service-account-key-file': file('sa.key'),
    'service-account-signing-key-file': file('sa.key'),
    'cert-dir': pki,
  };
  return Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
}

/**
 * What the cluster has besides what its API server makes.
 *
 * @param network - the path of the pod network's socket; absent: there is none
 */
export function objectsOf(
  shape: ClusterShape,
  authority: string,
  network: string | undefined,
): SystemObject[] {
  return systemObjects({
    dnsIp: DNS_IP,
    dnsEndpoint: DNS_ENDPOINT,
    domain: shape.domain,
    authority,
    server: shape.server,
    provisioner: LOCAL_PROVISIONER,
    ...(network !== undefined && {
      podNetwork: { endpoint: `unix://${network}`, clusterCidr: CLUSTER_CIDR },
    }),
  });
}
