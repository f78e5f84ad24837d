/** The flags of `kube-apiserver`, with upstream's names. What becomes of them is `program.ts`. */

import { Command, InvalidArgumentError } from 'commander';
import { DEFAULT_LIMITS, parseDurationMs } from '../filters/limits.ts';
import { IpRange } from '../service-addresses/ip-range.ts';
import { type PortRange, parsePortRange } from '../service-addresses/node-ports.ts';

/** The program's name, for messages. */
export const NAME = 'kube-apiserver';

/** The flags, by their names in camel case; durations in milliseconds. */
export interface Flags {
  dataDir?: string;
  etcdServers?: string[];
  etcdCafile?: string;
  etcdCertfile?: string;
  etcdKeyfile?: string;
  securePort: number;
  bindAddress: string;
  advertiseAddress?: string;
  insecurePort: number;
  serviceClusterIpRange: string;
  serviceNodePortRange: PortRange;
  certDir?: string;
  tlsCertFile?: string;
  tlsPrivateKeyFile?: string;
  clientCaFile?: string;
  tokenAuthFile?: string;
  enableBootstrapTokenAuth: boolean;
  anonymousAuth: boolean;
  authorizationMode: string[];
  serviceAccountIssuer?: string[];
  apiAudiences?: string[];
  serviceAccountKeyFile?: string[];
  serviceAccountSigningKeyFile?: string;
  kubeletClientCertificate?: string;
  kubeletClientKey?: string;
  kubeletCertificateAuthority?: string;
  egressProxy?: string;
  maxRequestsInflight: number;
  maxMutatingRequestsInflight: number;
  requestTimeout: number;
  eventTtl: number;
  auditLogPath?: string;
  v: number;
}

/** What `--authorization-mode` may say. */
export const AUTHORIZATION_MODES: readonly string[] = ['Node', 'RBAC', 'AlwaysAllow', 'AlwaysDeny'];

/**
 * Reads flags.
 *
 * @throws CommanderError after it has said in one line what is wrong; with exit code 0 after `--help`
 */
export function parseFlags(argv: readonly string[]): Flags {
  const { maxRequestsInFlight, maxMutatingRequestsInFlight, requestTimeoutMs } = DEFAULT_LIMITS;
  const program = new Command(NAME)
    .description('The Kubernetes API: REST over a watchable store.')
    .option('--data-dir <folder>', 'keep everything here, in an etcd of our own')
    .option('--etcd-servers <urls>', 'keep everything in this etcd', parseEndpoints)
    .option('--etcd-cafile <file>', 'who vouches for its certificate')
    .option('--etcd-certfile <file>', 'what to show it')
    .option('--etcd-keyfile <file>', 'its key')
    .option('--secure-port <port>', 'serve HTTPS here; 0: do not', parsePort, 6443)
    .option('--bind-address <ip>', 'listen on this address for it', parseIp, '0.0.0.0')
    .option('--advertise-address <ip>', 'what to tell others that ours is', parseIp)
    .option(
      '--insecure-port <port>',
      'serve HTTP to this computer, without asking who it is; 0: do not',
      parsePort,
      0,
    )
    .option(
      '--service-cluster-ip-range <cidr>',
      'for Services',
      checked(parseRange),
      '10.96.0.0/12',
    )
    .option(
      '--service-node-port-range <a-b>',
      'for Services of type NodePort',
      checked(parsePortRange),
      { first: 30_000, last: 32_767 },
    )
    .option('--cert-dir <folder>', 'certificates of our own (default: pki in the data folder)')
    .option('--tls-cert-file <file>', 'the certificate to show')
    .option('--tls-private-key-file <file>', 'its key')
    .option('--client-ca-file <file>', "who vouches for clients' certificates (default: our own)")
    .option('--token-auth-file <file>', 'tokens of users: token,user,uid,"group,group"')
    .option(
      '--enable-bootstrap-token-auth [bool]',
      'believe tokens of machines that join: Secrets in kube-system',
      parseBoolean,
      false,
    )
    .option(
      '--anonymous-auth [bool]',
      'let those in who do not say who they are',
      parseBoolean,
      true,
    )
    .option('--authorization-mode <modes>', AUTHORIZATION_MODES.join(', '), parseModes, [
      'Node',
      'RBAC',
    ])
    .option(
      '--service-account-issuer <url>',
      'who makes the tokens of service accounts; may be repeated',
      gather,
    )
    .option('--api-audiences <names>', 'whom they are for (default: the issuer)', gather)
    .option(
      '--service-account-key-file <file>',
      'a public key to know them by; may be repeated',
      gather,
    )
    .option('--service-account-signing-key-file <file>', 'the private key to sign them with')
    .option('--kubelet-client-certificate <file>', 'what to show kubelets (default: our own)')
    .option('--kubelet-client-key <file>', 'its key')
    .option(
      '--kubelet-certificate-authority <file>',
      "who vouches for kubelets' certificates (default: nobody is asked)",
    )
    .option(
      '--egress-proxy <socket>',
      'reach pods and Services by HTTP CONNECT at this socket: unix:///PATH',
      checked(parseSocket),
    )
    .option(
      '--max-requests-inflight <n>',
      'reads at a time; 0: any number',
      parseCount,
      maxRequestsInFlight,
    )
    .option(
      '--max-mutating-requests-inflight <n>',
      'writes at a time; 0: any number',
      parseCount,
      maxMutatingRequestsInFlight,
    )
    .option(
      '--request-timeout <duration>',
      'how long a request may take',
      parseDuration,
      requestTimeoutMs,
    )
    .option('--event-ttl <duration>', 'how long Events are kept', parseDuration, 3_600_000)
    .option('--audit-log-path <file>', 'write who did what; - for standard output')
    .option('-v, --v <level>', 'how much to log: 0, 2, 4', parseCount, 0)
    .allowExcessArguments(false)
    .exitOverride();
  program.parse([...argv], { from: 'user' });
  const flags = program.opts<Flags>();
  const fault = faultOf(flags);
  if (fault !== undefined) program.error(`error: ${fault}`);
  return flags;
}

function parsePort(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) {
    throw new InvalidArgumentError('expected a port from 0 to 65535');
  }
  return Number(text);
}

function parseCount(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('expected a number from 0 on');
  return Number(text);
}

function parseBoolean(text: string): boolean {
  if (/^(?:true|t|1)$/i.test(text)) return true;
  if (/^(?:false|f|0)$/i.test(text)) return false;
  throw new InvalidArgumentError('expected true or false');
}

function parseDuration(text: string): number {
  const ms = parseDurationMs(text);
  if (ms === undefined || ms <= 0) {
    throw new InvalidArgumentError('expected a duration above 0 such as 1h or 1m30s');
  }
  return ms;
}

function parseEndpoints(text: string): string[] {
  return text.split(',').map((one) => {
    const url = URL.canParse(one) ? new URL(one) : undefined;
    if (!/^https?:$/.test(url?.protocol ?? '') || url?.pathname !== '/') {
      throw new InvalidArgumentError(`expected http://HOST:PORT or https://…, found ${one}`);
    }
    return url.origin;
  });
}

/** What does not fit is an error of this one flag. */
function checked<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
    }
  };
}

function parseSocket(text: string): string {
  if (/^unix:\/\/\/./.test(text)) return text;
  throw new Error(`expected unix:///PATH, found ${text}`);
}

function parseRange(text: string): string {
  return new IpRange(text).cidr;
}

function parseIp(text: string): string {
  const isV4 =
    /^(?:\d{1,3}\.){3}\d{1,3}$/.test(text) && text.split('.').every((one) => Number(one) < 256);
  if (isV4 || /^[\da-f:]*:[\da-f:]*$/i.test(text)) return text;
  throw new InvalidArgumentError('expected an IP address');
}

function parseModes(text: string): string[] {
  const modes = text.split(',');
  const unknown = modes.find((mode) => !AUTHORIZATION_MODES.includes(mode));
  if (unknown === undefined) return modes;
  throw new InvalidArgumentError(
    `expected some of ${AUTHORIZATION_MODES.join(', ')}, found ${unknown}`,
  );
}

function gather(text: string, before: readonly string[] = []): string[] {
  return [...before, ...text.split(',')];
}

/** What flags say together. */
function faultOf(flags: Flags): string | undefined {
  if (flags.dataDir === undefined && flags.etcdServers === undefined) {
    return 'one of --data-dir and --etcd-servers is needed';
  }
  if (flags.dataDir !== undefined && flags.etcdServers !== undefined) {
    return '--data-dir and --etcd-servers exclude each other';
  }
  if (flags.securePort === 0 && flags.insecurePort === 0) {
    return '--secure-port and --insecure-port are both 0: there is nothing to listen on';
  }
  if (flags.securePort === flags.insecurePort) {
    return `--secure-port and --insecure-port are both ${flags.securePort}`;
  }
  const pairs = [
    ['--tls-cert-file', flags.tlsCertFile, '--tls-private-key-file', flags.tlsPrivateKeyFile],
    ['--etcd-certfile', flags.etcdCertfile, '--etcd-keyfile', flags.etcdKeyfile],
    [
      '--kubelet-client-certificate',
      flags.kubeletClientCertificate,
      '--kubelet-client-key',
      flags.kubeletClientKey,
    ],
    [
      '--service-account-key-file',
      flags.serviceAccountKeyFile,
      '--service-account-signing-key-file',
      flags.serviceAccountSigningKeyFile,
    ],
  ] as const;
  for (const [one, first, other, second] of pairs) {
    if ((first === undefined) !== (second === undefined)) return `${one} and ${other} go together`;
  }
  return undefined;
}
