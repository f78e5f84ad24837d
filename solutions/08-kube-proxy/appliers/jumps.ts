/**
 * The rules that lead from the kernel's chains to kube-proxy's. They are made sure of before every sync,
 * and are no part of the text. Given.
 *
 * @see kubernetes 1.33 pkg/proxy/iptables/proxier.go, pkg/proxy/ipvs/proxier.go
 */

/** A jump, at the head of a chain. */
export interface Jump {
  readonly table: 'filter' | 'nat';
  readonly from: string;
  readonly to: string;
  /** `''` for none. */
  readonly comment: string;
  /** Only the first packet of a connection. */
  readonly newOnly: boolean;
}

/** A chain that leads nowhere: it is there as long as nobody has thrown all rules away. */
export const CANARY_CHAIN = 'KUBE-PROXY-CANARY';
/** The tables that have it. */
export const CANARY_TABLES = ['mangle', 'nat', 'filter'] as const;

type Row = [table: Jump['table'], from: string, to: string, comment: string, newOnly: boolean];

const portals = 'kubernetes service portals';
const outside = 'kubernetes externally-visible service portals';
const firewall = 'kubernetes load balancer firewall';

/** Each is put before what is in its chain already, in this order. */
export const IPTABLES_JUMPS: readonly Jump[] = jumps([
  ['filter', 'INPUT', 'KUBE-EXTERNAL-SERVICES', outside, true],
  ['filter', 'FORWARD', 'KUBE-EXTERNAL-SERVICES', outside, true],
  ['filter', 'INPUT', 'KUBE-NODEPORTS', 'kubernetes health check service ports', false],
  ['filter', 'FORWARD', 'KUBE-SERVICES', portals, true],
  ['filter', 'OUTPUT', 'KUBE-SERVICES', portals, true],
  ['filter', 'FORWARD', 'KUBE-FORWARD', 'kubernetes forwarding rules', false],
  ['filter', 'INPUT', 'KUBE-PROXY-FIREWALL', firewall, true],
  ['filter', 'OUTPUT', 'KUBE-PROXY-FIREWALL', firewall, true],
  ['filter', 'FORWARD', 'KUBE-PROXY-FIREWALL', firewall, true],
  ['nat', 'OUTPUT', 'KUBE-SERVICES', portals, false],
  ['nat', 'PREROUTING', 'KUBE-SERVICES', portals, false],
  ['nat', 'POSTROUTING', 'KUBE-POSTROUTING', 'kubernetes postrouting rules', false],
  // A kubelet makes the same two.
  ['filter', 'INPUT', 'KUBE-FIREWALL', '', false],
  ['filter', 'OUTPUT', 'KUBE-FIREWALL', '', false],
]);

/** Those of IPVS. */
export const IPVS_JUMPS: readonly Jump[] = jumps([
  ['nat', 'OUTPUT', 'KUBE-SERVICES', portals, false],
  ['nat', 'PREROUTING', 'KUBE-SERVICES', portals, false],
  ['nat', 'POSTROUTING', 'KUBE-POSTROUTING', 'kubernetes postrouting rules', false],
  ['filter', 'FORWARD', 'KUBE-FORWARD', 'kubernetes forwarding rules', false],
  ['filter', 'INPUT', 'KUBE-NODE-PORT', 'kubernetes health check rules', false],
  ['filter', 'INPUT', 'KUBE-PROXY-FIREWALL', 'kube-proxy firewall rules', false],
  ['filter', 'FORWARD', 'KUBE-PROXY-FIREWALL', 'kube-proxy firewall rules', false],
  ['filter', 'INPUT', 'KUBE-IPVS-FILTER', 'kubernetes ipvs access filter', false],
  ['filter', 'OUTPUT', 'KUBE-IPVS-OUT-FILTER', 'kubernetes ipvs access filter', false],
]);

function jumps(rows: readonly Row[]): Jump[] {
  return rows.map(([table, from, to, comment, newOnly]) => ({ table, from, to, comment, newOnly }));
}

/** What follows `iptables -t nat -I OUTPUT`. */
export function jumpArguments({ newOnly, comment, to }: Jump): string[] {
  const state = newOnly ? ['-m', 'conntrack', '--ctstate', 'NEW'] : [];
  const said = comment === '' ? [] : ['-m', 'comment', '--comment', comment];
  return [...state, ...said, '-j', to];
}

/**
 * Text for `iptables-restore --noflush` that makes chains and jumps where nothing is yet.
 *
 * @remarks A table that has them gets them a second time: for models that begin empty.
 */
export function jumpsText(all: readonly Jump[]): string {
  return ['nat', 'filter']
    .map((table) => {
      const own = all.filter((jump) => jump.table === table);
      const chains = [...new Set(own.map(({ to }) => to))].map((to) => `:${to} - [0:0]`);
      const rules = own.map(
        (jump) => `-I ${jump.from} ${jumpArguments(jump).map(quoted).join(' ')}`,
      );
      return [`*${table}`, ...chains, ...rules, 'COMMIT', ''].join('\n');
    })
    .join('');
}

function quoted(word: string): string {
  return word.includes(' ') ? `"${word}"` : word;
}
