/** A node's rules in a model of netfilter: what kube-proxy writes, and what the network asks. */

import type { Clock, Random } from '#apimachinery';
import {
  type Applier,
  type Connected,
  IPTABLES_JUMPS,
  jumpsText,
  Netfilter,
  type RulesText,
} from '#kube-proxy';
import type { Attempt, NodeRules, Routed } from './cluster-network.ts';

/** What it is made from. */
export interface NodeNetfilterOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** The node's own address. */
  readonly nodeIp: string;
}

/** The rules of IPv4 of one node. */
export class NodeNetfilter implements NodeRules, Applier {
  readonly netfilter: Netfilter;

  /** Begins as a node on which kube-proxy has never run: everything goes where it is sent. */
  constructor({ clock, random, nodeIp }: NodeNetfilterOptions) {
    this.netfilter = new Netfilter({ localAddresses: [nodeIp], clock, random });
    this.netfilter.restore(jumpsText(IPTABLES_JUMPS), { noflush: true });
  }

  async apply(rules: RulesText): Promise<void> {
    this.restore(rules);
  }

  /**
   * Takes what a kube-proxy wrote.
   *
   * @throws Error when the text is refused, or is meant for IPVS
   */
  restore({ iptables, ipset = '', ipvs = '' }: RulesText): void {
    if (ipset !== '' || ipvs !== '') {
      throw new Error('this network knows no IPVS: start kube-proxy with --proxy-mode iptables');
    }
    this.netfilter.restore(iptables, { noflush: true });
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
