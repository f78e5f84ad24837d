/**
 * Ten thousand requests nobody would send: the server answers each with something sensible, never with
 * a 500, and never hangs. `FUZZ_SEED=…` repeats a run.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Random, seededRandom } from '#apimachinery';
import type { ObjectSchema, Schema } from '../../../solutions/02-apiserver/schema/schema.ts';
import type { ServedResource } from '../../../solutions/02-apiserver/served-resources.ts';
import { startTestServer, type TestServer } from './test-server.ts';

const REQUESTS = 10_000;
const seed = process.env.FUZZ_SEED ?? String(Date.now() % 1_000_000);

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  // With these, admission has something to do for every pod.
  const inDefault = '/api/v1/namespaces/default';
  const made = (kind: string, more: object = {}) => ({
    kind,
    apiVersion: 'v1',
    metadata: { name: 'default' },
    ...more,
  });
  await server.ask('POST', `${inDefault}/serviceaccounts`, made('ServiceAccount'));
  const hard = { pods: '500', services: '500', 'requests.cpu': '100' };
  await server.ask(
    'POST',
    `${inDefault}/resourcequotas`,
    made('ResourceQuota', { spec: { hard } }),
  );
  const limit = { type: 'Container', default: { cpu: '1' }, defaultRequest: { cpu: '100m' } };
  const limits = { spec: { limits: [limit] } };
  await server.ask('POST', `${inDefault}/limitranges`, made('LimitRange', limits));
});
afterAll(() => server.stop());

const NAMES = ['a', 'default', 'kubernetes', 'x.y', '', 'Bad_Name', 'ü', '..', 'a%2Fb', 'a b', '0'];
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'];
const TYPES = [
  ...Array.from({ length: 12 }, () => 'application/json'),
  'application/yaml',
  'application/vnd.kubernetes.protobuf',
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
  'text/plain',
  '',
];
const ACCEPTS = [
  'application/json',
  'application/json;as=Table;v=v1;g=meta.k8s.io,application/json',
  'application/yaml',
  'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
  'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
  '*/*',
  'nonsense',
];
const QUERY: Readonly<Record<string, readonly string[]>> = {
  labelSelector: ['a=b', 'a in (b', '!', 'x'],
  fieldSelector: ['metadata.name=a', 'nope=1', '=', 'spec.nodeName=a'],
  limit: ['1', '0', '-1', 'x', '99999999999999999999'],
  continue: ['x', 'eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiJhIn0'],
  resourceVersion: ['0', '1', '0', '1', '999999999', 'x', '-1'],
  resourceVersionMatch: ['Exact', 'NotOlderThan', 'x'],
  dryRun: ['All', 'x'],
  fieldValidation: ['Strict', 'Warn', 'Ignore', 'x'],
  fieldManager: ['me', 'x'.repeat(200), '\u0007'],
  force: ['true', 'x'],
  pretty: ['true', 'false'],
  gracePeriodSeconds: ['0', '-1', 'x', '30'],
  propagationPolicy: ['Foreground', 'Orphan', 'x'],
  sendInitialEvents: ['true', 'false', 'x'],
  allowWatchBookmarks: ['true'],
  includeObject: ['None', 'Object', 'x'],
  timeoutSeconds: ['1', '0', '-1', 'x'],
  container: ['c', 'nope'],
  command: ['ls'],
  tailLines: ['x', '-1', '3'],
};

/** Texts of a form. */
const RIGHT: Readonly<Record<string, readonly unknown[]>> = {
  quantity: ['1', '100m', '1Gi', 2],
  'date-time': ['2025-01-01T00:00:00Z'],
  'micro-time': ['2025-01-01T00:00:00.000000Z'],
  duration: ['1m0s'],
  byte: ['YQ==', ''],
  'int-or-string': [1, 80, '10%', 'http'],
};

/** A value for a schema: usually right, sometimes anything. */
function valueFor(random: Random, schema: Schema, depth: number): unknown {
  if (random.int(150) === 0) return anything(random, depth);
  switch (schema.type) {
    case 'object':
      return objectFor(random, schema, depth);
    case 'list':
      if (depth > 5) return [];
      return Array.from({ length: random.int(3) }, () => valueFor(random, schema.items, depth + 1));
    case 'map':
      if (depth > 5) return {};
      return {
        [random.pick(['a', 'kubernetes.io/x', ''])]: valueFor(random, schema.values, depth + 1),
      };
    case 'any':
      return anything(random, depth);
    case 'boolean':
      return random.int(2) === 0;
    case 'integer':
    case 'number':
      return random.pick([
        0,
        1,
        1,
        2,
        80,
        443,
        -1,
        65536,
        ...(random.int(50) ? [] : [2 ** 31, 1.5]),
      ]);
    default: {
      const right = RIGHT[schema.format ?? ''];
      if (right && random.int(50) > 0) return random.pick(right);
      if (schema.enum && random.int(20) > 0) return random.pick(schema.enum);
      const texts = ['a', '', 'A b', '1Gi', '10%', '2025-01-01T00:00:00Z', 'nginx:1', '10.0.0.1'];
      return random.pick([...texts, ...(schema.enum ?? [])]);
    }
  }
}

function objectFor(random: Random, schema: ObjectSchema, depth: number): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const [name, field] of schema.fields) {
    if (depth === 0 && name === 'metadata') continue;
    const wanted = field.required ? 10 - Number(random.int(40) === 0) * 10 : Math.max(1, 3 - depth);
    if (random.int(10) < wanted && depth < 7)
      object[name] = valueFor(random, field.schema, depth + 1);
  }
  return object;
}

function anything(random: Random, depth: number): unknown {
  const leaf = random.pick<unknown>([null, true, 0, -1, 1e21, 'x', '', {}, []]);
  if (depth > 4 || random.int(3) > 0) return leaf;
  return random.int(2) === 0 ? [anything(random, depth + 1)] : { x: anything(random, depth + 1) };
}

function bodyFor(random: Random, resource: ServedResource, method: string): string {
  if (random.int(25) === 0) return random.pick(['', '{', '[]', 'null', '{"a":', '\u0000', 'a: [b']);
  const schema = resource.kindOf?.schema;
  const object: Record<string, unknown> = schema ? objectFor(random, schema, 0) : {};
  const apiVersion = resource.group ? `${resource.group}/${resource.version}` : resource.version;
  if (random.int(10) > 0) Object.assign(object, { kind: resource.kind, apiVersion });
  if (random.int(10) > 0) {
    const metadata = typeof object.metadata === 'object' ? object.metadata : {};
    object.metadata = {
      ...metadata,
      name: random.pick(NAMES),
      namespace: random.pick(['', 'default']),
    };
  }
  if (method === 'PATCH' && random.int(3) === 0) {
    const op = random.pick(['add', 'remove', 'replace', 'test', 'move', 'copy', 'nope']);
    const path = random.pick(['/metadata/labels', '/spec', '/x/y', '', 'x', '/metadata/name']);
    return JSON.stringify([{ op, path, from: '/metadata', value: anything(random, 0) }]);
  }
  return JSON.stringify(object);
}

function targetFor(random: Random, resource: ServedResource, method: string): string {
  const { group, version } = resource;
  const parts = group === '' ? ['api', version] : ['apis', group, version];
  const isNamed = random.int(8) < (method === 'POST' ? 1 : 6);
  if (random.int(40) === 0) parts.push('watch');
  if (resource.namespaced || random.int(20) === 0)
    parts.push('namespaces', random.int(4) ? 'default' : random.pick(NAMES));
  parts.push(resource.resource);
  if (isNamed) parts.push(random.pick(NAMES));
  const subresources = [...resource.subresources.keys(), 'nope'];
  if (isNamed && random.int(3) === 0) parts.push(random.pick(subresources));
  if (random.int(30) === 0) parts.push(random.pick(['x', '..', '%2e%2e', '%zz', '']));
  const query = new URLSearchParams();
  for (const name of random.shuffle(Object.keys(QUERY)).slice(0, Math.max(0, random.int(6) - 2))) {
    query.set(name, random.pick(QUERY[name] ?? []));
  }
  if (random.int(10) === 0) query.set('watch', 'true');
  const path = `/${parts.map((part) => (part === 'ü' ? '%C3%BC' : part)).join('/')}`;
  return query.size > 0 ? `${path}?${query}` : path.replaceAll(' ', '%20');
}

describe(`ten thousand requests, seed ${seed}`, () => {
  it('are each answered, and none with a 500', async () => {
    const random = seededRandom(seed);
    const resources = server.server.served.all();
    const codes = new Map<number, number>();
    const send = async (i: number): Promise<void> => {
      const resource = random.pick(resources);
      const method = random.pick(METHODS);
      const target = targetFor(random, resource, method);
      const body = ['GET', 'HEAD', 'OPTIONS'].includes(method)
        ? undefined
        : bodyFor(random, resource, method);
      const headers = { 'content-type': random.pick(TYPES), accept: random.pick(ACCEPTS) };
      const what = `request ${i} of seed ${seed}: ${method} ${target} ${body ?? ''}`;
      const response = await within(8000, server.ask(method, target, body, headers), what);
      codes.set(response.status, (codes.get(response.status) ?? 0) + 1);
      if (response.status >= 400) {
        const text = await response.text();
        expect(response.status, `${what}\n${text}`).not.toBe(500);
        expect(JSON.parse(text), what).toMatchObject({ kind: 'Status', code: response.status });
      } else await response.body?.cancel();
    };
    // Many at a time: those that ask for what is not there yet are made to wait.
    for (let i = 0; i < REQUESTS; i += 1000) {
      await Promise.all(Array.from({ length: 1000 }, (_, j) => send(i + j)));
    }
    if (process.env.TEST_LOG) console.log(codes);
    // A run in which everything is refused, or nothing is, tests little.
    expect(codes.get(201) ?? 0).toBeGreaterThan(10);
    expect(codes.get(422) ?? 0).toBeGreaterThan(50);
  }, 300_000);
});

async function within<T>(ms: number, work: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer to ${what}`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
