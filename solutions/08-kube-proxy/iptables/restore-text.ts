/** One input for `iptables-restore --noflush`: both tables, their fixed parts in place. Given. */

import { nodePortAddressRules } from '../external/external.ts';
import type { ProxierOptions } from '../proxier-options.ts';
import { cidrContains, parseCidr } from '../services/ip-addresses.ts';
import {
  EXTERNAL_SERVICES_CHAIN,
  FIREWALL_CHAIN,
  FORWARD_CHAIN,
  MARK_MASQ_CHAIN,
  NODE_PORTS_CHAIN,
  POSTROUTING_CHAIN,
  PROXY_FIREWALL_CHAIN,
  SERVICES_CHAIN,
} from './chain-names.ts';
import { forwardRules, localnetRules, masqueradeRules } from './iptables.ts';
import { comment, NODE_PORTS_COMMENT, rule } from './rule-text.ts';

const FILTER_CHAINS = [
  SERVICES_CHAIN,
  EXTERNAL_SERVICES_CHAIN,
  FORWARD_CHAIN,
  NODE_PORTS_CHAIN,
  PROXY_FIREWALL_CHAIN,
];
const NAT_CHAINS = [SERVICES_CHAIN, NODE_PORTS_CHAIN, POSTROUTING_CHAIN, MARK_MASQ_CHAIN];

/**
 * The parts of an input that are not fixed. Each is text: lines, every one with its line break.
 *
 * @remarks A chain that is declared is made if it is not there, and emptied if it is. So what is
 * declared must be written whole, and what is not declared stays as it is.
 */
export interface RestoreParts {
  /** Rules of services in table `filter`. */
  readonly filterRules: readonly string[];
  /** Declarations of services' chains in table `nat`. */
  readonly natChains: readonly string[];
  /** Rules of services in table `nat`, and deletions of chains. */
  readonly natRules: readonly string[];
}

/**
 * Joins an input. The chains that services share are always declared, so `parts` must have all
 * rules in these.
 */
export function restoreText(asked: ProxierOptions, parts: RestoreParts): string {
  const options = { ...asked, localhostNodePorts: answersOnLocalhost(asked) };
  const localnet = localnetRules(options);
  return [
    '*filter\n',
    chainDeclarations([...FILTER_CHAINS, ...(localnet.length > 0 ? [FIREWALL_CHAIN] : [])]),
    linesText(localnet),
    ...parts.filterRules,
    linesText(forwardRules(options)),
    'COMMIT\n*nat\n',
    chainDeclarations(NAT_CHAINS),
    ...parts.natChains,
    linesText(masqueradeRules(options)),
    ...parts.natRules,
    linesText(nodePortJumps(options)),
    'COMMIT\n',
  ].join('');
}

/** `:KUBE-SVC-X - [0:0]`, a line each. */
export function chainDeclarations(chains: Iterable<string>): string {
  return Array.from(chains, (chain) => `:${chain} - [0:0]\n`).join('');
}

/** `-X KUBE-SVC-X`, a line each. A chain that is deleted must be declared, so that it is empty. */
export function chainDeletions(chains: Iterable<string>): string {
  return Array.from(chains, (chain) => `-X ${chain}\n`).join('');
}

/** Lines as text, each with its line break. */
export function linesText(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

/** To the node ports goes what no other rule of `KUBE-SERVICES` has taken. */
function nodePortJumps(options: ProxierOptions): readonly string[] {
  const { family, nodePortAddresses, localhostNodePorts } = options;
  const some = nodePortAddresses.length > 0 ? nodePortAddressRules(options) : undefined;
  if (some) return some;
  // Node ports never work on ::1, and on 127.0.0.1 only where the kernel was told to route it.
  const notLoopback = family === 'IPv6' ? '! -d ::1/128' : '! -d 127.0.0.0/8';
  const loopbackToo = family === 'IPv4' && localhostNodePorts;
  return [
    rule(
      SERVICES_CHAIN,
      comment(NODE_PORTS_COMMENT),
      '-m addrtype --dst-type LOCAL',
      loopbackToo ? '' : notLoopback,
      `-j ${NODE_PORTS_CHAIN}`,
    ),
  ];
}

/** Node ports answer on 127.0.0.1 where that was asked for and `nodePortAddresses` allow it. */
function answersOnLocalhost(options: ProxierOptions): boolean {
  if (options.family !== 'IPv4' || !options.localhostNodePorts) return false;
  const cidrs = options.nodePortAddresses.flatMap((text) => {
    const cidr = parseCidr(text);
    return cidr?.family === 'IPv4' ? [cidr] : [];
  });
  return cidrs.length === 0 || cidrs.some((cidr) => cidrContains(cidr, '127.0.0.1'));
}
