/**
 * The rules for what comes from outside: external IPs, load balancers, node ports.
 *
 * All of it goes to one chain of the service port, `KUBE-EXT-…`, where the traffic policy is kept.
 * `internalTrafficPolicy: Local` is here, too. The core is in `../iptables/iptables.ts`.
 */

import type { ChosenEndpoints } from '../affinity/chosen-endpoints.ts';
import {
  clusterPolicyChain,
  EXTERNAL_SERVICES_CHAIN,
  externalChain,
  firewallChain,
  localPolicyChain,
  MARK_MASQ_CHAIN,
  NODE_PORTS_CHAIN,
  PROXY_FIREWALL_CHAIN,
  SERVICES_CHAIN,
} from '../iptables/chain-names.ts';
import {
  comment,
  destinationMatch,
  NODE_PORTS_COMMENT,
  nameComment,
  protocolMatch,
  rule,
} from '../iptables/rule-text.ts';
import type { CaptureTarget } from '../iptables/service-text.ts';
import type { ProxierOptions } from '../proxier-options.ts';
import { cidrContains, parseCidr } from '../services/ip-addresses.ts';
import type { ServicePort } from '../services/service-port.ts';
import { usesFirewallChain } from './external-chains.ts';

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
  const refused = refusal(port, endpoints, true);
  if (refused) return { table: 'filter', ...refused };
  return { table: 'nat', jump: localPolicyChain(port), comment: `${port.name} cluster IP` };
}

function refusal(
  { name }: ServicePort,
  { hasAny, local }: ChosenEndpoints,
  localOnly: boolean,
): Refusal | undefined {
  if (!hasAny) return { jump: 'REJECT', comment: `${name} has no endpoints` };
  if (localOnly && local.length === 0) {
    return { jump: 'DROP', comment: `${name} has no local endpoints` };
  }
  return undefined;
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
  return refusal(port, endpoints, port.externalPolicyLocal);
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
  if (!endpoints.hasAny) return [];
  const { name, nodePort } = port;
  const chain = externalChain(port);
  const balancerChain = usesFirewallChain(port, endpoints) ? firewallChain(port) : chain;
  const capture = (ip: string, what: string, target: string) =>
    rule(SERVICES_CHAIN, comment(`${name} ${what}`), destinationMatch(port, ip), `-j ${target}`);
  const atNodePort = `${protocolMatch(port)} --dport ${nodePort}`;
  return [
    ...port.externalIPs.map((ip) => capture(ip, 'external IP', chain)),
    ...port.loadBalancerVIPs.map((ip) => capture(ip, 'loadbalancer IP', balancerChain)),
    ...(nodePort === 0
      ? []
      : [rule(NODE_PORTS_CHAIN, nameComment(port), atNodePort, `-j ${chain}`)]),
  ];
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
  const { name, nodePort, healthCheckNodePort, loadBalancerVIPs } = port;
  const refused = externalRefusal(port, endpoints);
  const refuse = (matches: string): string[] =>
    refused
      ? [rule(EXTERNAL_SERVICES_CHAIN, comment(refused.comment), matches, `-j ${refused.jump}`)]
      : [];
  const rejected = comment(`${name} traffic not accepted by ${firewallChain(port)}`);
  const atNodePort = `-m addrtype --dst-type LOCAL ${protocolMatch(port)} --dport ${nodePort}`;
  const atHealthPort = `-m tcp -p tcp --dport ${healthCheckNodePort}`;
  return [
    ...port.externalIPs.flatMap((ip) => refuse(destinationMatch(port, ip))),
    ...(usesFirewallChain(port, endpoints) ? loadBalancerVIPs : []).map((ip) =>
      rule(PROXY_FIREWALL_CHAIN, rejected, destinationMatch(port, ip), '-j DROP'),
    ),
    ...loadBalancerVIPs.flatMap((ip) => refuse(destinationMatch(port, ip))),
    ...(nodePort === 0 ? [] : refuse(atNodePort)),
    ...(healthCheckNodePort === 0
      ? []
      : [
          rule(
            NODE_PORTS_CHAIN,
            comment(`${name} health check node port`),
            atHealthPort,
            '-j ACCEPT',
          ),
        ]),
  ];
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
  const chain = externalChain(port);
  const all = clusterPolicyChain(port);
  const add = (what: string, matches: string, target: string) =>
    rule(chain, comment(`${what} for ${port.name} external destinations`), matches, `-j ${target}`);
  if (!port.externalPolicyLocal) {
    return [add('masquerade traffic', '', MARK_MASQ_CHAIN), rule(chain, `-j ${all}`)];
  }
  const fromNode = '-m addrtype --src-type LOCAL';
  return [
    ...(clusterCidr === undefined ? [] : [add('pod traffic', `-s ${clusterCidr}`, all)]),
    add('masquerade LOCAL traffic', fromNode, MARK_MASQ_CHAIN),
    add('route LOCAL traffic', fromNode, all),
    ...(externalRefusal(port, endpoints) ? [] : [rule(chain, `-j ${localPolicyChain(port)}`)]),
  ];
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
  const { name, loadBalancerSourceRanges: ranges, loadBalancerVIPs: vips } = port;
  const chain = firewallChain(port);
  const node = ranges.some((range) => contains(range, nodeIP)) ? vips : [];
  return [
    ...[...ranges, ...node].map((source) =>
      rule(chain, comment(`${name} loadbalancer IP`), `-s ${source}`, `-j ${externalChain(port)}`),
    ),
    rule(chain, comment(`other traffic to ${name} will be dropped by KUBE-PROXY-FIREWALL`)),
  ];
}

function contains(range: string, ip: string): boolean {
  const cidr = parseCidr(range);
  return cidr !== undefined && cidrContains(cidr, ip);
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
  const { family, nodePortAddresses, nodeIP, localAddresses = [nodeIP] } = options;
  const cidrs = nodePortAddresses.flatMap((text) => {
    const cidr = parseCidr(text);
    return cidr?.family === family ? [cidr] : [];
  });
  if (cidrs.length === 0 || cidrs.some(({ prefix }) => prefix === 0)) return undefined;
  return [...new Set(localAddresses)]
    .filter((ip) => cidrs.some((cidr) => cidrContains(cidr, ip)))
    .filter((ip) => !isLoopback(ip) || (family === 'IPv4' && options.localhostNodePorts))
    .map((ip) =>
      rule(SERVICES_CHAIN, comment(NODE_PORTS_COMMENT), `-d ${ip}`, `-j ${NODE_PORTS_CHAIN}`),
    );
}

function isLoopback(ip: string): boolean {
  return ip === '::1' || ip.startsWith('127.');
}
