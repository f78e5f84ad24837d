/**
 * All rules of one service port, in the order kube-proxy writes them. Given.
 *
 * It calls the exercises: always the core's, and those of the extras where a service port needs them.
 */

import { affinityRules, rememberClientMatch } from '../affinity/affinity.ts';
import { chooseEndpoints } from '../affinity/choose-endpoints.ts';
import type { ChosenEndpoints } from '../affinity/chosen-endpoints.ts';
import {
  externalChainRules,
  externalDispatchRules,
  externalFilterRules,
  firewallChainRules,
  localClusterIpTarget,
} from '../external/external.ts';
import { usesExternalChain, usesFirewallChain } from '../external/external-chains.ts';
import type { Endpoint } from '../services/endpoint.ts';
import { isExternallyAccessible, type ServicePort } from '../services/service-port.ts';
import {
  clusterPolicyChain,
  type EndpointInfo,
  endpointInfo,
  externalChain,
  firewallChain,
  localPolicyChain,
} from './chain-names.ts';
import {
  balancingRules,
  clusterIpMasqueradeRules,
  clusterIpRule,
  clusterIpTarget,
  endpointRules,
} from './iptables.ts';
import type { RuleContext, ServiceRules } from './service-text.ts';

/**
 * Writes the rules of a service port.
 *
 * @param endpoints - all of the service port; those that count here are chosen among them
 */
export function serviceRules(
  port: ServicePort,
  endpoints: readonly Endpoint[],
  context: RuleContext,
): ServiceRules {
  const chosen = chooseEndpoints(port, endpoints, context.options);
  const infos = new Map(chosen.reachable.map((each) => [each, endpointInfo(port, each)]));
  const infosOf = (some: readonly Endpoint[]) => some.flatMap((each) => infos.get(each) ?? []);
  const own = [
    externalChains(port, chosen, context),
    policyChain(port, clusterPolicyChain(port), infosOf(chosen.cluster), context),
    policyChain(port, localPolicyChain(port), infosOf(chosen.local), context),
    endpointChains(port, [...infos.values()], context),
  ];
  const internal = port.internalPolicyLocal ? localClusterIpTarget : clusterIpTarget;
  const target = internal(port, chosen);
  const captured = target.table === 'nat';
  const capture = clusterIpRule(port, target);
  const external = isExternallyAccessible(port);
  return {
    filter: [
      ...(captured ? [] : [capture]),
      ...(external || port.healthCheckNodePort !== 0 ? externalFilterRules(port, chosen) : []),
    ],
    dispatch: [
      ...(captured ? [capture] : []),
      ...(external ? externalDispatchRules(port, chosen) : []),
    ],
    chains: own.flatMap(({ chains }) => chains),
    rules: [
      ...(captured ? clusterIpMasqueradeRules(port, target.jump, context.options) : []),
      ...own.flatMap(({ rules }) => rules),
    ],
  };
}

type OwnChains = Pick<ServiceRules, 'chains' | 'rules'>;

function externalChains(
  port: ServicePort,
  chosen: ChosenEndpoints,
  { options }: RuleContext,
): OwnChains {
  const external = usesExternalChain(port, chosen);
  const firewall = usesFirewallChain(port, chosen);
  return {
    chains: [
      ...(external ? [externalChain(port)] : []),
      ...(firewall ? [firewallChain(port)] : []),
    ],
    rules: [
      ...(external ? externalChainRules(port, chosen, options) : []),
      ...(firewall ? firewallChainRules(port, options) : []),
    ],
  };
}

function policyChain(
  port: ServicePort,
  chain: string,
  endpoints: readonly EndpointInfo[],
  context: RuleContext,
): OwnChains {
  if (endpoints.length === 0) return { chains: [], rules: [] };
  const sticky = port.sessionAffinity === 'ClientIP';
  return {
    chains: [chain],
    rules: [
      ...(sticky ? affinityRules(port, chain, endpoints, context) : []),
      ...balancingRules(port, chain, endpoints, context),
    ],
  };
}

function endpointChains(
  port: ServicePort,
  endpoints: readonly EndpointInfo[],
  context: RuleContext,
): OwnChains {
  const sticky = port.sessionAffinity === 'ClientIP';
  return {
    chains: endpoints.map(({ chain }) => chain),
    rules: endpoints.flatMap((endpoint) =>
      endpointRules(port, endpoint, context, sticky ? rememberClientMatch(endpoint.chain) : ''),
    ),
  };
}
