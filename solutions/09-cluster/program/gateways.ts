/** What answers on the pod network and is no pod: the API server, and the cluster's DNS. */

import type { Clock, Logger, Random } from '#apimachinery';
import type { Client } from '#client';
import { connectionOf } from '#container-runtime/wire';
import { realNetwork } from '#kubelet/program';
import { runClusterDns } from '../dns/dns-server.ts';
import type { ClusterNetwork } from '../network/cluster-network.ts';
import { API_ENDPOINT, DNS_ENDPOINT, DOMAIN } from './shape.ts';

/** What they need. */
export interface GatewaysOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** May list and watch Services, EndpointSlices and Namespaces. */
  readonly client: Client;
  readonly network: ClusterNetwork;
  /** The API server's, on 127.0.0.1. */
  readonly port: number;
}

/** Keeps them open until the signal aborts. */
export async function runGateways(options: GatewaysOptions, signal: AbortSignal): Promise<void> {
  const { network, port } = options;
  const close = network.addGateway(API_ENDPOINT, port, 'TCP', async (from, ip, to) =>
    connectionOf(await realNetwork.dial(from, '127.0.0.1', to, 'TCP'), {
      remoteAddress: ip,
      localAddress: from,
      port: to,
    }),
  );
  await runClusterDns({ ...options, ip: DNS_ENDPOINT, domain: DOMAIN }, signal);
  close();
}
