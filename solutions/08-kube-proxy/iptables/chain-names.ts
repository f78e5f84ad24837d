/**
 * Names of chains. Given: a fixed detail that two proxies of different versions must agree on.
 *
 * A chain's name has at most 28 characters, so the names of services and endpoints are hashed.
 *
 * @see kubernetes 1.33 pkg/proxy/iptables/proxier.go portProtoHash
 */

import { sha256 } from '#apimachinery';
import { type Endpoint, endpointAddress } from '../services/endpoint.ts';
import type { ServicePort } from '../services/service-port.ts';

export const SERVICES_CHAIN = 'KUBE-SERVICES';
export const EXTERNAL_SERVICES_CHAIN = 'KUBE-EXTERNAL-SERVICES';
export const NODE_PORTS_CHAIN = 'KUBE-NODEPORTS';
export const POSTROUTING_CHAIN = 'KUBE-POSTROUTING';
export const MARK_MASQ_CHAIN = 'KUBE-MARK-MASQ';
export const FORWARD_CHAIN = 'KUBE-FORWARD';
export const PROXY_FIREWALL_CHAIN = 'KUBE-PROXY-FIREWALL';
/** Shared with the kubelet. */
export const FIREWALL_CHAIN = 'KUBE-FIREWALL';

const OWN_PREFIXES = ['KUBE-SVC-', 'KUBE-SVL-', 'KUBE-SEP-', 'KUBE-FW-', 'KUBE-EXT-'];

/** `KUBE-SVC-…`: spreads over the endpoints of all nodes. */
export function clusterPolicyChain(port: ServicePort): string {
  return `KUBE-SVC-${hashOfPort(port)}`;
}

/** `KUBE-SVL-…`: spreads over the endpoints of this node. */
export function localPolicyChain(port: ServicePort): string {
  return `KUBE-SVL-${hashOfPort(port)}`;
}

/** `KUBE-EXT-…`: where all goes that comes to an address from outside. */
export function externalChain(port: ServicePort): string {
  return `KUBE-EXT-${hashOfPort(port)}`;
}

/** `KUBE-FW-…`: lets through to `KUBE-EXT-…` who may use the load balancer. */
export function firewallChain(port: ServicePort): string {
  return `KUBE-FW-${hashOfPort(port)}`;
}

/** An endpoint of a service port with the name of its chain, `KUBE-SEP-…`, which leads to it. */
export interface EndpointInfo {
  readonly ip: string;
  /** `10.244.1.2:8080`, `[fd00::2]:8080` */
  readonly address: string;
  readonly chain: string;
}

/** Names an endpoint's chain. Many rules have the name, and the hash is the dearest part of a rule. */
export function endpointInfo(port: ServicePort, endpoint: Endpoint): EndpointInfo {
  const address = endpointAddress(endpoint);
  return { ip: endpoint.ip, address, chain: `KUBE-SEP-${hashOf(hashedWords(port) + address)}` };
}

/** Whether a chain belongs to one service port, and so may be deleted when none needs it. */
export function isServiceChain(chain: string): boolean {
  return OWN_PREFIXES.some((prefix) => chain.startsWith(prefix));
}

function hashOfPort(port: ServicePort): string {
  return hashOf(hashedWords(port));
}

function hashedWords({ name, protocol }: ServicePort): string {
  return name + protocol.toLowerCase();
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** The first 16 characters of the hash in base 32: 80 bits, five a character. */
function hashOf(text: string): string {
  const bytes = sha256(text);
  let characters = '';
  for (let bit = 0; bit < 80; bit += 5) {
    const at = bit >> 3;
    const pair = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    characters += BASE32[(pair >> (11 - (bit & 7))) & 31];
  }
  return characters;
}
