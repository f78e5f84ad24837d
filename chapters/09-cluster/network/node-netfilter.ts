/** A node's rules in a model of netfilter: what kube-proxy writes, and what the network asks. */

import type { Clock, Random } from '#apimachinery';
import { type Applier, type Connected, Netfilter, newModelApplier } from '#kube-proxy';
import type { Attempt, NodeRules, Routed } from './cluster-network.ts';

/** What it is made from. */
export interface NodeNetfilterOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** The node's own address. */
  readonly nodeIp: string;
}

/** The rules of IPv4 of one node. */
export class NodeNetfilter implements NodeRules {
  readonly netfilter: Netfilter;
  /** Where the node's kube-proxy writes; it knows no IPVS. */
  readonly applier: Applier;

  /** Begins as a node on which kube-proxy has never run: everything goes where it is sent. */
  constructor({ clock, random, nodeIp }: NodeNetfilterOptions) {
    this.netfilter = new Netfilter({ localAddresses: [nodeIp], clock, random });
    this.applier = newModelApplier(this.netfilter);
  }

  route(attempt: Attempt): Routed {
    const { verdict, destination, source } = this.connect(attempt);
    if (verdict !== 'accept') return { verdict };
    return { verdict, ip: destination.ip, port: destination.port, from: source.ip };
  }

  /** The same with every rule it met. */
  connect({ from, ip, port, protocol, via }: Attempt): Connected {
    return this.netfilter.connect({ from, to: `${ip}:${port}`, protocol, via });
  }
}
