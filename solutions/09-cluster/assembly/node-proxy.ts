/** The kube-proxy of a node in this process: its rules go into a model of netfilter. */

import type { Clock, Logger, Random } from '#apimachinery';
import type { Client } from '#client';
import { type Applier, newIptablesRules, newProxy, type PortOpener } from '#kube-proxy';
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
  /** Opens the ports of health checks; absent: they are not served. */
  readonly portOpener?: PortOpener;
}

/** The same with a client. */
export interface RunOptions extends NodeProxyOptions {
  readonly client: Client;
  /** Absent: {@link SYNC_MS}. */
  readonly syncMs?: number;
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
    if (client === undefined) throw new Error('a kube-proxy needs a client');
    return runNodeProxy({ ...this.#options, client }, this.rules.applier, signal);
  }
}

/** Writes a node's rules of IPv4 until the signal aborts. */
export function runNodeProxy(
  { nodeName, nodeIp, clusterCidr, minSyncMs = 0, syncMs = SYNC_MS, ...world }: RunOptions,
  applier: Applier,
  signal: AbortSignal,
): Promise<void> {
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
    families: [{ options, applier }],
    newProxier: newIptablesRules,
    periods: { minSyncMs, syncMs },
  });
  return proxy.run(signal);
}
