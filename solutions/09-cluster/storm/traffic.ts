/** Connections through the cluster's Services, from every node, by its own rules. */

import type { Service } from 'kubernetes-types/core/v1.js';
import type { StormCluster } from './storm-cluster.ts';

/** Connects once from each node to each Service, and writes down whom it reached. */
export async function connectEverywhere({ nodes, recorder }: StormCluster): Promise<void> {
  const services = [...recorder.objects.values()].filter(({ resource }) => resource === 'services');
  for (const { namespace, name, after } of services) {
    const { clusterIP = '', ports = [] } = (after as Service).spec ?? {};
    const [port] = ports;
    if (clusterIP === '' || clusterIP === 'None' || port === undefined) continue;
    for (const node of nodes) {
      const routed = node.isUp ? node.route(clusterIP, port.port) : undefined;
      if (routed === undefined || routed.ip === clusterIP) continue;
      const at = recorder.now;
      for (const other of nodes) {
        const pod = await other.podAt(routed.ip);
        if (pod === undefined) continue;
        const service = `${namespace}/${name}`;
        recorder.add({ kind: 'connected', at, node: node.name, service, pod });
        break;
      }
    }
  }
}
