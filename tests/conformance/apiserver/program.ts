/** Starts our kube-apiserver program on a free port, with certificates and a store of its own. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compiledProgram } from '../compiled-program.ts';

const root = join(import.meta.dirname, '..', '..', '..');

/** A program that runs. */
export interface Program {
  /** For example `https://127.0.0.1:40123`. */
  readonly endpoint: string;
  /** Credentials of somebody who may do everything. */
  readonly kubeconfig: string;
  readonly child: ChildProcess;
  /** Ends it with SIGTERM. */
  stop(): Promise<void>;
}

/**
 * Starts our API server from the solutions; resolves when it is ready.
 *
 * @param flags - more of them; an etcd of its own is kept in a new folder unless they name another
 */
export async function startOurApiServer(flags: readonly string[] = []): Promise<Program> {
  const folder = await mkdtemp(join(tmpdir(), 'apiserver-ours-'));
  const port = await freePort();
  const store = flags.includes('--etcd-servers') ? [] : ['--data-dir', join(folder, 'data')];
  const child = spawn(
    process.execPath,
    [
      await compiledProgram('02-apiserver'),
      ...['--secure-port', String(port), '--bind-address', '127.0.0.1'],
      ...['--cert-dir', join(folder, 'pki'), ...store, ...flags],
    ],
    { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const exited = once(child, 'exit');
  await untilReady(child);
  return {
    endpoint: `https://127.0.0.1:${port}`,
    kubeconfig: join(folder, 'pki', 'admin.conf'),
    child,
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function untilReady(child: ChildProcess): Promise<void> {
  let printed = '';
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) =>
      reject(new Error(`kube-apiserver ended with ${code} before it was ready`)),
    );
    child.stdout?.on('data', (piece) => {
      printed += String(piece);
      if (/^ready$/m.test(printed)) resolve();
    });
  });
}

/** A port that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
