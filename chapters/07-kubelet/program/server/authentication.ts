/** Who asks the kubelet something, and whether they may: asked of the API server, as upstream. */

import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '#apimachinery';
import type { Client, ResourceType } from '#client';

/** Whom the kubelet answers. */
export interface GuardOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly nodeName: string;
  /** Are client certificates looked at? Their authority is the server's `ca`. */
  readonly hasClientCa: boolean;
  /** Are tokens asked of the API server (TokenReview)? */
  readonly tokens: boolean;
  readonly anonymous: boolean;
  /** Is every request asked of the API server (SubjectAccessReview)? Else whoever is known may do all. */
  readonly webhookAuthorization: boolean;
}

interface User {
  readonly username: string;
  readonly groups: readonly string[];
  readonly uid?: string;
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

const REVIEW_MS = { good: 120_000, bad: 30_000 };

const TOKEN_REVIEWS = reviews('authentication.k8s.io', 'tokenreviews', 'TokenReview');
const ACCESS_REVIEWS = reviews(
  'authorization.k8s.io',
  'subjectaccessreviews',
  'SubjectAccessReview',
);

function reviews(group: string, resource: string, kind: string): ResourceType {
  return { group, version: 'v1', resource, kind, namespaced: false };
}

/** @returns `undefined` when it may go on, else the refusal */
export type Guard = (
  request: IncomingMessage,
) => Promise<{ status: number; text: string } | undefined>;

export function newGuard(options: GuardOptions): Guard {
  const known = new Map<string, { readonly value: unknown; readonly until: number }>();
  const remembered = async <T>(
    key: string,
    ask: () => Promise<T>,
    isGood: (value: T) => boolean,
  ): Promise<T> => {
    const now = options.clock.monotonic();
    const old = known.get(key);
    if (old && old.until > now) return old.value as T;
    const value = await ask();
    if (known.size > 1000) known.clear();
    known.set(key, { value, until: now + (isGood(value) ? REVIEW_MS.good : REVIEW_MS.bad) });
    return value;
  };
  return async (request) => {
    const user = await userOf(options, request, (token) =>
      remembered(
        `token ${token}`,
        () => reviewToken(options.client, token),
        (one) => one !== undefined,
      ),
    );
    if (user === undefined) return { status: 401, text: 'Unauthorized' };
    if (!options.webhookAuthorization) return undefined;
    const { verb, subresources } = attributesOf(request);
    const mayUse = (subresource: string): Promise<boolean> =>
      remembered(
        `access ${JSON.stringify([user, verb, subresource])}`,
        () => reviewAccess(options, user, verb, subresource),
        (one) => one,
      );
    try {
      for (const subresource of subresources) if (await mayUse(subresource)) return undefined;
    } catch {
      const text = `Authorization error (${asked(user, verb, subresources)})`;
      return { status: 500, text };
    }
    return { status: 403, text: `Forbidden (${asked(user, verb, subresources)})` };
  };
}

function asked({ username }: User, verb: string, subresources: readonly string[]): string {
  return `user=${username}, verb=${verb}, resource=nodes, subresource(s)=[${subresources.join(' ')}]`;
}

async function userOf(
  { hasClientCa, tokens, anonymous }: GuardOptions,
  request: IncomingMessage,
  review: (token: string) => Promise<User | undefined>,
): Promise<User | undefined> {
  const socket = request.socket as TLSSocket;
  if (hasClientCa && socket.authorized) {
    const { subject } = socket.getPeerCertificate();
    if (subject?.CN) {
      const groups = subject.O === undefined ? [] : [subject.O].flat();
      return { username: String(subject.CN), groups: [...groups, 'system:authenticated'] };
    }
  }
  const [, token] = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '') ?? [];
  // Who shows a bad token is nobody, not even anonymous; nor is anybody when it cannot be looked into.
  if (token !== undefined && tokens) return review(token).catch(() => undefined);
  return anonymous
    ? { username: 'system:anonymous', groups: ['system:unauthenticated'] }
    : undefined;
}

async function reviewToken(client: Client, token: string): Promise<User | undefined> {
  const answer = (await client.resource(TOKEN_REVIEWS).create({ spec: { token } } as never)) as {
    status?: { authenticated?: boolean; user?: User };
  };
  return answer.status?.authenticated ? answer.status.user : undefined;
}

async function reviewAccess(
  { client, nodeName }: GuardOptions,
  { username, groups, uid, extra }: User,
  verb: string,
  subresource: string,
): Promise<boolean> {
  const resourceAttributes = {
    verb,
    resource: 'nodes',
    subresource,
    name: nodeName,
    version: 'v1',
  };
  const who = { user: username, groups, ...(uid && { uid }), ...(extra && { extra }) };
  const spec = { ...who, resourceAttributes };
  const answer = (await client.resource(ACCESS_REVIEWS).create({ spec } as never)) as {
    status?: { allowed?: boolean };
  };
  return answer.status?.allowed === true;
}

const VERBS: Readonly<Record<string, string>> = {
  GET: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** What allows a path; `proxy` allows what has a name of its own since 1.32, too. */
const SUBRESOURCES: Readonly<Record<string, readonly string[]>> = {
  stats: ['stats'],
  metrics: ['metrics'],
  logs: ['log'],
  checkpoint: ['checkpoint'],
  pods: ['pods', 'proxy'],
  runningpods: ['pods', 'proxy'],
  healthz: ['healthz', 'proxy'],
  configz: ['configz', 'proxy'],
};

/** @see pkg/kubelet/server/auth.go (1.33) */
function attributesOf({ method = 'GET', url = '' }: IncomingMessage): {
  verb: string;
  subresources: readonly string[];
} {
  const first = url.split(/[/?]/)[1] ?? '';
  return { verb: VERBS[method] ?? '', subresources: SUBRESOURCES[first] ?? ['proxy'] };
}
