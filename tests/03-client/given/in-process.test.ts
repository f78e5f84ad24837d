/** Our client and our API server in one process: what both have to agree on. */

import type { Pod } from 'kubernetes-types/core/v1.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  isAlreadyExists,
  isConflict,
  isForbidden,
  isInvalid,
  isNotFound,
  type KubernetesObject,
  RealClock,
  silentLogger,
} from '#apimachinery';
import {
  CONFIG_MAPS,
  DEPLOYMENTS,
  inProcessTransport,
  NAMESPACES,
  NODES,
  newRestClient,
  PODS,
  type RequestHandler,
  type RestClient,
  SERVICE_ACCOUNTS,
  type Watch,
  type WatchEvent,
} from '#client';
import { startTestServer, type TestServer } from '../../02-apiserver/given/test-server.ts';
import { newLogBook } from '../../kit/log-book.ts';

let server: TestServer;
let client: RestClient;

beforeEach(async () => {
  server = await startTestServer();
  client = clientOf(server);
});

afterEach(() => server.stop());

function clientOf({ server: { handler } }: TestServer, trusted = true): RestClient {
  return newRestClient({
    transport: inProcessTransport(handler as RequestHandler, { trusted }),
    server: 'https://server',
    clock: new RealClock(),
    log: silentLogger,
  });
}

const configMap = (name: string, labels: Record<string, string> = {}) => ({
  metadata: { name, labels },
  data: { a: '1' },
});

const pod = (name: string): Pod => ({
  metadata: { name },
  spec: { containers: [{ name: 'c', image: 'i' }] },
});

async function take<T extends KubernetesObject>(
  watch: Watch<T>,
  count: number,
): Promise<WatchEvent<T>[]> {
  const events: WatchEvent<T>[] = [];
  for await (const event of watch) {
    events.push(event);
    if (events.length === count) break;
  }
  return events;
}

/** What a promise rejects with. */
async function refusal(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('objects', () => {
  it('are created, read, replaced and deleted', async () => {
    const maps = client.resource(CONFIG_MAPS, 'default');
    const created = await maps.create(configMap('a'));
    expect(created).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap', data: { a: '1' } });
    const changed = await maps.update({ ...created, data: { a: '2' } });
    expect(changed.metadata?.resourceVersion).not.toBe(created.metadata?.resourceVersion);
    expect(await maps.get('a')).toEqual(changed);
    await maps.delete('a');
    expect(isNotFound(await refusal(maps.get('a')))).toBe(true);
  });

  it('out of a list can be sent as they are', async () => {
    const maps = client.resource(CONFIG_MAPS, 'default');
    await maps.create(configMap('a'));
    const [item] = (await maps.list()).items;
    expect(item).not.toHaveProperty('kind');
    expect(await maps.update({ ...item, data: { a: '3' } })).toMatchObject({ data: { a: '3' } });
  });

  it('are named by the server', async () => {
    const maps = client.resource(CONFIG_MAPS, 'default');
    const made = await maps.create({ metadata: { generateName: 'x-' } });
    expect(made.metadata?.name).toMatch(/^x-\w{5}$/);
  });

  it('of the cluster need no namespace', async () => {
    await client.resource(NAMESPACES).create({ metadata: { name: 'team' } });
    await client.resource(NODES, 'ignored').create({ metadata: { name: 'n1' } });
    expect((await client.resource(NODES).get('n1')).metadata?.name).toBe('n1');
  });

  it('are not written in a dry run', async () => {
    const maps = client.resource(CONFIG_MAPS, 'default');
    expect(await maps.create(configMap('a'), { dryRun: true })).toMatchObject({ data: { a: '1' } });
    expect(isNotFound(await refusal(maps.get('a')))).toBe(true);
    await maps.create(configMap('a'));
    await maps.delete('a', { dryRun: true });
    expect((await maps.get('a')).metadata?.name).toBe('a');
  });

  it('are deleted only as they were seen', async () => {
    const maps = client.resource(CONFIG_MAPS, 'default');
    await maps.create(configMap('a'));
    const preconditions = { uid: 'another' };
    expect(isConflict(await refusal(maps.delete('a', { preconditions })))).toBe(true);
  });
});

describe('refusals', () => {
  it('say what is wrong', async () => {
    const maps = client.resource(CONFIG_MAPS, 'default');
    const created = await maps.create(configMap('a'));
    await maps.update({ ...created, data: { a: '2' } });
    const conflict = await refusal(maps.update({ ...created, data: { a: '3' } }));
    expect([
      isConflict(conflict),
      isAlreadyExists(await refusal(maps.create(configMap('a')))),
    ]).toEqual([true, true]);
    const invalid = await refusal(maps.create(configMap('Not A Name')));
    expect(isInvalid(invalid)).toBe(true);
    expect(invalid).toMatchObject({
      code: 422,
      details: { causes: [{ field: 'metadata.name', reason: 'FieldValueInvalid' }] },
    });
    const anonymous = clientOf(server, false).resource(CONFIG_MAPS, 'default');
    expect(isForbidden(await refusal(anonymous.list()))).toBe(true);
  });

  it('of unknown fields are the caller’s choice', async () => {
    const log = newLogBook();
    const transport = inProcessTransport(server.server.handler as RequestHandler, {
      trusted: true,
    });
    const warned = newRestClient({ transport, server: 'https://s', clock: new RealClock(), log });
    const maps = warned.resource(CONFIG_MAPS, 'default');
    const odd = { ...configMap('a'), odd: 1 };
    const refused = await refusal(maps.create(odd, { fieldValidation: 'Strict' }));
    expect(String(refused)).toContain('unknown field "odd"');
    await maps.create(odd, { fieldValidation: 'Warn' });
    expect(log.entries.filter(({ level }) => level === 'warn')).toEqual([
      { level: 'warn', message: 'unknown field "odd"', fields: {} },
    ]);
  });
});

describe('lists', () => {
  it('come in pages', async () => {
    const maps = client.resource(CONFIG_MAPS, 'default');
    for (const name of ['a', 'b', 'c']) await maps.create(configMap(name));
    const first = await maps.list({ limit: 2 });
    expect(first.metadata.remainingItemCount).toBe(1);
    const second = await maps.list({ limit: 2, continue: first.metadata.continue ?? '' });
    const names = [...first.items, ...second.items].map((item) => item.metadata?.name);
    expect([names, second.metadata.continue ?? '']).toEqual([['a', 'b', 'c'], '']);
    const nonsense = await refusal(maps.list({ limit: 1, continue: 'nonsense' }));
    expect(nonsense).toMatchObject({ name: 'StatusError', code: 400 });
  });

  it('have what is asked for, of all namespaces', async () => {
    await client.resource(CONFIG_MAPS, 'default').create(configMap('a', { app: 'web' }));
    await client.resource(CONFIG_MAPS, 'kube-system').create(configMap('b', { app: 'web' }));
    await client.resource(CONFIG_MAPS, 'default').create(configMap('c', { app: 'db' }));
    const all = client.resource(CONFIG_MAPS);
    const namesOf = async (options: object) =>
      (await all.list(options)).items.map((item) => item.metadata?.name);
    expect(await namesOf({ labelSelector: 'app in (web)' })).toEqual(['a', 'b']);
    expect(await namesOf({ fieldSelector: 'metadata.name=c' })).toEqual(['c']);
  });

  it('are deleted whole, or what is selected of them', async () => {
    const maps = client.resource(CONFIG_MAPS, 'default');
    for (const name of ['a', 'b']) await maps.create(configMap(name, { app: name }));
    await maps.deleteCollection({}, { labelSelector: 'app=a' });
    expect((await maps.list()).items.map((item) => item.metadata?.name)).toEqual(['b']);
    await maps.deleteCollection();
    expect((await maps.list()).items).toEqual([]);
  });
});

describe('patches', () => {
  it('are understood in all four kinds', async () => {
    const maps = client.resource(CONFIG_MAPS, 'default');
    await maps.create(configMap('a'));
    const operations = [{ op: 'add', path: '/data/json', value: 'j' }];
    await maps.patch('a', 'json-patch', operations);
    await maps.patch('a', 'merge-patch', { data: { merge: 'm', a: null } });
    await maps.patch('a', 'strategic-merge-patch', { data: { strategic: 's' } });
    const applied = { apiVersion: 'v1', kind: 'ConfigMap', data: { apply: 'p', merge: 'mine' } };
    const conflict = await refusal(maps.patch('a', 'apply-patch', applied, { fieldManager: 'me' }));
    expect(isConflict(conflict)).toBe(true);
    const forced = await maps.patch('a', 'apply-patch', applied, {
      fieldManager: 'me',
      force: true,
    });
    expect(forced.data).toEqual({ json: 'j', merge: 'mine', strategic: 's', apply: 'p' });
    expect(forced.metadata?.managedFields?.map(({ manager }) => manager)).toContain('me');
  });
});

describe('subresources', () => {
  it('status and scale are written by themselves', async () => {
    const deployments = client.resource(DEPLOYMENTS, 'default');
    const labels = { app: 'web' };
    const made = await deployments.create({
      metadata: { name: 'web' },
      spec: {
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { containers: [{ name: 'c', image: 'i' }] },
        },
      },
    });
    const written = await deployments.updateStatus({ ...made, status: { replicas: 1 } });
    expect(written).toMatchObject({ status: { replicas: 1 }, spec: { replicas: 1 } });
    const scale = await deployments.get('web', { subresource: 'scale' });
    expect(scale).toMatchObject({ kind: 'Scale', spec: { replicas: 1 } });
    await deployments.update({ ...scale, spec: { replicas: 3 } } as never, {
      subresource: 'scale',
    });
    expect((await deployments.get('web')).spec?.replicas).toBe(3);
  });

  it('binding, eviction and token are created', async () => {
    const pods = client.resource(PODS, 'default');
    await client
      .resource(SERVICE_ACCOUNTS, 'default')
      .create({ metadata: { name: 'default' } })
      .catch(() => {});
    await pods.create(pod('p'));
    const binding = {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name: 'p' },
      target: { kind: 'Node', name: 'n1' },
    };
    expect(await pods.create(binding as never, { subresource: 'binding' })).toMatchObject({
      kind: 'Status',
      status: 'Success',
    });
    expect((await pods.get('p')).spec?.nodeName).toBe('n1');
    const eviction = {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name: 'p' },
      deleteOptions: { gracePeriodSeconds: 0 },
    };
    await pods.create(eviction as never, { subresource: 'eviction' });
    expect(isNotFound(await refusal(pods.get('p')))).toBe(true);
  });
});

describe('watches', () => {
  it('bring what happens from a version on, and end when they are told to', async () => {
    const maps = client.resource(CONFIG_MAPS, 'default');
    const { resourceVersion } = (await maps.list()).metadata;
    const made = await maps.create(configMap('a'));
    const watch = await maps.watch({ resourceVersion });
    await maps.update({ ...made, data: { a: '2' } });
    await maps.delete('a');
    const events = await take(watch, 3);
    expect(events.map(({ type }) => type)).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
    expect(events[0]?.object).toMatchObject({ kind: 'ConfigMap', data: { a: '1' } });
    const another = await maps.watch({ resourceVersion });
    another.stop();
    expect(await take(another, 1)).toEqual([]);
  });

  it('end while they wait, by stop and by the signal', async () => {
    const maps = client.resource(CONFIG_MAPS, 'default');
    const { resourceVersion } = (await maps.list()).metadata;
    const stopped = await maps.watch({ resourceVersion });
    const waiting = take(stopped, 1);
    stopped.stop();
    expect(await waiting).toEqual([]);
    const caller = new AbortController();
    const aborted = take(await maps.watch({ resourceVersion, signal: caller.signal }), 1);
    caller.abort();
    expect(await aborted).toEqual([]);
  });

  it('end when the server ends them', async () => {
    const watch = await client.resource(CONFIG_MAPS).watch({ timeoutSeconds: 1 });
    expect((await take(watch, 100)).every(({ type }) => type === 'ADDED')).toBe(true);
  });

  it('are refused from a version that nobody knows', async () => {
    const watch = client.resource(CONFIG_MAPS).watch({ resourceVersion: 'x' });
    expect(await refusal(watch)).toMatchObject({ name: 'StatusError', code: 422 });
  });
});

describe('raw', () => {
  it('gets what is no resource', async () => {
    expect(JSON.parse(await client.raw('/version'))).toMatchObject({ major: '1' });
    expect(await client.raw('/healthz')).toBe('ok');
    expect(isNotFound(await refusal(client.raw('/nothing/here')))).toBe(true);
  });

  it('ends with its signal', async () => {
    const reason = new Error('enough');
    expect(await refusal(client.raw('/version', { signal: AbortSignal.abort(reason) }))).toBe(
      reason,
    );
  });
});
