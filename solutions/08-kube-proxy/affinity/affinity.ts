/**
 * Which endpoints a client gets: those that are fit, those that are near, and the one it had before.
 *
 * The choice is per node. Rules that spread over the chosen ones are in `../iptables/iptables.ts`.
 */

import type { EndpointInfo } from '../iptables/chain-names.ts';
import { comment, rule } from '../iptables/rule-text.ts';
import type { RuleContext } from '../iptables/service-text.ts';
import type { Endpoint } from '../services/endpoint.ts';
import {
  type ServicePort,
  usesClusterEndpoints,
  usesLocalEndpoints,
} from '../services/service-port.ts';
import type { ChosenEndpoints, EndpointsNode } from './chosen-endpoints.ts';

/** How endpoints are preferred: those hinted for this node, for its zone, or none before others. */
export type TopologyMode = 'PreferSameNode' | 'PreferSameZone' | 'Any';

/**
 * Says which hints of a service port's endpoints count on this node.
 *
 * @remarks
 * Hints are wishes of who made the slices, and only ready endpoints are asked. All or nothing: as
 * soon as one of them lacks a hint, a part of the cluster might never get traffic, so hints of that
 * kind are ignored. They are also ignored where no endpoint is meant for this node: a far one is
 * better than none.
 *
 * 1. No endpoint is ready: `Any`.
 * 2. Every ready endpoint has node hints, and one of them names this node: `PreferSameNode`.
 * 3. Every ready endpoint has zone hints, and one of them names this node's zone: `PreferSameZone`.
 *    A node without zone is in none.
 * 4. Otherwise: `Any`.
 *
 * ```text
 * node-a in zone-a; all ready
 * .2 zone-a   .3 zone-b              → PreferSameZone
 * .2 zone-a   .3 (no hint)           → Any
 * .2 zone-b   .3 zone-b              → Any
 * .2 zone-a   .3 zone-b, node-a      → PreferSameZone: .2 has no node hint
 * ```
 *
 * @see kubernetes 1.33 pkg/proxy/topology.go topologyModeFromHints
 * @exercise kube-proxy/affinity
 */
export function topologyMode(
  endpoints: readonly Endpoint[],
  { nodeName, zone = '' }: EndpointsNode,
): TopologyMode {
  const ready = endpoints.filter((endpoint) => endpoint.ready);
  if (areHinted(ready, (endpoint) => endpoint.nodeHints, nodeName)) return 'PreferSameNode';
  if (zone !== '' && areHinted(ready, (endpoint) => endpoint.zoneHints, zone)) {
    return 'PreferSameZone';
  }
  return 'Any';
}

function areHinted(
  endpoints: readonly Endpoint[],
  hintsOf: (endpoint: Endpoint) => readonly string[],
  wanted: string,
): boolean {
  const hints = endpoints.map(hintsOf);
  return hints.every(({ length }) => length > 0) && hints.some((each) => each.includes(wanted));
}

/**
 * Chooses the endpoints that traffic to a service port may reach from this node.
 *
 * @remarks
 * There are two lists, each made only where {@link usesClusterEndpoints} or
 * {@link usesLocalEndpoints} says that some traffic goes by it; else it is empty.
 *
 * 1. `cluster`: the ready ones that {@link topologyMode} lets through. If there is none, those that
 *    serve while they terminate, of all nodes and whatever their hints.
 * 2. `local`: of those on this node, the ready ones; if there is none, those that serve while they
 *    terminate. Hints do not matter here.
 * 3. `reachable`: every endpoint that is in one of the lists, once, in the order given.
 * 4. `hasAny`: some endpoint of any node is ready, or serves while it terminates. It does not matter
 *    whether it may be reached from here.
 *
 * The lists fall back independently of each other:
 *
 * ```text
 *                           cluster   local    (node-a, external policy Local)
 * .2 node-a  ready          .2 .4     .2
 * .3 node-a  terminating
 * .4 node-b  ready
 *
 * .3 node-a  terminating    .4        .3       cluster has a ready one and needs no fallback
 * .4 node-b  ready
 *
 * .5 node-b  terminating    .5        (none)   hasAny: a Service that drains is not refused
 *
 * .6 node-b  not ready      (none)    (none)   hasAny is false
 * ```
 *
 * `terminating` above is one that serves. One that does not serve never counts.
 *
 * @param port - decides which lists are needed
 * @param endpoints - all of the service port; the order of all lists made of them
 * @param node - the name and the zone of this node
 * @see kubernetes 1.33 pkg/proxy/topology.go CategorizeEndpoints
 * @exercise kube-proxy/affinity
 */
export function categorizeEndpoints(
  port: ServicePort,
  endpoints: readonly Endpoint[],
  node: EndpointsNode,
): ChosenEndpoints {
  const cluster = usesClusterEndpoints(port) ? clusterEndpoints(endpoints, node) : [];
  const local = usesLocalEndpoints(port)
    ? readyOrLeaving(endpoints.filter(({ isLocal }) => isLocal))
    : [];
  const chosen = new Set([...cluster, ...local]);
  return {
    cluster,
    local,
    reachable: endpoints.filter((endpoint) => chosen.has(endpoint)),
    hasAny: endpoints.some((endpoint) => endpoint.ready || isLeaving(endpoint)),
  };
}

function clusterEndpoints(
  endpoints: readonly Endpoint[],
  node: EndpointsNode,
): readonly Endpoint[] {
  const mode = topologyMode(endpoints, node);
  return readyOrLeaving(endpoints, (endpoint) => {
    if (mode === 'PreferSameNode') return endpoint.nodeHints.includes(node.nodeName);
    if (mode === 'PreferSameZone') return endpoint.zoneHints.includes(node.zone ?? '');
    return true;
  });
}

function readyOrLeaving(
  endpoints: readonly Endpoint[],
  isNear: (endpoint: Endpoint) => boolean = () => true,
): readonly Endpoint[] {
  const ready = endpoints.filter((endpoint) => endpoint.ready && isNear(endpoint));
  return ready.length > 0 ? ready : endpoints.filter(isLeaving);
}

/** Its pod is being deleted, and answers still. */
function isLeaving({ serving, terminating }: Endpoint): boolean {
  return serving && terminating;
}

/**
 * The rules that send a client back to the endpoint it had before.
 *
 * @remarks
 * The kernel's `recent` module keeps lists of source addresses with the time each was last seen.
 * Every endpoint's chain has a list of its own, named as the chain. One rule for each endpoint, in
 * their order, before those that spread:
 *
 * ```text
 * -A KUBE-SVC-X -m comment --comment "default/web:http -> 10.244.1.2:8080" -m recent --name KUBE-SEP-A --rcheck --seconds 10800 --reap -j KUBE-SEP-A
 * ```
 *
 * `--rcheck` only looks; `--seconds` says how long ago is too long ago, and `--reap` removes what is
 * older. Without `context.comments` the comment is left out.
 *
 * @param port - a service port with `sessionAffinity: ClientIP`
 * @param chain - the chain the rules are in: `KUBE-SVC-…` or `KUBE-SVL-…`
 * @param endpoints - those that this chain spreads over
 * @see kubernetes 1.33 pkg/proxy/iptables/proxier.go writeServiceToEndpointRules
 * @exercise kube-proxy/affinity
 */
export function affinityRules(
  port: ServicePort,
  chain: string,
  endpoints: readonly EndpointInfo[],
  context: RuleContext,
): string[] {
  return endpoints.map((endpoint) =>
    rule(
      chain,
      context.comments ? comment(`${port.name} -> ${endpoint.address}`) : '',
      `-m recent --name ${endpoint.chain} --rcheck --seconds ${port.stickyMaxAgeSeconds} --reap`,
      `-j ${endpoint.chain}`,
    ),
  );
}

/**
 * The match that notes in an endpoint's list that a client was sent there now.
 *
 * @remarks `-m recent --name KUBE-SEP-A --set`. It always matches. It stands in the rule that
 * rewrites the destination, so that every new connection renews the time, whichever rule led there.
 *
 * @param chain - the endpoint's chain
 * @exercise kube-proxy/affinity
 */
export function rememberClientMatch(chain: string): string {
  return `-m recent --name ${chain} --set`;
}
