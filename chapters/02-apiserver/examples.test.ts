/**
 * The handout's examples as tests you can see. Run them while you work:
 *
 *   npx vitest run chapters/02-apiserver/examples.test.ts
 *
 * The hidden tests look at much more; `npm run grade -- 02` runs those. The store beneath is the
 * reference's, so that only your own chapter can be wrong here.
 */

import { describe, expect, it } from 'vitest';
import { FakeClock, parseSelector, seededRandom } from '#apimachinery';
import {
  type ApiObject,
  applyJsonPatch,
  applyMergePatch,
  builtInKinds,
  create,
  deleteObject,
  get,
  list,
  openMemoryStorage,
  type Registry,
  requestInfo,
  update,
  watch,
} from '#apiserver';

const inDefault = { namespace: 'default' };

/** ConfigMaps, and an empty store to keep them in. */
async function newConfigMaps(): Promise<Registry> {
  const clock = new FakeClock({ now: Date.UTC(2025, 0, 1) });
  const random = seededRandom(1);
  const { storage } = await openMemoryStorage({ clock, random });
  const kind = builtInKinds().find((one) => one.kind === 'ConfigMap');
  if (kind === undefined) throw new Error('there are no ConfigMaps');
  return { kind, storage, clock, random };
}

const configMap = (name: string, data: Record<string, string> = {}): ApiObject => ({
  kind: 'ConfigMap',
  apiVersion: 'v1',
  metadata: { name },
  data,
});

describe('apiserver/request-info', () => {
  it('says what a request is about', () => {
    const path = '/apis/apps/v1/namespaces/default/deployments/web/scale';
    expect(requestInfo('PUT', path, new URLSearchParams())).toMatchObject({
      verb: 'update',
      apiGroup: 'apps',
      resource: 'deployments',
      subresource: 'scale',
      namespace: 'default',
      name: 'web',
    });
  });
});

describe('apiserver/create-get', () => {
  it('reads back what was made, with what the server added', async () => {
    const configMaps = await newConfigMaps();
    await create(configMaps, configMap('cm', { k: '1' }), inDefault);
    const { object } = await get(configMaps, 'cm', inDefault);
    expect(object.data).toEqual({ k: '1' });
    expect(object.metadata).toMatchObject({
      namespace: 'default',
      creationTimestamp: '2025-01-01T00:00:00Z',
    });
    expect(object.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('makes an object once', async () => {
    const configMaps = await newConfigMaps();
    await create(configMaps, configMap('cm'), inDefault);
    await expect(create(configMaps, configMap('cm'), inDefault)).rejects.toMatchObject({
      code: 409,
    });
  });
});

describe('apiserver/update', () => {
  it('refuses a write over a version that is no more', async () => {
    const configMaps = await newConfigMaps();
    const { object } = await create(configMaps, configMap('cm', { n: '1' }), inDefault);
    const set = (n: string) => (): ApiObject => ({ ...structuredClone(object), data: { n } });
    await update(configMaps, 'cm', set('2'), inDefault);
    await expect(update(configMaps, 'cm', set('3'), inDefault)).rejects.toMatchObject({
      code: 409,
    });
  });
});

describe('apiserver/list', () => {
  it('shows one moment over all its pages', async () => {
    const configMaps = await newConfigMaps();
    for (const name of ['a', 'b', 'c']) await create(configMaps, configMap(name), inDefault);
    const first = await list(configMaps, { ...inDefault, limit: 2 });
    await create(configMaps, configMap('bb'), inDefault);
    const rest = await list(configMaps, { ...inDefault, continue: first.continue });
    expect(rest.items.map(({ object }) => object.metadata.name)).toEqual(['c']);
  });
});

describe('apiserver/watch', () => {
  it('tells of an object that comes into the selection', async () => {
    const configMaps = await newConfigMaps();
    const made = await create(configMaps, configMap('cm'), inDefault);
    const selection = {
      ...inDefault,
      labelSelector: parseSelector('app=web'),
      resourceVersion: String(made.revision),
    };
    const events = watch(configMaps, selection, new AbortController().signal);
    const next = events.next();
    const label = (old: ApiObject): ApiObject => ({
      ...old,
      metadata: { ...old.metadata, labels: { app: 'web' } },
    });
    await update(configMaps, 'cm', label, inDefault);
    expect((await next).value).toMatchObject({ type: 'ADDED' });
  });
});

describe('apiserver/delete', () => {
  it('waits for finalizers', async () => {
    const configMaps = await newConfigMaps();
    const held = configMap('cm');
    held.metadata.finalizers = ['example.com/hold'];
    await create(configMaps, held, inDefault);
    expect((await deleteObject(configMaps, 'default', 'cm', {})).gone).toBe(false);
    const free = (old: ApiObject): ApiObject => ({
      ...old,
      metadata: { ...old.metadata, finalizers: [] },
    });
    await update(configMaps, 'cm', free, inDefault);
    await expect(get(configMaps, 'cm', inDefault)).rejects.toMatchObject({ code: 404 });
  });
});

describe('apiserver/patch', () => {
  it('applies both kinds of patch', () => {
    const web = { labels: { app: 'web' }, args: ['-v', '-q'] };
    expect(applyJsonPatch(web, [{ op: 'remove', path: '/args/1' }])).toEqual({
      labels: { app: 'web' },
      args: ['-v'],
    });
    expect(applyMergePatch(web, { labels: { app: null, tier: 'front' } })).toEqual({
      labels: { tier: 'front' },
      args: ['-v', '-q'],
    });
  });
});
