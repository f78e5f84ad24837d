/** What a node that joins asks of its cluster before it runs: where the network is, and what is free. */

import { existsSync } from 'node:fs';
import { isNotFound, type Node } from '#apimachinery';
import { type Client, CONFIG_MAPS, NODES } from '#client';
import { pathOf } from '#container-runtime/wire';
import { KUBELET_CONFIG, POD_NETWORK_CONFIG } from '../bootstrap/join-objects.ts';

/** How the node is to be. */
export interface NodeSettings {
  /** The node's address. */
  readonly ip: string;
  /** Of the pod network: `unix:///PATH`. */
  readonly endpoint: string;
  readonly clusterCidr: string;
  /** The cluster IP of its DNS. */
  readonly clusterDns: string;
}

/** Nodes of other processes are at addresses of this range, if nobody says otherwise. */
const ADDRESSES = Array.from({ length: 254 }, (_, i) => `127.0.2.${i + 1}`);

/**
 * Reads what a node must know.
 *
 * @param client - as the node's kubelet
 * @param wantedIp - absent: the one that the node had, or one that no other node has
 * @throws Error, as a rejection, when this cluster has no place for nodes of other processes
 */
export async function readNodeSettings(
  client: Client,
  name: string,
  wantedIp?: string,
): Promise<NodeSettings> {
  const network = await readConfigMap(client, POD_NETWORK_CONFIG);
  const { endpoint = '' } = network;
  if (endpoint === '') throw new Error('this cluster says nowhere where its pod network is');
  if (!existsSync(pathOf(endpoint))) {
    throw new Error(`the pod network of this cluster is at ${endpoint}, and not on this computer`);
  }
  const { kubelet = '{}' } = await readConfigMap(client, KUBELET_CONFIG);
  const { clusterDNS = [] } = JSON.parse(kubelet) as { clusterDNS?: readonly string[] };
  const nodes = (await client.resource(NODES).list()).items;
  return {
    ip: wantedIp ?? freeAddress(name, nodes),
    endpoint,
    clusterCidr: network['cluster-cidr'] ?? '',
    clusterDns: clusterDNS[0] ?? '',
  };
}

async function readConfigMap(
  client: Client,
  name: string,
): Promise<Readonly<Record<string, string>>> {
  try {
    return (await client.resource(CONFIG_MAPS, 'kube-system').get(name)).data ?? {};
  } catch (error) {
    if (isNotFound(error)) throw new Error(`this cluster has no ConfigMap ${name} in kube-system`);
    throw error;
  }
}

function freeAddress(name: string, nodes: readonly Node[]): string {
  const addressesOf = ({ status }: Node): string[] =>
    (status?.addresses ?? []).map(({ address }) => address);
  const own = nodes.filter(({ metadata }) => metadata?.name === name).flatMap(addressesOf);
  const others = nodes.filter(({ metadata }) => metadata?.name !== name).flatMap(addressesOf);
  const found = [...own, ...ADDRESSES].find((ip) => /^127\./.test(ip) && !others.includes(ip));
  if (found === undefined) throw new Error('no address of 127.0.2.0/24 is free: say --node-ip');
  return found;
}
