/**
 * The cluster as a program: what `npm run cluster` starts. Flags are `program/flags.ts`; in one process
 * it is `program/one-process.ts`, with `--processes` `program/processes.ts`. What is said to a cluster that
 * runs already (`join`, `leave`, `token`) begins in `program/join-flags.ts`.
 */

import { setMaxListeners } from 'node:events';
import { consoleLogger, NodeFileSystem, RealClock } from '#apimachinery';
import { sayStopped, startProgram, whenOrphaned } from '#apimachinery/program';
import { ensureCredentials } from './bootstrap/bootstrap.ts';
import { realPki } from './program/certificates.ts';
import type { ClusterOptions } from './program/cluster-options.ts';
import { type Flags, NAME, parseFlags } from './program/flags.ts';
import { isNodeCommand, type NodeCommand, parseNodeCommand } from './program/join-flags.ts';
import { runLeave, runToken } from './program/node-commands.ts';
import { placeKubeconfig, runInOneProcess } from './program/one-process.ts';
import { programsOf, runInProcesses } from './program/processes.ts';
import { runJoin } from './program/run-join.ts';
import { pathsOf, shapeOf } from './program/shape.ts';

const LEVELS = ['error', 'warn', 'info', 'info', 'debug'] as const;
const DECISION_TRACES = 1000;
/** Where `npm run cluster` says which file the page's program is. */
const PAGE_VARIABLE = 'CLUSTER_PAGE';

async function run(flags: Flags): Promise<void> {
  // Very many parts listen to one signal.
  setMaxListeners(0);
  const stopped = new AbortController();
  const stop = (): void => stopped.abort();
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  whenOrphaned(stop);
  const clock = new RealClock();
  const log = consoleLogger({ clock, level: LEVELS[flags.v] ?? 'debug' });
  const [shape, paths] = [shapeOf(flags), pathsOf(flags)];
  const credentials = await ensureCredentials(shape, {
    files: new NodeFileSystem(),
    directory: paths.pki,
    pki: realPki,
    clock,
  });
  placeKubeconfig(paths);
  const waiting = new Set(shape.nodes.map(({ name }) => name));
  const options: ClusterOptions = {
    shape,
    paths,
    credentials,
    port: flags.port,
    log,
    decisionTraces: DECISION_TRACES,
    ...(flags.page && {
      page: { port: flags.pagePort, script: process.env[PAGE_VARIABLE], say },
    }),
    onReady: (part) => {
      if (part === 'kube-apiserver') {
        // Alone in its process, the API server says so itself.
        if (flags.processes) say(`listening on ${shape.server}`);
        say(`export KUBECONFIG=${paths.kubeconfig}`);
      }
      if (waiting.delete(part) && waiting.size === 0) say('ready');
    },
  };
  if (flags.processes) await runInProcesses(options, programsOf(process.env), stopped.signal);
  else await runInOneProcess(options, stopped.signal);
  sayStopped();
}

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

async function runNodeCommand(asked: NodeCommand): Promise<void> {
  switch (asked.command) {
    case 'join':
      return runJoin(asked.flags, say);
    case 'leave':
      return runLeave(asked.flags, say);
    case 'token':
      return runToken(asked.flags, say);
  }
}

if (isNodeCommand(process.argv.slice(2))) {
  startProgram({ name: NAME, parseFlags: parseNodeCommand, run: runNodeCommand });
} else {
  startProgram({ name: NAME, parseFlags, run });
}
