/** The flags of `kube-proxy`, with upstream's names. What becomes of them is `../main.ts`. */

import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { Command, InvalidArgumentError, Option } from 'commander';
import { parseBoolean, parseCount, parseDurationMs } from '#apimachinery/program';
import { IPVS_SCHEDULERS, type IpvsSchedulerName } from '../ipvs/scheduler-names.ts';
import { parseCidr } from '../services/ip-addresses.ts';

/** The program's name. */
export const NAME = 'kube-proxy';

/** Where rules go. */
export type ApplyTo =
  | { readonly kind: 'kernel' | 'none' }
  | { readonly kind: 'network'; readonly socket: string };

/** An address to listen on. */
export interface ListenAddress {
  readonly ip: string;
  readonly port: number;
}

/** What was said; durations are in milliseconds. */
export interface Flags {
  kubeconfig?: string;
  hostnameOverride: string;
  clusterCidr: readonly string[];
  proxyMode: 'iptables' | 'ipvs';
  ipvsScheduler: IpvsSchedulerName;
  dryRun: boolean;
  nodeportAddresses: readonly string[];
  bindAddress?: string;
  masqueradeAll: boolean;
  iptablesMasqueradeBit: number;
  iptablesLocalhostNodeports: boolean;
  iptablesMinSyncPeriod: number;
  iptablesSyncPeriod: number;
  ipvsMinSyncPeriod: number;
  ipvsSyncPeriod: number;
  conntrackTcpBeLiberal: boolean;
  healthzBindAddress?: ListenAddress;
  metricsBindAddress?: ListenAddress;
  /** Ours. */
  apply: ApplyTo;
  v: number;
}

/** @throws CommanderError after it has said in one line what is wrong; with exit code 0 after `--help` */
export function parseFlags(argv: readonly string[]): Flags {
  const program = new Command(NAME)
    .description("Makes Services' addresses lead to their endpoints, on one node.")
    .allowExcessArguments(false)
    .exitOverride()
    .option('--kubeconfig <file>', 'how to reach the API server (default: as in a pod)')
    .option('--hostname-override <name>', "the node's name", parseName, hostname().toLowerCase())
    .option('--cluster-cidr <cidrs>', 'where pods are, one range for each family', parseCidrs, [])
    .option('--bind-address <ip>', "the node's address, instead of what its Node says", parseIp)
    .option('--dry-run', 'write the rules as they would be now to standard output, and end', false)
    .addOption(
      new Option('--apply <where>', 'kernel, network=unix:///…, or none')
        .argParser(parseApply)
        .default({ kind: 'kernel' }, 'kernel'),
    )
    .option('-v, --v <level>', 'how much to log: 0, 2, 4', parseCount, 0);
  addModes(program);
  addListening(program);
  program.parse([...argv], { from: 'user' });
  return program.opts<Flags>();
}

function addModes(program: Command): void {
  program
    .addOption(
      new Option('--proxy-mode <mode>', 'what makes the rules')
        .choices(['iptables', 'ipvs'])
        .default('iptables'),
    )
    .addOption(
      new Option('--ipvs-scheduler <name>', 'how IPVS chooses a real server')
        .choices(Object.keys(IPVS_SCHEDULERS))
        .default('rr'),
    )
    .option(
      '--nodeport-addresses <cidrs>',
      'which addresses of this node answer node ports (default: all)',
      parseCidrs,
      [],
    )
    .option('--masquerade-all [boolean]', 'masquerade all that Services get', parseBoolean, false)
    .option('--iptables-masquerade-bit <n>', 'of the mark, 0 to 31', parseBit, 14)
    .option(
      '--iptables-localhost-nodeports [boolean]',
      'node ports answer on 127.0.0.1',
      parseBoolean,
      true,
    )
    .option('--iptables-min-sync-period <duration>', 'between two syncs', parseDurationMs, 1000)
    .option('--iptables-sync-period <duration>', 'between two looks', parseDurationMs, 30_000)
    .option('--ipvs-min-sync-period <duration>', 'between two syncs', parseDurationMs, 1000)
    .option('--ipvs-sync-period <duration>', 'between two looks', parseDurationMs, 30_000)
    .option(
      '--conntrack-tcp-be-liberal [boolean]',
      'let pass what connection tracking calls invalid',
      parseBoolean,
      false,
    );
}

function addListening(program: Command): void {
  // Upstream's ports are always open. Two of a program on one computer are usual here.
  program
    .option('--healthz-bind-address <ip:port>', 'answer /healthz and /livez here', parseListen)
    .option('--metrics-bind-address <ip:port>', 'answer /metrics here', parseListen);
}

function parseName(text: string): string {
  if (/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(text)) return text;
  throw new InvalidArgumentError('expected the name of a node');
}

function parseIp(text: string): string {
  if (isIP(text) !== 0) return text;
  throw new InvalidArgumentError('expected an IP address');
}

function parseCidrs(text: string): string[] {
  return text.split(',').map((one) => {
    if (parseCidr(one) === undefined) throw new InvalidArgumentError(`${one} is no CIDR`);
    return one;
  });
}

function parseBit(text: string): number {
  if (/^\d{1,2}$/.test(text) && Number(text) <= 31) return Number(text);
  throw new InvalidArgumentError('expected a number from 0 to 31');
}

function parseApply(text: string): ApplyTo {
  if (text === 'kernel' || text === 'none') return { kind: text };
  const [, socket] = /^network=unix:\/\/(\/.+)$/.exec(text) ?? [];
  if (socket !== undefined) return { kind: 'network', socket };
  throw new InvalidArgumentError('expected kernel, network=unix:///a/socket or none');
}

function parseListen(text: string): ListenAddress {
  const [, ip = '', port = ''] = /^\[?([^\]]*)\]?:(\d{1,5})$/.exec(text) ?? [];
  if (isIP(ip) !== 0 && Number(port) <= 65_535) return { ip, port: Number(port) };
  throw new InvalidArgumentError('expected an address and a port such as 127.0.0.1:10256');
}
