/**
 * What is asked of the server itself: health, version, metrics, discovery, documents. Given.
 */

import { negotiate } from '../codec/media-types.ts';
import type { Answer, Context } from '../context.ts';
import { discoveryAnswer } from '../discovery/discovery.ts';
import { versionInfo } from '../discovery/version.ts';
import type { OpenApi } from '../openapi/openapi.ts';
import { notServed } from '../request-info.ts';
import type { ServedResources } from '../served-resources.ts';
import { plainAnswer } from './answers.ts';

/** A check of the server's health: resolves when all is well. */
export interface HealthCheck {
  readonly name: string;
  check(): Promise<void> | void;
}

export interface ServerEndpointsOptions {
  readonly served: ServedResources;
  readonly openApi: OpenApi;
  readonly checks: readonly HealthCheck[];
  /** In the form Prometheus reads. */
  readonly metrics: () => string;
  /** JSON by path: `/openid/v1/jwks`. */
  readonly documents: ReadonlyMap<string, () => object>;
}

const TEXT_HEADERS = {
  'Content-Type': 'text/plain; charset=utf-8',
  'X-Content-Type-Options': 'nosniff',
};

/** Answers what is no resource request. */
export async function handleServerEndpoint(
  context: Context,
  options: ServerEndpointsOptions,
): Promise<Answer> {
  const { path, incoming } = context;
  if (incoming.method !== 'GET' && incoming.method !== 'HEAD') throw notServed();
  const [, first = '', ...rest] = path.split('/');
  if (HEALTH.has(first)) return health(first, rest.join('/'), context, options.checks);
  if (path === '/version' || path === '/version/') return plainAnswer(versionInfo, 200);
  if (path === '/metrics') {
    return { status: 200, headers: METRICS_HEADERS, body: options.metrics() };
  }
  const document = options.documents.get(path);
  if (document) return plainAnswer(document(), 200);
  const accept = incoming.headers.get('accept');
  if (first === 'openapi') {
    const answer = await options.openApi.answer(path, {
      accept,
      ifNoneMatch: incoming.headers.get('if-none-match'),
    });
    if (answer) return answer;
  }
  const found = discoveryAnswer(
    path,
    negotiate(accept),
    options.served,
    incoming.headers.get('if-none-match'),
  );
  if (found) return found;
  throw notServed();
}

const METRICS_HEADERS = { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' };
const HEALTH = new Set(['healthz', 'livez', 'readyz']);

async function health(
  endpoint: string,
  only: string,
  { query }: Context,
  checks: readonly HealthCheck[],
): Promise<Answer> {
  const chosen = only === '' ? checks : checks.filter(({ name }) => name === only);
  if (chosen.length === 0) throw notServed();
  const excluded = new Set(query.getAll('exclude'));
  const lines: string[] = [];
  let failed = false;
  for (const { name, check } of chosen) {
    if (excluded.has(name)) {
      lines.push(`[+]${name} excluded: ok`);
      continue;
    }
    try {
      await check();
      lines.push(`[+]${name} ok`);
    } catch {
      // Why is for the log: whoever asks may be nobody in particular.
      failed = true;
      lines.push(`[-]${name} failed: reason withheld`);
    }
  }
  if (failed) {
    const body = `${lines.join('\n')}\n${endpoint} check failed\n`;
    return { status: 500, headers: TEXT_HEADERS, body };
  }
  const isVerbose = query.has('verbose');
  const body = isVerbose ? `${lines.join('\n')}\n${endpoint} check passed\n` : 'ok';
  return { status: 200, headers: TEXT_HEADERS, body };
}
