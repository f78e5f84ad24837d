/** The flags of `kubelet`, with upstream's names. What becomes of them is `main.ts`. */

import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { Command, InvalidArgumentError } from 'commander';
import { Quantity } from '#apimachinery';

/** The program's name. */
export const NAME = 'kubelet';

/** What was said. */
export interface Flags {
  kubeconfig?: string;
  hostnameOverride: string;
  containerRuntimeEndpoint?: string;
  /** 127.0.0.1 when nobody could be refused, see {@link isOpen}; else 0.0.0.0 if not said. */
  address: string;
  port: number;
  nodeIp: string[];
  rootDir: string;
  podManifestPath?: string;
  podLogsDir: string;
  clusterDns: string[];
  clusterDomain: string;
  clientCaFile?: string;
  tlsCertFile?: string;
  tlsPrivateKeyFile?: string;
  authenticationTokenWebhook: boolean;
  anonymousAuth: boolean;
  authorizationMode: 'AlwaysAllow' | 'Webhook';
  nodeLabels: Record<string, string>;
  registerNode: boolean;
  maxPods: number;
  /** Ours: what the node has, where it is not this computer. */
  capacity: Record<string, string>;
  /** Ours: the socket of a network that knows the pods. */
  podNetwork?: string;
  hollow: boolean;
  hollowNodes: number;
  v: number;
}

/** @throws CommanderError after it has said in one line what is wrong */
export function parseFlags(argv: readonly string[]): Flags {
  const program = new Command(NAME)
    .description('Runs the pods of one node.')
    .allowExcessArguments(false)
    .exitOverride()
    .requiredOption('--kubeconfig <file>', 'how to reach the API server')
    .option('--hostname-override <name>', "the node's name", checkedName, hostname().toLowerCase())
    .option('--container-runtime-endpoint <url>', 'the CRI: unix:///run/containerd/containerd.sock')
    .option(
      '--address <ip>',
      'where to listen; 127.0.0.1 when everybody would be let in',
      checkedIp,
      '0.0.0.0',
    )
    .option('--port <port>', 'where to listen; 0: any', checkedPort, 10_250)
    .option('--node-ip <ip>', "the node's address", (text) => text.split(',').map(checkedIp), [
      '127.0.0.1',
    ])
    .option(
      '--root-dir <directory>',
      "the kubelet's own files and pods' volumes",
      '/var/lib/kubelet',
    )
    .option('--pod-manifest-path <directory>', 'files of static pods')
    .option('--pod-logs-dir <directory>', "containers' logs", '/var/log/pods')
    .option(
      '--cluster-dns <ips>',
      'name servers of pods',
      (text) => text.split(',').map(checkedIp),
      [],
    )
    .option('--cluster-domain <name>', 'where Services have names', 'cluster.local')
    .option('--client-ca-file <file>', 'whose certificates clients may show')
    .option('--tls-cert-file <file>', 'the certificate to show; without: one of its own')
    .option('--tls-private-key-file <file>', 'its key')
    .option(
      '--authentication-token-webhook [boolean]',
      'ask the API server about tokens',
      checkedBoolean,
      false,
    )
    .option(
      '--anonymous-auth [boolean]',
      'answer who does not say who it is',
      checkedBoolean,
      false,
    )
    .option(
      '--authorization-mode <mode>',
      'AlwaysAllow, or Webhook: ask the API server',
      checkedMode,
      'AlwaysAllow',
    )
    .option('--node-labels <labels>', 'key=value,…', checkedPairs, {})
    .option('--register-node [boolean]', 'make the Node object', checkedBoolean, true)
    .option('--max-pods <n>', 'so many pods at most', checkedCount, 110)
    .option('--capacity <amounts>', 'what the node has: cpu=4,memory=8Gi', checkedAmounts, {})
    .option('--pod-network <endpoint>', 'where pods are reached, when not by TCP: unix:///PATH')
    .option('--hollow', 'run nothing: pods only seem to run', false)
    .option('--hollow-nodes <n>', 'with --hollow: so many nodes, NAME-0 and on', checkedCount, 1)
    .option('-v, --v <level>', 'how much to log: 0, 2, 4', checkedCount, 0);
  program.parse([...argv], { from: 'user' });
  const flags = program.opts<Flags>();
  const isAddressSaid = program.getOptionValueSource('address') !== 'default';
  if (isOpen(flags) && !isAddressSaid) flags.address = '127.0.0.1';
  const fault = faultOf(flags);
  if (fault !== undefined) program.error(`error: ${fault}`);
  return flags;
}

/** May whoever reaches the port do everything? Nobody can be known, and nobody is asked who may what. */
export function isOpen(flags: Flags): boolean {
  const { clientCaFile, authenticationTokenWebhook, authorizationMode } = flags;
  const knowsNobody = clientCaFile === undefined && !authenticationTokenWebhook;
  return knowsNobody && authorizationMode === 'AlwaysAllow';
}

function isLoopback(ip: string): boolean {
  return /^127\./.test(ip) || ip === '::1';
}

function faultOf(flags: Flags): string | undefined {
  if (!flags.hollow && isOpen(flags) && !isLoopback(flags.address)) {
    return `--address ${flags.address} would let everybody in: it needs --client-ca-file, --authentication-token-webhook or --authorization-mode Webhook`;
  }
  if (!flags.hollow && flags.containerRuntimeEndpoint === undefined) {
    return "option '--container-runtime-endpoint <url>' is needed without --hollow";
  }
  if ((flags.tlsCertFile === undefined) !== (flags.tlsPrivateKeyFile === undefined)) {
    return '--tls-cert-file and --tls-private-key-file go together';
  }
  return undefined;
}

function checkedIp(text: string): string {
  if (isIP(text) !== 0) return text;
  throw new InvalidArgumentError('expected an IP address');
}

function checkedName(text: string): string {
  if (/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(text)) return text;
  throw new InvalidArgumentError("expected a node's name: small letters, digits, - and .");
}

function checkedPort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) < 65_536) return Number(text);
  throw new InvalidArgumentError('expected a port from 0 to 65535');
}

function checkedCount(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('expected a number from 0 on');
}

function checkedBoolean(text: string): boolean {
  if (/^(?:true|t|1)$/i.test(text)) return true;
  if (/^(?:false|f|0)$/i.test(text)) return false;
  throw new InvalidArgumentError('expected true or false');
}

function checkedMode(text: string): Flags['authorizationMode'] {
  if (text === 'AlwaysAllow' || text === 'Webhook') return text;
  throw new InvalidArgumentError('expected AlwaysAllow or Webhook');
}

function checkedPairs(text: string): Record<string, string> {
  const pairs = text.split(',').map((pair) => pair.split('='));
  if (pairs.every((pair) => pair.length === 2 && pair[0] !== '')) {
    return Object.fromEntries(pairs) as Record<string, string>;
  }
  throw new InvalidArgumentError('expected key=value, with commas between');
}

function checkedAmounts(text: string): Record<string, string> {
  const amounts = checkedPairs(text);
  try {
    for (const amount of Object.values(amounts)) Quantity.parse(amount);
  } catch {
    throw new InvalidArgumentError('expected amounts such as cpu=4,memory=8Gi');
  }
  return amounts;
}
