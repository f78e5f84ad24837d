/**
 * The rules for what comes from outside: external IPs, load balancers, node ports.
 *
 * All of it goes to one chain of the service port, `KUBE-EXT-…`, where the traffic policy is kept.
 * `internalTrafficPolicy: Local` is here, too. The core is in `../iptables/iptables.ts`.
 */

import { NotImplemented } from '#not-implemented';
import type { ChosenEndpoints } from '../affinity/chosen-endpoints.ts';
import type { CaptureTarget } from '../iptables/service-text.ts';
import type { ProxierOptions } from '../proxier-options.ts';
import type { ServicePort } from '../services/service-port.ts';

/** What becomes of traffic that no endpoint may have. */
export type Refusal = Pick<CaptureTarget, 'jump' | 'comment'>;

/**
 * Says where traffic to a cluster IP goes with `internalTrafficPolicy: Local`.
 *
 * @remarks
 * | endpoints | table | jump | comment |
 * |---|---|---|---|
 * | some are `local` | `nat` | the service port's {@link localPolicyChain} | `default/web:http cluster IP` |
 * | none is, but `hasAny` | `filter` | `DROP` | `default/web:http has no local endpoints` |
 * | not `hasAny` | `filter` | `REJECT` | `default/web:http has no endpoints` |
 *
 * @exercise kube-proxy/external
 */
export function localClusterIpTarget(port: ServicePort, endpoints: ChosenEndpoints): CaptureTarget {
  throw new NotImplemented('kube-proxy/external', 'localClusterIpTarget');
}

/**
 * Says what becomes of traffic from outside that has no endpoint.
 *
 * @remarks
 * | endpoints | jump | comment |
 * |---|---|---|
 * | not `hasAny` | `REJECT` | `default/web:http has no endpoints` |
 * | `externalPolicyLocal`, and none is `local` | `DROP` | `default/web:http has no local endpoints` |
 *
 * Dropped, not rejected: a load balancer may be late to learn that this node has none, and another
 * packet of the client may reach another node.
 *
 * @returns `undefined` where there are endpoints for it
 * @exercise kube-proxy/external
 */
export function externalRefusal(
  port: ServicePort,
  endpoints: ChosenEndpoints,
): Refusal | undefined {
  throw new NotImplemented('kube-proxy/external', 'externalRefusal');
}

/**
 * The rules of table `nat` that capture traffic from outside.
 *
 * @remarks
 * None unless `hasAny`. Else, in this order:
 *
 * 1. For each external IP, to {@link externalChain}.
 * 2. For each load balancer VIP, to {@link firewallChain} where {@link usesFirewallChain}, else to
 *    {@link externalChain}.
 * 3. For the node port, if it is not 0, in chain `KUBE-NODEPORTS` and to {@link externalChain}. It
 *    names no address, for the jump to that chain has asked already. Source ranges are not for node
 *    ports. The comment is {@link nameComment}.
 *
 * ```text
 * -A KUBE-SERVICES -m comment --comment "default/web:http external IP" -m tcp -p tcp -d 203.0.113.7 --dport 80 -j KUBE-EXT-X
 * -A KUBE-SERVICES -m comment --comment "default/web:http loadbalancer IP" -m tcp -p tcp -d 198.51.100.1 --dport 80 -j KUBE-FW-X
 * -A KUBE-NODEPORTS -m comment --comment default/web:http -m tcp -p tcp --dport 30080 -j KUBE-EXT-X
 * ```
 *
 * @exercise kube-proxy/external
 */
export function externalDispatchRules(port: ServicePort, endpoints: ChosenEndpoints): string[] {
  throw new NotImplemented('kube-proxy/external', 'externalDispatchRules');
}

/**
 * The rules of table `filter` for traffic from outside.
 *
 * @remarks
 * In this order:
 *
 * 1. For each external IP, where there is an {@link externalRefusal}: that, in chain
 *    `KUBE-EXTERNAL-SERVICES`.
 * 2. For each load balancer VIP, where {@link usesFirewallChain}: a `DROP` in chain
 *    `KUBE-PROXY-FIREWALL`. What the firewall chain let through has another destination by now.
 * 3. For each load balancer VIP the refusal, as for external IPs.
 * 4. For the node port, if it is not 0, the refusal. It is for this node's addresses of any kind.
 * 5. For the health-check node port, if it is not 0, an `ACCEPT` in chain `KUBE-NODEPORTS`, with or
 *    without endpoints. It is always TCP.
 *
 * ```text
 * -A KUBE-EXTERNAL-SERVICES -m comment --comment "default/web:http has no local endpoints" -m tcp -p tcp -d 203.0.113.7 --dport 80 -j DROP
 * -A KUBE-PROXY-FIREWALL -m comment --comment "default/web:http traffic not accepted by KUBE-FW-X" -m tcp -p tcp -d 198.51.100.1 --dport 80 -j DROP
 * -A KUBE-EXTERNAL-SERVICES -m comment --comment "default/web:http has no local endpoints" -m tcp -p tcp -d 198.51.100.1 --dport 80 -j DROP
 * -A KUBE-EXTERNAL-SERVICES -m comment --comment "default/web:http has no local endpoints" -m addrtype --dst-type LOCAL -m tcp -p tcp --dport 30080 -j DROP
 * -A KUBE-NODEPORTS -m comment --comment "default/web:http health check node port" -m tcp -p tcp --dport 32000 -j ACCEPT
 * ```
 *
 * @exercise kube-proxy/external
 */
export function externalFilterRules(port: ServicePort, endpoints: ChosenEndpoints): string[] {
  throw new NotImplemented('kube-proxy/external', 'externalFilterRules');
}

/**
 * The rules in a service port's chain `KUBE-EXT-…`: what the external traffic policy means.
 *
 * @remarks
 * With policy `Cluster` the packet may go on to another node, so the answer must come back through
 * this one: all is masqueraded.
 *
 * ```text
 * -A KUBE-EXT-X -m comment --comment "masquerade traffic for default/web:http external destinations" -j KUBE-MARK-MASQ
 * -A KUBE-EXT-X -j KUBE-SVC-X
 * ```
 *
 * With policy `Local` the client's address is kept, and only endpoints of this node are used. But
 * who is inside asked for a Service, not for a node: pods (known by `clusterCidr`; without it the
 * first rule is left out) and the node itself use endpoints of all nodes. What the node sends has
 * one of its own addresses as source, which another node could not answer.
 *
 * ```text
 * -A KUBE-EXT-X -m comment --comment "pod traffic for default/web:http external destinations" -s 10.244.0.0/16 -j KUBE-SVC-X
 * -A KUBE-EXT-X -m comment --comment "masquerade LOCAL traffic for default/web:http external destinations" -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ
 * -A KUBE-EXT-X -m comment --comment "route LOCAL traffic for default/web:http external destinations" -m addrtype --src-type LOCAL -j KUBE-SVC-X
 * -A KUBE-EXT-X -j KUBE-SVL-X
 * ```
 *
 * The last rule is left out where there is an {@link externalRefusal}: what falls through keeps its
 * destination, and table `filter` drops it.
 *
 * @param port - one with {@link usesExternalChain}
 * @exercise kube-proxy/external
 */
export function externalChainRules(
  port: ServicePort,
  endpoints: ChosenEndpoints,
  { clusterCidr }: ProxierOptions,
): string[] {
  throw new NotImplemented('kube-proxy/external', 'externalChainRules');
}

/**
 * The rules in a service port's chain `KUBE-FW-…`: who may use the load balancer's addresses.
 *
 * @remarks
 * 1. For each source range, on to {@link externalChain}.
 * 2. Where one of the ranges contains `nodeIP`, the same for each VIP as source: a VIP is often an
 *    address of the node itself, and what the node sends to it comes from it.
 * 3. A rule without target that says why nothing more is here.
 *
 * ```text
 * -A KUBE-FW-X -m comment --comment "default/web:http loadbalancer IP" -s 203.0.113.0/24 -j KUBE-EXT-X
 * -A KUBE-FW-X -m comment --comment "default/web:http loadbalancer IP" -s 198.51.100.1 -j KUBE-EXT-X
 * -A KUBE-FW-X -m comment --comment "other traffic to default/web:http will be dropped by KUBE-PROXY-FIREWALL"
 * ```
 *
 * @param port - one with {@link usesFirewallChain}
 * @exercise kube-proxy/external
 */
export function firewallChainRules(port: ServicePort, { nodeIP }: ProxierOptions): string[] {
  throw new NotImplemented('kube-proxy/external', 'firewallChainRules');
}

/**
 * The last rules of chain `KUBE-SERVICES` with `nodePortAddresses`: which of this node's addresses
 * answer node ports.
 *
 * @remarks
 * Only CIDRs of the options' family count.
 *
 * 1. There is none, or one of them has prefix length 0: `undefined`. All addresses answer, and the
 *    given rule for that is written.
 * 2. Else one rule for each of the node's addresses that is in one of them, in the order of
 *    `localAddresses` (only `nodeIP` where these are not said), no address twice.
 * 3. A loopback address (IPv4: 127.0.0.0/8; IPv6: `::1`) has a rule only with IPv4 and
 *    `localhostNodePorts`.
 *
 * ```text
 * -A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -d 192.168.1.5 -j KUBE-NODEPORTS
 * ```
 *
 * @exercise kube-proxy/external
 */
export function nodePortAddressRules(options: ProxierOptions): string[] | undefined {
  throw new NotImplemented('kube-proxy/external', 'nodePortAddressRules');
}
