/** An API server in this process, on a store in memory, for maintainers' tests. */

import {
  type Clock,
  consoleLogger,
  newServiceUnavailable,
  RealClock,
  seededRandom,
  silentLogger,
} from '#apimachinery';
import type { Connection } from '../../../solutions/02-apiserver/connection.ts';
import { DEFAULT_LIMITS } from '../../../solutions/02-apiserver/filters/limits.ts';
import { ApiServer } from '../../../solutions/02-apiserver/server.ts';
import type { ApiServerOptions } from '../../../solutions/02-apiserver/server-options.ts';
import {
  newStore,
  openMemoryStorage,
} from '../../../solutions/02-apiserver/storage/open-storage.ts';
import { newCelCompiler } from '../../../solutions/02-apiserver/wire/cel.ts';
import { newTextParsers } from '../../../solutions/02-apiserver/wire/text-parsers.ts';

/** A running server and how to ask it. */
export interface TestServer {
  readonly server: ApiServer;
  /** Sends a request as somebody who may do anything. */
  ask(
    method: string,
    target: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Response>;
  /** Sends a request as whoever the headers say. */
  askAs(method: string, target: string, init?: RequestInit): Promise<Response>;
  stop(): Promise<void>;
}

export async function startTestServer(
  special: Partial<ApiServerOptions> & { readonly clock?: Clock } = {},
): Promise<TestServer> {
  const clock = special.clock ?? new RealClock();
  const random = seededRandom(special.clock ? 1 : Date.now());
  const memory = await openMemoryStorage({ clock, random });
  let id = 0;
  const server = new ApiServer({
    clock,
    random,
    log: process.env.TEST_LOG ? consoleLogger({ clock, level: 'warn' }) : silentLogger,
    store: newStore(memory.client, clock),
    parsers: newTextParsers(),
    descriptions: { type: () => undefined, field: () => undefined },
    serviceClusterIpRange: '10.96.0.0/12',
    serviceNodePortRange: { first: 30000, last: 32767 },
    advertiseAddress: '192.0.2.1',
    securePort: 6443,
    tokens: [],
    anonymous: true,
    authorizationModes: ['RBAC'],
    serviceAccounts: {
      issuers: ['https://test'],
      apiAudiences: ['https://test'],
      signer: { algorithm: 'RS256', keyId: 'k', sign: () => new Uint8Array([1]) } as never,
      verifier: { verify: () => false },
    },
    documents: new Map(),
    limits: DEFAULT_LIMITS,
    eventTtlSeconds: 3600,
    audit: { clock, newId: () => `audit-${++id}` },
    newNodeDialer: () => ({
      dial: async () => {
        throw newServiceUnavailable('there are no nodes here');
      },
    }),
    addresses: {
      dial: async () => {
        throw newServiceUnavailable('there is no network here');
      },
    },
    webhookClient: {
      call: async () => {
        throw new Error('there are no webhooks here');
      },
    },
    cel: newCelCompiler(),
    conditions: newCelCompiler(),
    ...special,
  });
  await server.start(new AbortController().signal);
  const send = async (trusted: boolean, target: string, init: RequestInit): Promise<Response> => {
    const connection: Connection = {
      rawTarget: target,
      peerCertificates: [],
      remoteAddress: '127.0.0.1',
      secure: true,
      trusted,
    };
    const answer = await server.handler(new Request('http://server/', init), connection);
    if (!(answer instanceof Response)) throw new Error('an upgrade');
    return answer;
  };
  return {
    server,
    ask: (method, target, body, headers = {}) =>
      send(true, target, {
        method,
        headers: { 'content-type': 'application/json', ...headers },
        ...(body !== undefined && {
          body: typeof body === 'string' ? body : JSON.stringify(body),
        }),
      }),
    askAs: (method, target, init = {}) => send(false, target, { method, ...init }),
    stop: async () => {
      await server.stop();
      await memory.stop();
    },
  };
}
