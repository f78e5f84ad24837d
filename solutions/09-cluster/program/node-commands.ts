/** `leave` and `token`: what an administrator does about nodes that come and go. */

import type { Secret } from 'kubernetes-types/core/v1.js';
import {
  type Clock,
  isNotFound,
  RealClock,
  realRandom,
  silentLogger,
  timestamp,
} from '#apimachinery';
import { type Client, NODES, SECRETS } from '#client';
import { type OpenClient, openClient } from '#client/node';
import { goDuration } from '#scheduler';
import {
  newToken,
  TOKEN_NAMESPACE,
  TOKEN_TYPE,
  tokenId,
  tokenSecret,
  tokenSecretName,
} from '../node-join/bootstrap-token.ts';
import { leaveCluster } from '../node-join/node-join.ts';
import type { LeaveFlags, TokenFlags } from './join-flags.ts';
import { realJoinPki } from './join-pki.ts';

type Say = (line: string) => void;

/** Empties a node and deletes it. */
export function runLeave({ name, kubeconfig, ...options }: LeaveFlags, say: Say): Promise<void> {
  return withClient(kubeconfig, async ({ client }, clock) => {
    // To leave twice is fine; to name nobody is a mistake.
    await client.resource(NODES).get(name);
    await leaveCluster(name, options, { client, clock });
    say(`node ${name} has left the cluster`);
  });
}

/** Makes, shows or deletes tokens. */
export function runToken(flags: TokenFlags, say: Say): Promise<void> {
  return withClient(flags.kubeconfig, async (opened, clock) => {
    const { client } = opened;
    switch (flags.verb) {
      case 'create':
        return say(await createToken(flags, opened, clock));
      case 'list':
        for (const line of await tokenLines(client, clock)) say(line);
        return;
      case 'delete':
        await deleteToken(flags.token ?? '', client);
        say(`bootstrap token "${flags.token}" deleted`);
    }
  });
}

async function createToken(
  { ttlMs, description, token = newToken(realRandom()) }: TokenFlags,
  { client, config }: OpenClient,
  clock: Clock,
): Promise<string> {
  const secret = tokenSecret(token, {
    ...(ttlMs > 0 && { expiresAt: clock.now() + ttlMs }),
    ...(description && { description }),
  });
  await client.resource(SECRETS, TOKEN_NAMESPACE).create(secret);
  const hashes = realJoinPki
    .authorityHashes(config.certificateAuthority ?? '')
    .map((hash) => ` --discovery-token-ca-cert-hash ${hash}`);
  return `npm run cluster -- join ${new URL(config.server).host} --token ${token}${hashes.join('')}`;
}

async function tokenLines(client: Client, clock: Clock): Promise<string[]> {
  const selection = { fieldSelector: `type=${TOKEN_TYPE}` };
  const { items } = await client.resource(SECRETS, TOKEN_NAMESPACE).list(selection);
  const rows = items.map((secret) => rowOf(secret, clock.now()));
  const table = [['TOKEN', 'TTL', 'EXPIRES', 'DESCRIPTION'], ...rows];
  const widths = [0, 1, 2].map((i) => Math.max(...table.map((row) => row[i]?.length ?? 0)) + 3);
  return table.map((row) =>
    row
      .map((text, i) => text.padEnd(widths[i] ?? 0))
      .join('')
      .trimEnd(),
  );
}

function rowOf({ data = {} }: Secret, now: number): string[] {
  const text = (key: string): string => atob(data[key] ?? '');
  const token = `${text('token-id')}.${text('token-secret')}`;
  const description = text('description') || '<none>';
  const expiresAt = Date.parse(text('expiration'));
  if (Number.isNaN(expiresAt)) return [token, '<forever>', '<never>', description];
  const leftMs = Math.floor((expiresAt - now) / 1000) * 1000;
  const ttl = leftMs > 0 ? goDuration(leftMs) : '<invalid>';
  return [token, ttl, timestamp(expiresAt), description];
}

/** @param text - a token, or its id */
async function deleteToken(text: string, client: Client): Promise<void> {
  const id = tokenId(text) ?? text;
  if (!/^[a-z0-9]{6}$/.test(id)) {
    throw new Error(`given token or token id "${text}" is of neither form`);
  }
  await client
    .resource(SECRETS, TOKEN_NAMESPACE)
    .delete(tokenSecretName(id))
    .catch((error: unknown) => {
      if (isNotFound(error)) throw new Error(`there is no bootstrap token ${id}`);
      throw error;
    });
}

async function withClient(
  kubeconfig: string,
  work: (opened: OpenClient, clock: Clock) => Promise<void>,
): Promise<void> {
  const clock = new RealClock();
  const opened = await openClient({
    kubeconfig,
    clock,
    log: silentLogger,
    userAgent: 'cluster',
  });
  try {
    await work(opened, clock);
  } finally {
    await opened.close();
  }
}
