import type { Clock, Logger, Random } from '#apimachinery';
import type { Client } from '#client';
import type { Attempt, NodeRules, Routed } from '../network/cluster-network.ts';

export interface NodeProxyOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly client: Client;
  readonly nodeName: string;
  readonly nodeIp: string;
  readonly clusterCidr: string;
}

export class NodeProxy implements NodeRules {
  readonly options: NodeProxyOptions;
  constructor(options: NodeProxyOptions) {
    this.options = options;
  }
  route({ ip, port, from }: Attempt): Routed {
    return { verdict: 'accept', ip, port, from };
  }
  async run(signal: AbortSignal): Promise<void> {
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
  }
}
