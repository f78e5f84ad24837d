/**
 * The sets of addresses and ports that IPVS's few iptables rules look into. Given.
 *
 * @see kubernetes 1.33 pkg/proxy/ipvs/ipset.go
 */

import type { IpFamily } from '../services/service-port.ts';

type SetType = 'hash:ip,port,ip' | 'hash:ip,port' | 'hash:ip,port,net' | 'hash:ip' | 'bitmap:port';

const masquerade = 'port for masquerade purpose';
const local = 'port with externalTrafficPolicy=local';
const hashed = "with type 'hash ip:port'";
const lb = 'Kubernetes service load balancer ip + port';

/** Each set's kind, and what rules' comments say of it. */
export const IP_SETS = {
  'KUBE-LOOP-BACK': [
    'hash:ip,port,ip',
    'Kubernetes endpoints dst ip:port, source ip for solving hairpin purpose',
  ],
  'KUBE-CLUSTER-IP': [
    'hash:ip,port',
    'Kubernetes service cluster ip + port for masquerade purpose',
  ],
  'KUBE-EXTERNAL-IP': [
    'hash:ip,port',
    'Kubernetes service external ip + port for masquerade and filter purpose',
  ],
  'KUBE-EXTERNAL-IP-LOCAL': [
    'hash:ip,port',
    'Kubernetes service external ip + port with externalTrafficPolicy=local',
  ],
  'KUBE-LOAD-BALANCER': ['hash:ip,port', 'Kubernetes service lb portal'],
  'KUBE-LOAD-BALANCER-FW': ['hash:ip,port', `${lb} for load balancer with sourceRange`],
  'KUBE-LOAD-BALANCER-LOCAL': ['hash:ip,port', `${lb} with externalTrafficPolicy=local`],
  'KUBE-LOAD-BALANCER-SOURCE-IP': [
    'hash:ip,port,ip',
    `${lb} + source IP for packet filter purpose`,
  ],
  'KUBE-LOAD-BALANCER-SOURCE-CIDR': [
    'hash:ip,port,net',
    `${lb} + source cidr for packet filter purpose`,
  ],
  'KUBE-NODE-PORT-TCP': ['bitmap:port', `Kubernetes nodeport TCP ${masquerade}`],
  'KUBE-NODE-PORT-LOCAL-TCP': ['bitmap:port', `Kubernetes nodeport TCP ${local}`],
  'KUBE-NODE-PORT-UDP': ['bitmap:port', `Kubernetes nodeport UDP ${masquerade}`],
  'KUBE-NODE-PORT-LOCAL-UDP': ['bitmap:port', `Kubernetes nodeport UDP ${local}`],
  'KUBE-NODE-PORT-SCTP-HASH': ['hash:ip,port', `Kubernetes nodeport SCTP ${masquerade} ${hashed}`],
  'KUBE-NODE-PORT-LOCAL-SCTP-HASH': ['hash:ip,port', `Kubernetes nodeport SCTP ${local} ${hashed}`],
  'KUBE-HEALTH-CHECK-NODE-PORT': ['bitmap:port', 'Kubernetes health check node port'],
  'KUBE-IPVS-IPS': ['hash:ip', 'Kubernetes ipvs ips'],
} as const satisfies Record<string, readonly [SetType, string]>;

/** A set, by its IPv4 name. */
export type IpSetName = keyof typeof IP_SETS;
/** What is in each set; a set without entries may be absent. */
export type IpSetEntries = ReadonlyMap<IpSetName, ReadonlySet<string>>;

const LONGEST_NAME = 31;

/** The set's name in the kernel: both families' are there side by side. */
export function kernelName(name: IpSetName, family: IpFamily): string {
  return family === 'IPv6' ? name.replace('KUBE-', 'KUBE-6-').slice(0, LONGEST_NAME) : name;
}

/** Lines for `ipset restore` that make and fill all sets, whatever was in them. */
export function ipSetsText(entries: IpSetEntries, family: IpFamily): string {
  const names = Object.keys(IP_SETS) as IpSetName[];
  const lines = names.flatMap((name) => {
    const called = kernelName(name, family);
    return [
      `create ${called} ${IP_SETS[name][0]} ${optionsOf(name, family)}`,
      `flush ${called}`,
      ...[...(entries.get(name) ?? [])].sort().map((entry) => `add ${called} ${entry}`),
    ];
  });
  return lines.map((line) => `${line}\n`).join('');
}

/** Lines that make of one state the other. */
export function ipSetChangesText(
  before: IpSetEntries,
  after: IpSetEntries,
  family: IpFamily,
): string {
  const names = Object.keys(IP_SETS) as IpSetName[];
  const lines = names.flatMap((name) => {
    const called = kernelName(name, family);
    const had = before.get(name) ?? new Set<string>();
    const has = after.get(name) ?? new Set<string>();
    return [
      ...[...had].filter((entry) => !has.has(entry)).map((entry) => `del ${called} ${entry}`),
      ...[...has].filter((entry) => !had.has(entry)).map((entry) => `add ${called} ${entry}`),
    ];
  });
  return lines.map((line) => `${line}\n`).join('');
}

function optionsOf(name: IpSetName, family: IpFamily): string {
  if (IP_SETS[name][0] === 'bitmap:port') return 'range 0-65535';
  return `family ${family === 'IPv6' ? 'inet6' : 'inet'} hashsize 1024 maxelem 65536`;
}
