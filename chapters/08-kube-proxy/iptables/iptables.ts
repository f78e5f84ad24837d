/**
 * The rules for a cluster IP: who captures it, who chooses an endpoint, who rewrites the packet.
 *
 * A cluster IP is on no interface of any machine. It exists only as a destination in these rules.
 * Each function writes lines for `iptables-restore`; `service-rules.ts` puts them in order.
 */

import { NotImplemented } from '#not-implemented';
import type { ChosenEndpoints } from '../affinity/chosen-endpoints.ts';
import type { ProxierOptions } from '../proxier-options.ts';
import type { ServicePort } from '../services/service-port.ts';
import type { EndpointInfo } from './chain-names.ts';
import type { CaptureTarget, RuleContext } from './service-text.ts';

/**
 * The fixed rules of table `nat`: packets that were marked leave with this node's own address.
 *
 * @remarks
 * Only `KUBE-POSTROUTING` can change a source address, and by then the reason is forgotten: rules
 * before it set a bit of the packet's mark. The bit is taken away so that a packet that passes once
 * more (an encapsulated one does) is not masqueraded twice.
 *
 * ```text
 * -A KUBE-POSTROUTING -m mark ! --mark 0x00004000/0x00004000 -j RETURN
 * -A KUBE-POSTROUTING -j MARK --xor-mark 0x00004000
 * -A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
 * -A KUBE-MARK-MASQ -j MARK --or-mark 0x00004000
 * ```
 *
 * The mark is {@link masqueradeMark} of the options.
 *
 * @exercise kube-proxy/iptables
 */
export function masqueradeRules(options: ProxierOptions): string[] {
  throw new NotImplemented('kube-proxy/iptables', 'masqueradeRules');
}

/**
 * The rule of table `filter` that guards addresses 127.0.0.0/8 against neighbours.
 *
 * @remarks
 * For node ports on `127.0.0.1` the kernel must route such addresses between interfaces. Then
 * a machine in the same network could reach what listens on this node's loopback:
 *
 * ```text
 * -A KUBE-FIREWALL -m comment --comment "block incoming localnet connections" -d 127.0.0.0/8 ! -s 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
 * ```
 *
 * @returns one rule with IPv4 and `localhostNodePorts`, else none
 * @exercise kube-proxy/iptables
 */
export function localnetRules({ family, localhostNodePorts }: ProxierOptions): string[] {
  throw new NotImplemented('kube-proxy/iptables', 'localnetRules');
}

/**
 * The fixed rules of chain `KUBE-FORWARD` in table `filter`: services work also where a node
 * forwards nothing by default.
 *
 * @remarks
 * A packet that connection tracking cannot place would keep its old addresses and make the other
 * side reset the connection. It is dropped, unless `conntrackTcpBeLiberal`. What is marked for
 * masquerade is let through, and so is all that belongs to a connection that was let through.
 *
 * ```text
 * -A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
 * -A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x00004000/0x00004000 -j ACCEPT
 * -A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
 * ```
 *
 * @returns three rules; two with `conntrackTcpBeLiberal`
 * @exercise kube-proxy/iptables
 */
export function forwardRules(options: ProxierOptions): string[] {
  throw new NotImplemented('kube-proxy/iptables', 'forwardRules');
}

/**
 * Says where traffic to a cluster IP goes with `internalTrafficPolicy: Cluster`.
 *
 * @remarks
 * | {@link ChosenEndpoints.hasAny} | table | jump | comment |
 * |---|---|---|---|
 * | yes | `nat` | the service port's {@link clusterPolicyChain} | `default/web:http cluster IP` |
 * | no | `filter` | `REJECT` | `default/web:http has no endpoints` |
 *
 * Comments begin with the service port's `name`. A client is refused at once: without the rule its
 * packets would leave by the default route and be answered by nobody.
 *
 * @exercise kube-proxy/iptables
 */
export function clusterIpTarget(port: ServicePort, endpoints: ChosenEndpoints): CaptureTarget {
  throw new NotImplemented('kube-proxy/iptables', 'clusterIpTarget');
}

/**
 * The rule of chain `KUBE-SERVICES` that captures a cluster IP, for either table.
 *
 * @remarks
 * ```text
 * -A KUBE-SERVICES -m comment --comment "default/web:http cluster IP" -m tcp -p tcp -d 10.96.0.10 --dport 80 -j KUBE-SVC-X
 * -A KUBE-SERVICES -m comment --comment "default/web:http has no endpoints" -m tcp -p tcp -d 10.96.0.10 --dport 80 -j REJECT
 * ```
 *
 * @exercise kube-proxy/iptables
 */
export function clusterIpRule(port: ServicePort, target: CaptureTarget): string {
  throw new NotImplemented('kube-proxy/iptables', 'clusterIpRule');
}

/**
 * The rule that marks traffic to a cluster IP for masquerade.
 *
 * @remarks
 * A pod's answer to a pod comes back through this node and is translated back. One to a machine
 * outside may take another way, and would arrive there with the address of a pod nobody asked. So
 * what does not come from a pod gets this node's address:
 *
 * ```text
 * -A KUBE-SVC-X -m comment --comment "default/web:http cluster IP" -m tcp -p tcp -d 10.96.0.10 --dport 80 ! -s 10.244.0.0/16 -j KUBE-MARK-MASQ
 * ```
 *
 * @param chain - where the cluster IP's traffic goes; the rule is the first there
 * @returns with `masqueradeAll` the rule without `! -s …`; else, with `clusterCidr`, the rule above;
 * else none: who is a pod is not known
 * @exercise kube-proxy/iptables
 */
export function clusterIpMasqueradeRules(
  port: ServicePort,
  chain: string,
  { masqueradeAll, clusterCidr }: ProxierOptions,
): string[] {
  throw new NotImplemented('kube-proxy/iptables', 'clusterIpMasqueradeRules');
}

/**
 * The rules that spread traffic over endpoints, each with the same chance.
 *
 * @remarks
 * Rules are tried in order, and each is met only by what those before let pass. Of three endpoints
 * the first takes 1/3, the second 1/2 of the 2/3 that are left, the last all that still comes:
 *
 * ```text
 * -A KUBE-SVC-X -m comment --comment "default/web:http -> 10.244.1.2:8080" -m statistic --mode random --probability 0.3333333333 -j KUBE-SEP-A
 * -A KUBE-SVC-X -m comment --comment "default/web:http -> 10.244.1.3:8080" -m statistic --mode random --probability 0.5000000000 -j KUBE-SEP-B
 * -A KUBE-SVC-X -m comment --comment "default/web:http -> 10.244.1.4:8080" -j KUBE-SEP-C
 * ```
 *
 * A probability has ten digits after the point. Without `context.comments` the comments are left out.
 *
 * @param chain - the chain the rules are in
 * @param endpoints - in the order of the rules
 * @exercise kube-proxy/iptables
 */
export function balancingRules(
  port: ServicePort,
  chain: string,
  endpoints: readonly EndpointInfo[],
  context: RuleContext,
): string[] {
  throw new NotImplemented('kube-proxy/iptables', 'balancingRules');
}

/**
 * The rules in an endpoint's own chain: hairpin, then the new destination.
 *
 * @remarks
 * ```text
 * -A KUBE-SEP-A -m comment --comment default/web:http -s 10.244.1.2 -j KUBE-MARK-MASQ
 * -A KUBE-SEP-A -m comment --comment default/web:http -m tcp -p tcp -j DNAT --to-destination 10.244.1.2:8080
 * ```
 *
 * The first is for a pod that meets itself behind its Service. With its own address as source it
 * would answer itself directly, from another address than the one it asked.
 *
 * The comment is {@link nameComment}, left out without `context.comments`. An IPv6 destination is
 * `[fd00::2]:8080`.
 *
 * @param remember - a further match of the second rule, after its comment; often empty. It comes
 * from exercise affinity
 * @exercise kube-proxy/iptables
 */
export function endpointRules(
  port: ServicePort,
  { ip, address, chain }: EndpointInfo,
  context: RuleContext,
  remember = '',
): string[] {
  throw new NotImplemented('kube-proxy/iptables', 'endpointRules');
}
