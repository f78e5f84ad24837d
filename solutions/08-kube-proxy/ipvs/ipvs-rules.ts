/**
 * The few iptables rules beside IPVS: who is masqueraded, who is let in. Given.
 *
 * They do not grow with the number of Services: the sets they look into do.
 *
 * @see kubernetes 1.33 pkg/proxy/ipvs/proxier.go writeIptablesRules
 */

import type { ProxierOptions } from '../proxier-options.ts';
import type { IpFamily } from '../services/service-port.ts';
import { IP_SETS, type IpSetEntries, type IpSetName, kernelName } from './ip-sets.ts';

const NAT_CHAINS = [
  'KUBE-SERVICES',
  'KUBE-POSTROUTING',
  'KUBE-NODE-PORT',
  'KUBE-LOAD-BALANCER',
  'KUBE-MARK-MASQ',
];
const FILTER_CHAINS = [
  'KUBE-FORWARD',
  'KUBE-NODE-PORT',
  'KUBE-PROXY-FIREWALL',
  'KUBE-SOURCE-RANGES-FIREWALL',
  'KUBE-IPVS-FILTER',
  'KUBE-IPVS-OUT-FILTER',
];

type Row = [set: IpSetName, chain: string, target: string, match: string, protocol?: string];

/** Rules that are there only while their set has entries. What returns comes before what marks. */
const NAT_SET_RULES: readonly Row[] = [
  ['KUBE-LOOP-BACK', 'KUBE-POSTROUTING', 'MASQUERADE', 'dst,dst,src'],
  ['KUBE-LOAD-BALANCER', 'KUBE-SERVICES', 'KUBE-LOAD-BALANCER', 'dst,dst'],
  ['KUBE-LOAD-BALANCER-LOCAL', 'KUBE-LOAD-BALANCER', 'RETURN', 'dst,dst'],
  ['KUBE-NODE-PORT-LOCAL-TCP', 'KUBE-NODE-PORT', 'RETURN', 'dst', 'tcp'],
  ['KUBE-NODE-PORT-TCP', 'KUBE-NODE-PORT', 'KUBE-MARK-MASQ', 'dst', 'tcp'],
  ['KUBE-NODE-PORT-LOCAL-UDP', 'KUBE-NODE-PORT', 'RETURN', 'dst', 'udp'],
  ['KUBE-NODE-PORT-UDP', 'KUBE-NODE-PORT', 'KUBE-MARK-MASQ', 'dst', 'udp'],
  ['KUBE-NODE-PORT-LOCAL-SCTP-HASH', 'KUBE-NODE-PORT', 'RETURN', 'dst,dst', 'sctp'],
  ['KUBE-NODE-PORT-SCTP-HASH', 'KUBE-NODE-PORT', 'KUBE-MARK-MASQ', 'dst,dst', 'sctp'],
];
const FILTER_SET_RULES: readonly Row[] = [
  ['KUBE-LOAD-BALANCER-FW', 'KUBE-PROXY-FIREWALL', 'KUBE-SOURCE-RANGES-FIREWALL', 'dst,dst'],
  ['KUBE-LOAD-BALANCER-SOURCE-CIDR', 'KUBE-SOURCE-RANGES-FIREWALL', 'RETURN', 'dst,dst,src'],
  ['KUBE-LOAD-BALANCER-SOURCE-IP', 'KUBE-SOURCE-RANGES-FIREWALL', 'RETURN', 'dst,dst,src'],
];

/** A load balancer's address that this node itself may not use. */
export interface ForbiddenAddress {
  readonly ip: string;
  readonly port: number;
  /** `tcp` */
  readonly protocol: string;
}

/** Text for `iptables-restore --noflush`. */
export function ipvsRulesText(
  options: ProxierOptions,
  entries: IpSetEntries,
  forbidden: readonly ForbiddenAddress[],
): string {
  const { family } = options;
  const nat = [...natRules(options, entries), ...markRules(options)];
  const filter = filterRules(options, entries, forbidden);
  const table = (name: string, chains: readonly string[], rules: readonly string[]): string[] => [
    `*${name}`,
    ...chains.map((chain) => `:${chain} - [0:0]`),
    ...rules.map((rule) => `-A ${rule}`),
    'COMMIT',
  ];
  const lines = [
    ...table('nat', NAT_CHAINS, [
      `KUBE-SERVICES -s ${family === 'IPv6' ? '::1/128' : '127.0.0.0/8'} -j RETURN`,
      ...nat,
    ]),
    ...table('filter', FILTER_CHAINS, filter),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

const hasAny = (entries: IpSetEntries, name: IpSetName): boolean =>
  (entries.get(name)?.size ?? 0) > 0;

function setRules(rows: readonly Row[], entries: IpSetEntries, family: IpFamily): string[] {
  return rows
    .filter(([name]) => hasAny(entries, name))
    .map(([name, chain, target, match, protocol]) => {
      const of = protocol === undefined ? '' : ` -p ${protocol}`;
      return `${chain}${of} ${commented(name, family)} ${match} -j ${target}`;
    });
}

function commented(name: IpSetName, family: IpFamily): string {
  return `-m comment --comment "${IP_SETS[name][1]}" ${matching(name, family)}`;
}

function matching(name: IpSetName, family: IpFamily): string {
  return `-m set --match-set ${kernelName(name, family)}`;
}

function natRules(options: ProxierOptions, entries: IpSetEntries): string[] {
  const { family } = options;
  const outside = [
    '-m physdev ! --physdev-is-in -m addrtype ! --src-type LOCAL -j ACCEPT',
    '-m addrtype --dst-type LOCAL -j ACCEPT',
  ];
  const external = (['KUBE-EXTERNAL-IP', 'KUBE-EXTERNAL-IP-LOCAL'] as const).flatMap((name) => {
    if (!hasAny(entries, name)) return [];
    const ends = name === 'KUBE-EXTERNAL-IP' ? ['-j KUBE-MARK-MASQ', ...outside] : outside;
    return ends.map((end) => `KUBE-SERVICES ${commented(name, family)} dst,dst ${end}`);
  });
  const accepted = (['KUBE-CLUSTER-IP', 'KUBE-LOAD-BALANCER'] as const)
    .filter((name) => hasAny(entries, name))
    .map((name) => `KUBE-SERVICES ${matching(name, family)} dst,dst -j ACCEPT`);
  return [
    ...setRules(NAT_SET_RULES, entries, family),
    ...(hasAny(entries, 'KUBE-CLUSTER-IP') ? [clusterIpRule(options)] : []),
    ...external,
    'KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODE-PORT',
    'KUBE-LOAD-BALANCER -j KUBE-MARK-MASQ',
    ...accepted,
  ];
}

function clusterIpRule({ family, masqueradeAll, clusterCidr }: ProxierOptions): string {
  const rule = `KUBE-SERVICES ${commented('KUBE-CLUSTER-IP', family)}`;
  if (masqueradeAll) return `${rule} dst,dst -j KUBE-MARK-MASQ`;
  if (clusterCidr !== undefined) return `${rule} dst,dst ! -s ${clusterCidr} -j KUBE-MARK-MASQ`;
  // The node takes a virtual address as its own source when it asks that address.
  return `${rule} src,dst -j KUBE-MARK-MASQ`;
}

function markRules(options: ProxierOptions): string[] {
  const mark = markOf(options);
  return [
    `KUBE-POSTROUTING -m mark ! --mark ${mark}/${mark} -j RETURN`,
    `KUBE-POSTROUTING -j MARK --xor-mark ${mark}`,
    'KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully',
    `KUBE-MARK-MASQ -j MARK --or-mark ${mark}`,
  ];
}

function markOf({ masqueradeBit }: ProxierOptions): string {
  return `0x${(2 ** masqueradeBit).toString(16).padStart(8, '0')}`;
}

function filterRules(
  options: ProxierOptions,
  entries: IpSetEntries,
  forbidden: readonly ForbiddenAddress[],
): string[] {
  const { family } = options;
  const mark = markOf(options);
  const returned = (
    [
      ['KUBE-LOAD-BALANCER', 'dst,dst'],
      ['KUBE-CLUSTER-IP', 'dst,dst'],
      ['KUBE-EXTERNAL-IP', 'dst,dst'],
      ['KUBE-EXTERNAL-IP-LOCAL', 'dst,dst'],
      ['KUBE-HEALTH-CHECK-NODE-PORT', 'dst'],
    ] as const
  ).map(([name, match]) => `KUBE-IPVS-FILTER ${matching(name, family)} ${match} -j RETURN`);
  return [
    ...setRules(FILTER_SET_RULES, entries, family),
    'KUBE-SOURCE-RANGES-FIREWALL -j DROP',
    ...forbidden.map(
      ({ ip, port, protocol }) =>
        `KUBE-IPVS-OUT-FILTER -s ${ip} -m ipvs --vaddr ${ip} --vproto ${protocol} --vport ${port} -j DROP`,
    ),
    `KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark ${mark}/${mark} -j ACCEPT`,
    'KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    `KUBE-NODE-PORT ${commented('KUBE-HEALTH-CHECK-NODE-PORT', family)} dst -j ACCEPT`,
    ...returned,
    `KUBE-IPVS-FILTER -m conntrack --ctstate NEW ${matching('KUBE-IPVS-IPS', family)} dst -j REJECT`,
  ];
}
