/** Starts the API server as people start it, on a free port and an empty folder. */

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  findRealEtcd,
  type Program,
  startRealEtcd,
} from '../../../tests/conformance/etcd/program.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const CONDITIONS = ['ref-apimachinery', 'ref-etcd', 'ref-apiserver'].flatMap((one) => ['-C', one]);

/** The API server on an etcd of its own, in the same process; every write is synced. */
export async function startOnEmbeddedStore(): Promise<Program> {
  return start([], () => {});
}

/** The API server on the real etcd; `undefined` when that is not installed. */
export async function startOnRealEtcd(): Promise<Program | undefined> {
  if (findRealEtcd() === undefined) return undefined;
  const etcd = await startRealEtcd(['--quota-backend-bytes', String(4 * 2 ** 30)]);
  return start(['--etcd-servers', `http://${etcd.endpoint}`], () => etcd.stop());
}

/** Runs `handler.ts`: the server without a wire. @returns what it prints */
export async function runHandler(job: object): Promise<string> {
  const child = spawn(
    process.execPath,
    [
      ...['--import', 'tsx', ...CONDITIONS],
      join(import.meta.dirname, 'handler.ts'),
      JSON.stringify(job),
    ],
    { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let printed = '';
  child.stdout.on('data', (piece) => {
    printed += String(piece);
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`measuring in process ended with ${code}`);
  return printed;
}

async function start(flags: readonly string[], andThen: () => unknown): Promise<Program> {
  const folder = await mkdtemp(join(tmpdir(), 'apiserver-bench-'));
  const port = await freePort();
  const store = flags.length > 0 ? flags : ['--data-dir', folder];
  const child = spawn(
    process.execPath,
    [
      ...['--import', 'tsx', ...CONDITIONS],
      join(root, 'solutions', '02-apiserver', 'main.ts'),
      ...['--insecure-port', String(port), '--secure-port', '0', '--cert-dir', join(folder, 'pki')],
      ...store,
    ],
    { cwd: root, stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`kube-apiserver ended with ${code}`)));
    let printed = '';
    child.stdout.on('data', (piece) => {
      printed += String(piece);
      if (/^ready$/m.test(printed)) resolve();
    });
  });
  return {
    endpoint: `127.0.0.1:${port}`,
    child,
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
      await andThen();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
