/** A cluster that runs, started as `npm run cluster` starts it, and the real kubectl to drive it. */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../conformance/apiserver/program.ts';
import { compiledProgram } from '../conformance/compiled-program.ts';

const run = promisify(execFile);

/** Components that are programs of their own. */
const PROGRAMS: Readonly<Record<string, string>> = {
  etcd: '01-etcd',
  apiserver: '02-apiserver',
  'controller-manager': '04-controller-manager',
  scheduler: '05-scheduler',
  'container-runtime': '06-container-runtime',
  kubelet: '07-kubelet',
  'kube-proxy': '08-kube-proxy',
};
const KUBECTL_TIMEOUT_MS = 60_000;

/** What drives it. */
export interface RunningCluster {
  readonly kubeconfig: string;
  /** @returns what it printed. Rejects when it fails. */
  kubectl(...args: string[]): Promise<string>;
  /** Stops it as Ctrl-C does. @returns the last line it printed */
  stop(): Promise<string>;
}

/** Another process with a node of the cluster. */
export interface JoinedNode {
  /** What it has printed so far. */
  printed(): string;
  /** Ends it, at once and without a word or as Ctrl-C does, unless it has ended. */
  stop(signal?: 'SIGKILL' | 'SIGINT'): Promise<void>;
  /** Resolves when it ends by itself. */
  readonly ended: Promise<unknown>;
}

/** Runs one of the cluster program's other commands to its end. @returns what it printed */
export async function clusterCommand(...args: string[]): Promise<string> {
  const program = await compiledProgram('09-cluster');
  const { stdout } = await run(process.execPath, [program, ...args], {
    timeout: KUBECTL_TIMEOUT_MS,
  });
  return stdout;
}

/**
 * Starts a process that joins a cluster, and waits until its node is ready.
 *
 * @param line - as `token create` prints it
 */
export async function startJoined(line: string, flags: readonly string[]): Promise<JoinedNode> {
  const [, rest = ''] = /^npm run cluster -- (join .*)$/m.exec(line) ?? [];
  const args = [await compiledProgram('09-cluster'), ...rest.split(' '), ...flags];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const printed = await untilReady(child);
  return {
    printed,
    ended,
    stop: async (signal = 'SIGINT') => {
      child.kill(signal);
      await ended;
    },
  };
}

/** Starts a cluster of three nodes, and waits until it says that it is ready. */
export async function startCluster(
  folder: string,
  { isOfProcesses }: { isOfProcesses: boolean },
): Promise<RunningCluster> {
  const kubeconfig = join(folder, 'kubeconfig');
  const child = spawn(
    process.execPath,
    [
      await compiledProgram('09-cluster'),
      ...['--nodes', '3', '--port', String(await freePort()), '--no-page'],
      ...['--data-dir', join(folder, 'data'), '--kubeconfig', kubeconfig],
      ...(isOfProcesses ? ['--processes'] : []),
    ],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...(isOfProcesses && { CLUSTER_PROGRAMS: await programs() }) },
    },
  );
  const printed = await untilReady(child);
  return {
    kubeconfig,
    kubectl: async (...args) => {
      const { stdout } = await run('kubectl', args, {
        env: { ...process.env, KUBECONFIG: kubeconfig },
        timeout: KUBECTL_TIMEOUT_MS,
      });
      return stdout;
    },
    stop: async () => {
      child.kill('SIGINT');
      if (child.exitCode === null) await once(child, 'exit');
      return printed().trim().split('\n').at(-1) ?? '';
    },
  };
}

async function programs(): Promise<string> {
  const paths: Record<string, string> = {};
  for (const [component, chapter] of Object.entries(PROGRAMS)) {
    paths[component] = await compiledProgram(chapter);
  }
  return JSON.stringify(paths);
}

function untilReady(child: ChildProcess): Promise<() => string> {
  let printed = '';
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the cluster ended with ${code}: ${printed}`)));
    // Read to the end, or what is written later ends the program.
    child.stdout?.on('data', (piece) => {
      printed += String(piece);
      if (/^ready$/m.test(printed)) resolve(() => printed);
    });
  });
}

/** A page's text, over a connection of its own, so that each request may get to another pod. */
export function page(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = http.get(url, { agent: false, timeout: 10_000 }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece) => {
        text += piece;
      });
      response.on('end', () => resolve(text));
    });
    request.once('timeout', () => request.destroy(new Error(`${url} does not answer`)));
    request.once('error', reject);
  });
}
