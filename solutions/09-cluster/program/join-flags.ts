/** The flags of `join`, `leave` and `token`, after kubeadm's and kubectl's. */

import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { checked, parseCount, parseDurationMs } from '#apimachinery/program';
import { tokenId } from '../node-join/bootstrap-token.ts';

const COMMANDS = ['join', 'leave', 'token'] as const;

/** What the cluster program can do besides running a cluster. */
export type NodeCommand =
  | { readonly command: 'join'; readonly flags: JoinFlags }
  | { readonly command: 'leave'; readonly flags: LeaveFlags }
  | { readonly command: 'token'; readonly flags: TokenFlags };

/** How a node of another process comes. */
export interface JoinFlags {
  /** `https://127.0.0.1:6443` */
  readonly server: string;
  readonly token: string;
  readonly hashes: readonly string[];
  readonly name: string;
  /** Absent: one of 127.0.2.0/24 that no other node has. */
  readonly nodeIp?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly dataDir: string;
  readonly timeoutMs: number;
  readonly v: number;
}

/** Where a cluster's administrator finds it. */
interface AdminFlags {
  readonly kubeconfig: string;
}

/** How a node goes. */
export interface LeaveFlags extends AdminFlags {
  readonly name: string;
  readonly force: boolean;
  readonly deleteEmptyDirData: boolean;
  readonly gracePeriodSeconds?: number;
  readonly timeoutMs?: number;
}

/** What is to be done to tokens. */
export interface TokenFlags extends AdminFlags {
  readonly verb: 'create' | 'list' | 'delete';
  /** To create: absent makes a new one. To delete: this one, or the one with this id. */
  readonly token?: string;
  readonly description?: string;
  /** 0: for ever. */
  readonly ttlMs: number;
}

/** Is this for {@link parseNodeCommand}? */
export function isNodeCommand(argv: readonly string[]): boolean {
  return COMMANDS.some((name) => name === argv[0]);
}

/**
 * Reads flags.
 *
 * @throws CommanderError after it has said in one line what is wrong; with exit code 0 after `--help`
 */
export function parseNodeCommand(argv: readonly string[]): NodeCommand {
  let found: NodeCommand | undefined;
  const program = new Command('cluster').exitOverride();
  addJoin(program, (flags) => {
    found = { command: 'join', flags };
  });
  addLeave(program, (flags) => {
    found = { command: 'leave', flags };
  });
  addToken(program, (flags) => {
    found = { command: 'token', flags };
  });
  program.parse([...argv], { from: 'user' });
  return found ?? program.error('error: which command?');
}

const DAY_MS = 24 * 3_600_000;
const TIMEOUT_MS = 5 * 60_000;

function addJoin(program: Command, found: (flags: JoinFlags) => void): void {
  program
    .command('join')
    .description('Adds a node, which this process is, to a cluster that runs.')
    .argument('<server>', 'where the API server is: 127.0.0.1:6443', checked(serverUrl))
    .requiredOption('--token <token>', 'of: npm run cluster -- token create', checked(checkedToken))
    .requiredOption(
      '--discovery-token-ca-cert-hash <hash>',
      "of the cluster's authority: sha256:HEX; may be repeated",
      gatherHash,
    )
    .option('--node-name <name>', "the node's name", checked(checkedName), hostname().toLowerCase())
    .option(
      '--node-ip <ip>',
      'its address, 127.a.b.c (default: a free one of 127.0.2.0/24)',
      checked(checkedIp),
    )
    .option('--node-labels <labels>', 'key=value,…', checked(checkedLabels), {})
    .option('--data-dir <folder>', 'keep everything here (default: .course/nodes/NAME)')
    .option('--timeout <duration>', 'how long to wait for the cluster', parseDurationMs, TIMEOUT_MS)
    .option('-v, --v <level>', 'how much to log: 0, 2, 4', parseCount, 0)
    .action((server: string, options) => {
      const name: string = options.nodeName;
      found({
        server,
        token: options.token,
        hashes: options.discoveryTokenCaCertHash,
        name,
        ...(options.nodeIp && { nodeIp: options.nodeIp }),
        labels: options.nodeLabels,
        dataDir: resolve(options.dataDir ?? join('.course', 'nodes', name)),
        timeoutMs: options.timeout,
        v: options.v,
      });
    });
}

function addLeave(program: Command, found: (flags: LeaveFlags) => void): void {
  withKubeconfig(program.command('leave'))
    .description('Empties a node and takes it out of the cluster, as kubectl drain and delete do.')
    .argument('<node>', 'its name')
    .option('--force', 'also pods that nobody makes again', false)
    .option('--delete-emptydir-data', 'also pods with data that goes with them', false)
    .option('--grace-period <seconds>', 'for each pod (default: what it says)', parseCount)
    .option('--timeout <duration>', 'give up after so long (default: never)', parseDurationMs)
    .action((name: string, options) =>
      found({
        name,
        kubeconfig: kubeconfigOf(options),
        force: options.force,
        deleteEmptyDirData: options.deleteEmptydirData,
        ...(options.gracePeriod !== undefined && { gracePeriodSeconds: options.gracePeriod }),
        ...(options.timeout !== undefined && { timeoutMs: options.timeout }),
      }),
    );
}

function addToken(program: Command, found: (flags: TokenFlags) => void): void {
  const token = program.command('token').description('Tokens with which nodes join.');
  withKubeconfig(token.command('create'))
    .description('Makes one, and prints the command that joins with it.')
    .argument('[token]', 'ID.SECRET (default: a new one)', checked(checkedToken))
    .option('--ttl <duration>', 'how long it is good; 0: for ever', parseTtl, DAY_MS)
    .option('--description <text>', 'what it is for')
    .action((given: string | undefined, options) =>
      found({
        verb: 'create',
        kubeconfig: kubeconfigOf(options),
        ttlMs: options.ttl,
        ...(given !== undefined && { token: given }),
        ...(options.description && { description: options.description }),
      }),
    );
  withKubeconfig(token.command('list'))
    .description('Shows those that there are.')
    .action((options) => found({ verb: 'list', kubeconfig: kubeconfigOf(options), ttlMs: 0 }));
  withKubeconfig(token.command('delete'))
    .description('Takes one back.')
    .argument('<token>', 'it, or its id')
    .action((given: string, options) =>
      found({ verb: 'delete', kubeconfig: kubeconfigOf(options), ttlMs: 0, token: given }),
    );
}

function withKubeconfig(command: Command): Command {
  return command
    .option('--data-dir <folder>', 'the folder of the cluster', join('.course', 'cluster'))
    .option('--kubeconfig <file>', 'how to reach it (default: in its folder)');
}

function kubeconfigOf(options: { dataDir: string; kubeconfig?: string }): string {
  return resolve(options.kubeconfig ?? join(options.dataDir, 'kubeconfig'));
}

function serverUrl(text: string): string {
  const url = URL.canParse(`https://${text}`) ? new URL(`https://${text}`) : undefined;
  if (url && /^[^/@]+$/.test(text)) return url.origin;
  throw new Error('expected HOST:PORT');
}

function checkedToken(text: string): string {
  if (tokenId(text) !== undefined) return text;
  throw new Error('expected "[a-z0-9]{6}.[a-z0-9]{16}"');
}

function gatherHash(text: string, before: readonly string[] = []): string[] {
  if (!/^sha256:[0-9a-fA-F]{64}$/.test(text)) {
    throw new InvalidArgumentError('expected sha256: and 64 hexadecimal digits');
  }
  return [...before, text.toLowerCase()];
}

function checkedName(text: string): string {
  if (/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(text)) return text;
  throw new Error("expected a node's name: small letters, digits, - and .");
}

function checkedIp(text: string): string {
  const isLoopback =
    /^127(?:\.\d{1,3}){3}$/.test(text) && text.split('.').every((part) => Number(part) < 256);
  if (isLoopback) return text;
  throw new Error('expected an address of this computer alone: 127.a.b.c');
}

function checkedLabels(text: string): Record<string, string> {
  const pairs = text.split(',').map((pair) => pair.split('='));
  if (pairs.every((pair) => pair.length === 2 && pair[0] !== '')) return Object.fromEntries(pairs);
  throw new Error('expected key=value, with commas between');
}

function parseTtl(text: string): number {
  return text === '0' ? 0 : parseDurationMs(text);
}
