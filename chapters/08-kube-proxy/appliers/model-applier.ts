/** Applies rules to a model of netfilter, and of IPVS, in this process. Given. */

import type { UdpFlow } from '../conntrack/stale-flows.ts';
import type { IpvsTable } from '../ipvs/ipvs-table.ts';
import type { Connection } from '../netfilter/connection.ts';
import type { Netfilter } from '../netfilter/netfilter.ts';
import type { Applier } from './applier.ts';
import { IPTABLES_JUMPS, IPVS_JUMPS, jumpsText } from './jumps.ts';

/**
 * Applies rules of one family to a model of one node.
 *
 * @param ipvs - where virtual servers go; without it, text for `ipvsadm` is refused
 */
export function newModelApplier(netfilter: Netfilter, ipvs?: IpvsTable): Applier {
  let hasJumps = false;
  return {
    apply: async (rules) => {
      if (rules.ipvs !== undefined && !ipvs) throw new Error('this node has no IPVS');
      if (rules.ipset !== undefined) netfilter.restoreSets(rules.ipset);
      if (!hasJumps) {
        const jumps = rules.ipvs === undefined ? IPTABLES_JUMPS : IPVS_JUMPS;
        netfilter.restore(jumpsText(jumps), { noflush: true });
        hasJumps = true;
      }
      netfilter.restore(rules.iptables, { noflush: true });
      if (rules.ipvs !== undefined) ipvs?.restore(rules.ipvs);
    },
    natChains: async () => natChainsOf(netfilter.save()),
    conntrack: {
      listUdp: async () => {
        const flows: UdpFlow[] = [];
        netfilter.flushConntrack((connection) => {
          if (connection.original.protocol === 'udp') flows.push(flowOf(connection));
          return false;
        });
        return flows;
      },
      forget: async (flows) => {
        const keys = new Set(flows.map(keyOf));
        netfilter.flushConntrack(
          (connection) =>
            connection.original.protocol === 'udp' && keys.has(keyOf(flowOf(connection))),
        );
      },
    },
    ...(ipvs && { virtualServers: async () => ipvs.virtualServers }),
  };
}

function natChainsOf(saved: string): string[] {
  const [, nat = ''] = /^\*nat\n([\s\S]*?)^COMMIT$/m.exec(saved) ?? [];
  return [...nat.matchAll(/^:(\S+)/gm)].map(([, chain = '']) => chain);
}

function flowOf({ original, reply }: Connection): UdpFlow {
  const { destination: ip, destinationPort: port } = original;
  return { originalDestination: { ip, port }, replySource: reply.source };
}

function keyOf({ originalDestination: { ip, port }, replySource }: UdpFlow): string {
  return `${ip} ${port} ${replySource}`;
}
