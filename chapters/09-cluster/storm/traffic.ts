/** Requests through the cluster's Services, from every node, by its own rules to a pod that answers. */

import type { Service } from 'kubernetes-types/core/v1.js';
import type { StormCluster } from './storm-cluster.ts';
import type { StormNode } from './storm-node.ts';

/** Asks once from each node each Service for the name of who answers, and writes down who it was. */
export function askEverywhere(cluster: StormCluster): void {
  const { nodes, recorder } = cluster;
  const services = [...recorder.objects.values()].filter(({ resource }) => resource === 'services');
  for (const { namespace, name, after } of services) {
    const { clusterIP = '', selector, ports = [] } = (after as Service).spec ?? {};
    const [port] = ports;
    if (!selector || clusterIP === '' || clusterIP === 'None' || port === undefined) continue;
    const service = `${namespace}/${name}`;
    for (const node of nodes) void ask(cluster, node, { service, ip: clusterIP, port: port.port });
  }
}

async function ask(
  { nodes, recorder }: StormCluster,
  node: StormNode,
  { service, ip, port }: { readonly service: string; readonly ip: string; readonly port: number },
): Promise<void> {
  // A pod's name is its computer's.
  const name = await node.ask(ip, port, '/hostname');
  const running = nodes.flatMap((one) => one.running).find(({ pod }) => pod.name === name);
  if (running === undefined) return;
  recorder.add({ kind: 'connected', at: recorder.now, node: node.name, service, pod: running.pod });
}
