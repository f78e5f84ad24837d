/** The kube-proxy of a node in this process: its rules go into the node's own model of netfilter. */

import type { Clock, Logger, Random } from '#apimachinery';
import type { Client } from '#client';
import { newIptablesRules, newProxy } from '#kube-proxy';
import { NodeNetfilter } from '../network/node-netfilter.ts';

/** What it is made from. */
export interface NodeProxyOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** As `system:kube-proxy`. Absent: who runs it says. */
  readonly client?: Client;
  readonly nodeName: string;
  readonly nodeIp: string;
  readonly clusterCidr: string;
  /** At most so often rules are written; absent: as often as something changes. */
  readonly minSyncMs?: number;
}

/** So often is looked whether rules still stand, and a failed sync is tried again. */
const SYNC_MS = 30_000;
const MASQUERADE_BIT = 14;

/** Keeps a node's rules. */
export class NodeProxy {
  readonly rules: NodeNetfilter;
  readonly #options: NodeProxyOptions;

  constructor(options: NodeProxyOptions) {
    this.#options = options;
    this.rules = new NodeNetfilter(options);
  }

  /**
   * Writes rules until the signal aborts; they stay as they are then. May be run again.
   *
   * @param client - absent: that of the options
   */
  run(signal: AbortSignal, client = this.#options.client): Promise<void> {
    const { nodeName, nodeIp, clusterCidr, minSyncMs = 0, ...rest } = this.#options;
    if (client === undefined) throw new Error('a kube-proxy needs a client');
    const world = { ...rest, client };
    const options = {
      family: 'IPv4' as const,
      nodeName,
      nodeIP: nodeIp,
      clusterCidr,
      masqueradeAll: false,
      masqueradeBit: MASQUERADE_BIT,
      nodePortAddresses: [],
      localhostNodePorts: true,
      conntrackTcpBeLiberal: false,
    };
    const proxy = newProxy({
      ...world,
      nodeName,
      families: [{ options, applier: this.rules.applier }],
      newProxier: newIptablesRules,
      periods: { minSyncMs, syncMs: SYNC_MS },
    });
    return proxy.run(signal);
  }
}
