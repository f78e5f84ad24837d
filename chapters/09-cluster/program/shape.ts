/** What the cluster of this program looks like: addresses, names, and where its files are. */

import { join } from 'node:path';
import { LOCAL_PROVISIONER } from '#controller-manager';
import type { ClusterShape } from '../bootstrap/cluster-shape.ts';
import { type SystemObject, systemObjects } from '../bootstrap/system-objects.ts';
import type { Flags } from './flags.ts';

export const CLUSTER_CIDR = '10.244.0.0/16';
export const SERVICE_CIDR = '10.96.0.0/12';
export const SERVICE_IP = '10.96.0.1';
export const DNS_IP = '10.96.0.10';
/** Where the cluster's DNS really answers: an address of the pod network that no pod gets. */
export const DNS_ENDPOINT = '10.244.255.253';
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
  /** A node's disk. */
  node(name: string): string;
}

export function pathsOf({ dataDir, kubeconfig }: Flags): Paths {
  return {
    etcd: join(dataDir, 'etcd'),
    pki: join(dataDir, 'pki'),
    kubeconfig: kubeconfig ?? join(dataDir, 'kubeconfig'),
    node: (name) => join(dataDir, 'nodes', name),
  };
}

/** What `kube-apiserver` is told, but where its etcd is. */
export function apiServerArguments(pki: string, port: number): string[] {
  const file = (name: string): string => join(pki, name);
  const flags: Readonly<Record<string, string>> = {
    'secure-port': String(port),
    'bind-address': '127.0.0.1',
    'advertise-address': '127.0.0.1',
    'service-cluster-ip-range': SERVICE_CIDR,
    'client-ca-file': file('ca.crt'),
    'tls-cert-file': file('apiserver.crt'),
    'tls-private-key-file': file('apiserver.key'),
    'kubelet-client-certificate': file('apiserver-kubelet-client.crt'),
    'kubelet-client-key': file('apiserver-kubelet-client.key'),
    'kubelet-certificate-authority': file('ca.crt'),
    'service-account-key-file': file('sa.key'),
    'service-account-signing-key-file': file('sa.key'),
    'cert-dir': pki,
  };
  return Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
}

/** What the cluster has besides what its API server makes. */
export function objectsOf(shape: ClusterShape, authority: string): SystemObject[] {
  return systemObjects({
    dnsIp: DNS_IP,
    dnsEndpoint: DNS_ENDPOINT,
    domain: shape.domain,
    authority,
    server: shape.server,
    provisioner: LOCAL_PROVISIONER,
  });
}
