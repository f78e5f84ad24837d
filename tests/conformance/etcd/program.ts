/**
 * Starts an etcd program, the real one or ours, on a free port and an empty folder.
 */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compiledProgram } from '../compiled-program.ts';

const root = join(import.meta.dirname, '..', '..', '..');
/** How long a program may take to answer. */
const START_MS = 20_000;

/** A program that runs. */
export interface Program {
  /** For example `127.0.0.1:23791`. */
  readonly endpoint: string;
  readonly child: ChildProcess;
  /** Ends it with SIGTERM. */
  stop(): Promise<void>;
}

/** The real etcd's path, if it is installed. */
export function findRealEtcd(): string | undefined {
  try {
    execFileSync('etcd', ['--version'], { stdio: 'ignore' });
    return 'etcd';
  } catch {
    return undefined;
  }
}

/** Starts the real etcd in a folder of its own, which goes when it stops. */
export async function startRealEtcd(flags: readonly string[] = []): Promise<Program> {
  const folder = await mkdtemp(join(tmpdir(), 'etcd-real-'));
  const [client, peer] = [await freePort(), await freePort()];
  const clientUrl = `http://127.0.0.1:${client}`;
  const peerUrl = `http://127.0.0.1:${peer}`;
  const child = spawn(
    'etcd',
    [
      ...['--data-dir', folder, '--logger', 'zap', '--log-level', 'error'],
      ...['--listen-client-urls', clientUrl, '--advertise-client-urls', clientUrl],
      ...['--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl],
      ...['--initial-cluster', `default=${peerUrl}`, ...flags],
    ],
    { stdio: 'ignore' },
  );
  const endpoint = `127.0.0.1:${client}`;
  await untilHealthy(`http://${endpoint}/health`);
  return program(endpoint, child, folder);
}

/** Starts our etcd from the solutions. */
export async function startOurEtcd(
  flags: readonly string[] = [],
  options: { readonly folder?: string; readonly nodeFlags?: readonly string[] } = {},
): Promise<Program> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'etcd-ours-')));
  const child = spawn(
    process.execPath,
    [
      ...(options.nodeFlags ?? []),
      await compiledProgram('01-etcd'),
      ...['--listen-client-urls', 'http://127.0.0.1:0', '--data-dir', folder, ...flags],
    ],
    { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const port = await portOf(child);
  return program(`127.0.0.1:${port}`, child, options.folder === undefined ? folder : undefined);
}

function program(endpoint: string, child: ChildProcess, folder: string | undefined): Program {
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    endpoint,
    child,
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
      if (folder !== undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Reads the chosen port from what the program prints before `ready`. */
async function portOf(child: ChildProcess): Promise<number> {
  let printed = '';
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`etcd ended with ${code} before it was ready`)));
    child.stdout?.on('data', (piece) => {
      printed += String(piece);
      const port = /listening on http:\/\/[^:]+:(\d+)/.exec(printed)?.[1];
      if (port !== undefined && /^ready$/m.test(printed)) resolve(Number(port));
    });
  });
}

async function untilHealthy(url: string): Promise<void> {
  const deadline = performance.now() + START_MS;
  for (;;) {
    try {
      const response = await fetch(url);
      if (response.ok && (await response.text()).includes('true')) return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    if (performance.now() > deadline) throw new Error(`${url} was not healthy in time`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
