/**
 * `join`: this process becomes a node of a cluster that runs. Here it gets its credentials, as with
 * kubeadm; what runs then is `joined-member.ts`.
 */

import { setMaxListeners } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Clock,
  consoleLogger,
  type Logger,
  NodeFileSystem,
  type Random,
  RealClock,
  realRandom,
} from '#apimachinery';
import { sayStopped, whenOrphaned } from '#apimachinery/program';
import { newRestClient } from '#client';
import { newHttpTransport, openClient } from '#client/node';
import { untilAborted } from '../assembly/until-aborted.ts';
import type { JoinConnection, JoinWorld } from '../node-join/join-world.ts';
import { joinNode, KUBELET_CONF } from '../node-join/node-join.ts';
import type { JoinFlags } from './join-flags.ts';
import { realJoinPki } from './join-pki.ts';
import { type Member, newMember, stateOf } from './joined-member.ts';

const LEVELS = ['error', 'warn', 'info', 'info', 'debug'] as const;

/** What a node that joins works with. */
export interface JoinContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** The folder of its credentials. */
  readonly credentials: string;
  readonly say: (line: string) => void;
}

/** Joins, and runs the node until it is told to stop, or has left the cluster. */
export async function runJoin(flags: JoinFlags, say: (line: string) => void): Promise<void> {
  // Very many parts listen to one signal.
  setMaxListeners(0);
  const stopped = new AbortController();
  const stop = (): void => stopped.abort();
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  whenOrphaned(stop);
  const clock = new RealClock();
  const log = consoleLogger({ clock, level: LEVELS[flags.v] ?? 'debug' });
  const credentials = join(flags.dataDir, 'pki');
  const context = { clock, random: realRandom(), log, credentials, say };
  mkdirSync(join(flags.dataDir, 'root'), { recursive: true });
  const member = await Promise.race([become(flags, context), untilAborted(stopped.signal)]);
  if (member) await member.run(stopped);
  sayStopped();
}

async function become(flags: JoinFlags, context: JoinContext): Promise<Member> {
  if ((await ensureCredentials(flags, context)) === 'joined') {
    await refuseTakenName(flags, context);
    context.say('This node has joined the cluster:');
    context.say('* Certificate signing request was sent to apiserver and a response was received.');
    context.say('* The Kubelet was informed of the new secure connection details.');
  }
  return newMember(flags, context);
}

async function ensureCredentials(
  { name, server, token, hashes, timeoutMs }: JoinFlags,
  context: JoinContext,
): Promise<'joined' | 'unchanged'> {
  const closers: (() => Promise<void>)[] = [];
  const world: JoinWorld = {
    connect: (to) => {
      const { client, close } = clientTo(to, context);
      closers.push(close);
      return client;
    },
    files: new NodeFileSystem(),
    directory: context.credentials,
    pki: realJoinPki,
    clock: context.clock,
  };
  try {
    return await joinNode({ name, server, token, authorityHashes: hashes, timeoutMs }, world);
  } finally {
    for (const close of closers) await close();
  }
}

function clientTo({ server, token, authority }: JoinConnection, { clock, log }: JoinContext) {
  const trust =
    authority === undefined ? { insecureSkipTlsVerify: true } : { certificateAuthority: authority };
  const user = token === undefined ? {} : { token };
  const config = { server, namespace: 'default', user, ...trust };
  const { transport, close } = newHttpTransport(config, { clock, log });
  return { client: newRestClient({ clock, log, transport, server, userAgent: 'kubeadm' }), close };
}

/** @throws Error, as a rejection, when there is a node of that name and it runs: two would fight */
async function refuseTakenName({ name }: JoinFlags, context: JoinContext): Promise<void> {
  const kubeconfig = join(context.credentials, KUBELET_CONF);
  const { client, close } = await openClient({ ...context, kubeconfig, userAgent: 'kubelet' });
  const state = await stateOf(name, client);
  await close();
  if (state !== 'ready') return;
  new NodeFileSystem().remove(kubeconfig);
  throw new Error(
    `a Node with name "${name}" and status "Ready" already exists in the cluster. You must delete the existing Node or change the name of this new joining Node`,
  );
}
