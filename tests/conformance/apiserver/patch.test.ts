/** The four types of patches, and server-side apply's owners and conflicts. */

import { describe, expect } from 'vitest';
import { describeApiServer, expectRefusal, type Target } from './target.ts';

const json = { type: 'application/json-patch+json' };
const merge = { type: 'application/merge-patch+json' };
const strategic = { type: 'application/strategic-merge-patch+json' };
const apply = { type: 'application/apply-patch+yaml' };

/** A Deployment that runs nothing. */
function deployment(name: string) {
  return {
    metadata: { name },
    spec: {
      replicas: 0,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          containers: [
            { name: 'a', image: 'a:1', env: [{ name: 'X', value: '1' }] },
            { name: 'b', image: 'b:1' },
          ],
        },
      },
    },
  };
}

function applyConfigMap(target: Target, name: string, manager: string, data: object, more = '') {
  const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data };
  return target.ask('PATCH', `configmaps/${name}?fieldManager=${manager}${more}`, body, apply);
}

describeApiServer('patch', (it) => {
  describe('JSON Patch', () => {
    it('does one operation after the other', async ({ done, configMap }) => {
      const { name } = await configMap({ data: { a: '1', b: '2' } });
      const patched = await done(
        'PATCH',
        `configmaps/${name}`,
        [
          { op: 'test', path: '/data/a', value: '1' },
          { op: 'replace', path: '/data/a', value: '3' },
          { op: 'move', from: '/data/b', path: '/data/c' },
          { op: 'add', path: '/metadata/labels', value: { x: 'y' } },
          { op: 'copy', from: '/data/a', path: '/data/d' },
        ],
        json,
      );
      expect(patched.at('data')).toEqual({ a: '3', c: '2', d: '3' });
      expect(patched.at('metadata.labels')).toEqual({ x: 'y' });
    });

    it('does nothing when a test fails', async ({ ask, configMap }) => {
      const { name, version } = await configMap({ data: { a: '1' } });
      const answer = await ask(
        'PATCH',
        `configmaps/${name}`,
        [
          { op: 'add', path: '/data/b', value: '2' },
          { op: 'test', path: '/data/a', value: 'nope' },
        ],
        json,
      );
      expectRefusal(
        answer,
        422,
        'Invalid',
        'the server rejected our request due to an error in our request',
      );
      expect((await ask('GET', `configmaps/${name}`)).version).toBe(version);
    });

    it('is refused when it is none', async ({ ask, configMap }) => {
      const { name } = await configMap();
      const answer = await ask('PATCH', `configmaps/${name}`, { op: 'add' }, json);
      expectRefusal(answer, 400, 'BadRequest', '.');
    });
  });

  describe('JSON Merge Patch', () => {
    it('sets, keeps and removes', async ({ done, configMap }) => {
      const { name } = await configMap({ data: { a: '1', b: '2', c: '3' } });
      const patched = await done(
        'PATCH',
        `configmaps/${name}`,
        { data: { a: null, b: '4' } },
        merge,
      );
      expect(patched.at('data')).toEqual({ b: '4', c: '3' });
    });

    it('replaces whole lists', async ({ done, name }) => {
      const own = name();
      await done('POST', 'apps/v1/deployments', deployment(own));
      const containers = [{ name: 'c', image: 'c:1' }];
      const patched = await done(
        'PATCH',
        `apps/v1/deployments/${own}`,
        { spec: { template: { spec: { containers } } } },
        merge,
      );
      expect(patched.at('spec.template.spec.containers')).toMatchObject([{ name: 'c' }]);
      expect(patched.at('metadata.generation')).toBeGreaterThan(1);
    });

    it('with a version is refused when that is not the newest', async ({
      ask,
      done,
      configMap,
    }) => {
      const { name, version } = await configMap();
      const patch = (resourceVersion: string) =>
        ask(
          'PATCH',
          `configmaps/${name}`,
          { metadata: { resourceVersion }, data: { k: '1' } },
          merge,
        );
      await done('PATCH', `configmaps/${name}`, { data: { k: '0' } }, merge);
      expectRefusal(await patch(version), 409, 'Conflict', 'the object has been modified');
    });

    it('is no write when it changes nothing', async ({ done, configMap }) => {
      const { name, version } = await configMap({ data: { k: '1' } });
      expect((await done('PATCH', `configmaps/${name}`, { data: { k: '1' } }, merge)).version).toBe(
        version,
      );
    });
  });

  describe('Strategic Merge Patch', () => {
    it('merges lists by their keys', async ({ done, name }) => {
      const own = name();
      await done('POST', 'apps/v1/deployments', deployment(own));
      const containers = [
        { name: 'a', image: 'a:2', env: [{ name: 'Y', value: '2' }] },
        { name: 'b', $patch: 'delete' },
      ];
      const patched = await done(
        'PATCH',
        `apps/v1/deployments/${own}`,
        { spec: { template: { spec: { containers } } } },
        strategic,
      );
      expect(patched.at('spec.template.spec.containers')).toMatchObject([
        {
          name: 'a',
          image: 'a:2',
          env: [
            { name: 'Y', value: '2' },
            { name: 'X', value: '1' },
          ],
        },
      ]);
    });

    it('merges finalizers as a set, and deletes from it', async ({ done, configMap }) => {
      const { name } = await configMap({
        metadata: { finalizers: ['example.com/a', 'example.com/b'] },
      });
      const patch = (metadata: object) =>
        done('PATCH', `configmaps/${name}`, { metadata }, strategic);
      expect(
        (await patch({ finalizers: ['example.com/c'] })).at('metadata.finalizers'),
      ).toHaveLength(3);
      const less = await patch({
        '$deleteFromPrimitiveList/finalizers': ['example.com/a', 'example.com/c'],
      });
      expect(less.at('metadata.finalizers')).toEqual(['example.com/b']);
      await patch({ $patch: 'replace', name, finalizers: [] });
    });
  });

  describe('server-side apply', () => {
    it('creates, owns, and gives up what is applied no more', async (target) => {
      const name = target.name();
      const created = await applyConfigMap(target, name, 'one', { a: '1', b: '2' });
      expect(created.status).toBe(201);
      expect(created.at('metadata.managedFields')).toMatchObject([
        {
          manager: 'one',
          operation: 'Apply',
          apiVersion: 'v1',
          fieldsType: 'FieldsV1',
          fieldsV1: { 'f:data': { 'f:a': {}, 'f:b': {} } },
        },
      ]);
      const again = await applyConfigMap(target, name, 'one', { a: '1' });
      expect([again.status, again.at('data')]).toEqual([200, { a: '1' }]);
    });

    it('refuses to take what another owns, unless forced', async (target) => {
      const name = target.name();
      await applyConfigMap(target, name, 'one', { a: '1', b: '1' });
      const answer = await applyConfigMap(target, name, 'two', { a: '2' });
      expectRefusal(
        answer,
        409,
        'Conflict',
        '^Apply failed with 1 conflict: conflict with "one": .data.a$',
      );
      expect(answer.at('details.causes')).toEqual([
        { reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.data.a' },
      ]);
      const forced = await applyConfigMap(target, name, 'two', { a: '2' }, '&force=true');
      expect([forced.status, forced.at('data')]).toEqual([200, { a: '2', b: '1' }]);
      const owners = forced.at('metadata.managedFields') as { manager: string; fieldsV1: object }[];
      expect(owners.map(({ manager }) => manager).sort()).toEqual(['one', 'two']);
    });

    it('shares what all say alike, and keeps it while one still says it', async (target) => {
      const name = target.name();
      await applyConfigMap(target, name, 'one', { a: '1' });
      expect((await applyConfigMap(target, name, 'two', { a: '1', b: '1' })).status).toBe(200);
      const data = async (manager: string, applied: object) =>
        (await applyConfigMap(target, name, manager, applied)).at('data');
      expect(await data('one', { c: '1' })).toEqual({ a: '1', b: '1', c: '1' });
      expect(await data('two', { b: '1' })).toEqual({ b: '1', c: '1' });
    });

    it('conflicts with who changed it by an update', async (target) => {
      const name = target.name();
      await applyConfigMap(target, name, 'one', { a: '1' });
      await target.done(
        'PATCH',
        `configmaps/${name}?fieldManager=hand`,
        { data: { a: '2' } },
        merge,
      );
      const answer = await applyConfigMap(target, name, 'one', { a: '1' });
      expectRefusal(
        answer,
        409,
        'Conflict',
        '^Apply failed with 1 conflict: conflict with "hand" using v1(?: at .*)?: .data.a$',
      );
    });

    it('merges lists by their keys', async (target) => {
      const name = target.name();
      const { spec } = deployment(name);
      const send = (manager: string, containers: object[]) =>
        target.done(
          'PATCH',
          `apps/v1/deployments/${name}?fieldManager=${manager}`,
          {
            apiVersion: 'apps/v1',
            kind: 'Deployment',
            metadata: { name },
            spec: { ...spec, template: { ...spec.template, spec: { containers } } },
          },
          apply,
        );
      await send('one', [{ name: 'a', image: 'a:1', ports: [{ containerPort: 80 }] }]);
      const both = await send('two', [{ name: 'z', image: 'z:1' }]);
      expect(both.at('spec.template.spec.containers')).toMatchObject([
        { name: 'a' },
        { name: 'z' },
      ]);
    });

    it('needs a manager, and takes YAML', async ({ ask, name }) => {
      const own = name();
      const text = `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${own}\ndata: {a: "1"}\n`;
      const without = await ask('PATCH', `configmaps/${own}`, text, apply);
      expectRefusal(
        without,
        422,
        'Invalid',
        'fieldManager: Required value: is required for apply patch',
      );
      expect((await ask('PATCH', `configmaps/${own}?fieldManager=me`, text, apply)).status).toBe(
        201,
      );
    });
  });

  it('makes nothing that was not there, but for apply', async ({ ask }) => {
    for (const asking of [merge, strategic]) {
      expectRefusal(await ask('PATCH', 'configmaps/nope', {}, asking), 404, 'NotFound', 'nope');
    }
  });
});
