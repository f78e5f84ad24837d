/** What every request has in common: discovery, forms of answers, and refusals. */

import { describe, expect } from 'vitest';
import { describeApiServer, expectRefusal } from './target.ts';

describeApiServer('requests', (it) => {
  describe('discovery', () => {
    it('tells its version', async ({ ask }) => {
      const { status, body } = await ask('GET', '/version');
      expect([status, body]).toMatchObject([
        200,
        {
          major: '1',
          minor: expect.stringMatching(/^\d+\+?$/),
          gitVersion: expect.stringMatching(/^v1\.\d+\.\d+/),
        },
      ]);
    });

    it.each(
      [
        ['/api', { kind: 'APIVersions', versions: ['v1'] }],
        [
          '/apis',
          { kind: 'APIGroupList', groups: expect.arrayContaining([named('apps'), named('batch')]) },
        ],
        [
          '/apis/apps',
          { kind: 'APIGroup', name: 'apps', preferredVersion: { groupVersion: 'apps/v1' } },
        ],
        [
          '/api/v1',
          {
            kind: 'APIResourceList',
            groupVersion: 'v1',
            resources: expect.arrayContaining([
              expect.objectContaining({
                name: 'configmaps',
                singularName: 'configmap',
                namespaced: true,
                kind: 'ConfigMap',
                shortNames: ['cm'],
                verbs: [
                  ...['create', 'delete', 'deletecollection', 'get'],
                  ...['list', 'patch', 'update', 'watch'],
                ],
              }),
              expect.objectContaining({ name: 'pods/binding', kind: 'Binding', verbs: ['create'] }),
              expect.objectContaining({ name: 'namespaces/finalize', namespaced: false }),
            ]),
          },
        ],
        [
          '/apis/apps/v1',
          {
            resources: expect.arrayContaining([
              expect.objectContaining({
                name: 'deployments/scale',
                group: 'autoscaling',
                version: 'v1',
                kind: 'Scale',
                verbs: ['get', 'patch', 'update'],
              }),
            ]),
          },
        ],
      ] as const,
      'answers %s',
      async ({ ask }, [path, expected]) => {
        const { status, body } = await ask('GET', path);
        expect([status, body]).toMatchObject([200, expected]);
      },
    );

    it('tells all in one answer to who asks for it', async ({ ask }) => {
      const accept =
        'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';
      const { body, headers } = await ask('GET', '/apis', undefined, { headers: { accept } });
      expect(headers['content-type']).toMatch(/as=APIGroupDiscoveryList/);
      expect(body).toMatchObject({
        kind: 'APIGroupDiscoveryList',
        apiVersion: 'apidiscovery.k8s.io/v2',
        items: expect.arrayContaining([
          expect.objectContaining({ metadata: expect.objectContaining({ name: 'apps' }) }),
        ]),
      });
    });

    it('describes its types', async ({ ask }) => {
      const paths = (await ask('GET', '/openapi/v3')).at('paths') as Record<string, object>;
      const { serverRelativeURL } = paths['apis/apps/v1'] as { serverRelativeURL: string };
      const document = await ask('GET', serverRelativeURL);
      expect(document.at('components.schemas')).toHaveProperty(['io.k8s.api.apps.v1.Deployment']);
    });
  });

  describe('a table', () => {
    const accept = 'application/json;as=Table;g=meta.k8s.io;v=v1,application/json';

    it('has columns and a row for each object', async ({ ask, path, configMap }) => {
      const { name } = await configMap({ metadata: { labels: { table: 'a' } }, data: { k: 'v' } });
      const { body } = await ask(
        'GET',
        `${path('configmaps')}?labelSelector=table%3Da`,
        undefined,
        {
          headers: { accept },
        },
      );
      expect(body).toMatchObject({
        kind: 'Table',
        apiVersion: 'meta.k8s.io/v1',
        metadata: { resourceVersion: expect.stringMatching(/^\d+$/) },
        columnDefinitions: [
          { name: 'Name', type: 'string', format: 'name', priority: 0 },
          { name: 'Data' },
          { name: 'Age', type: 'string' },
        ],
        rows: [
          {
            cells: [name, 1, expect.any(String)],
            object: { kind: 'PartialObjectMetadata', metadata: { name } },
          },
        ],
      });
    });

    it('holds whole objects, or none, when told to', async ({ ask, path, configMap }) => {
      const { name } = await configMap({ data: { k: 'v' } });
      const rowWith = async (includeObject: string) => {
        const one = path(`configmaps/${name}?includeObject=${includeObject}`);
        return (await ask('GET', one, undefined, { headers: { accept } })).at('rows.0.object');
      };
      expect(await rowWith('Object')).toMatchObject({ kind: 'ConfigMap', data: { k: 'v' } });
      expect(await rowWith('None')).toBeNull();
    });

    it('comes for a refusal too, as a Status', async ({ ask }) => {
      const answer = await ask('GET', 'configmaps/nope', undefined, { headers: { accept } });
      expectRefusal(answer, 404, 'NotFound', 'configmaps "nope" not found');
    });
  });

  describe('metadata alone', () => {
    it('is what who asks for it gets', async ({ ask, configMap }) => {
      const { name } = await configMap({ data: { k: 'v' } });
      const accept = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
      const { body } = await ask('GET', `configmaps/${name}`, undefined, { headers: { accept } });
      expect(body).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name } });
      expect(body).not.toHaveProperty('data');
    });
  });

  describe('refusals', () => {
    const configMaps = 'configmaps';
    it.each(
      [
        [
          'an object that is not there',
          'GET',
          'configmaps/nope',
          undefined,
          {},
          404,
          'NotFound',
          'configmaps "nope" not found',
        ],
        [
          'a resource that is not there',
          'GET',
          'frobs',
          undefined,
          {},
          404,
          'NotFound',
          'the server could not find the requested resource',
        ],
        [
          'a verb the resource has not',
          'PUT',
          configMaps,
          {},
          {},
          405,
          'MethodNotAllowed',
          'the server does not allow this method on the requested resource',
        ],
        [
          'a form it does not speak',
          'GET',
          configMaps,
          undefined,
          { headers: { accept: 'text/plain' } },
          406,
          'NotAcceptable',
          'only the following media types are accepted: application/json',
        ],
        [
          'a body it does not understand',
          'POST',
          configMaps,
          'a=b',
          { type: 'text/plain' },
          415,
          'UnsupportedMediaType',
          'the body of the request was in an unknown format - accepted media types include: application/json',
        ],
        [
          'a patch of no type',
          'PATCH',
          'configmaps/nope',
          '{}',
          { type: 'application/json' },
          415,
          'UnsupportedMediaType',
          'the body of the request was in an unknown format - accepted media types include: application/json-patch\\+json, application/merge-patch\\+json',
        ],
        ['a body that is no JSON', 'POST', configMaps, '{', {}, 400, 'BadRequest', '.'],
        [
          'a body of another kind',
          'POST',
          configMaps,
          { kind: 'Secret', apiVersion: 'v1', metadata: { name: 'x' } },
          {},
          400,
          'BadRequest',
          'Secret in version "v1" cannot be handled as a ConfigMap',
        ],
        [
          'another name than the path has',
          'PUT',
          'configmaps/a',
          { metadata: { name: 'b' } },
          {},
          400,
          'BadRequest',
          'the name of the object \\(b\\) does not match the name on the URL \\(a\\)',
        ],
        [
          'another namespace than the path has',
          'POST',
          configMaps,
          { metadata: { name: 'a', namespace: 'other' } },
          {},
          400,
          'BadRequest',
          'the namespace of the provided object does not match the namespace sent on the request',
        ],
        [
          'a selector that is none',
          'GET',
          'configmaps?labelSelector=a%3D%3D%3Db',
          undefined,
          {},
          400,
          'BadRequest',
          '.',
        ],
        [
          'a field selector it does not have',
          'GET',
          'configmaps?fieldSelector=data.x%3Dy',
          undefined,
          {},
          400,
          'BadRequest',
          '"data.x" is not a known field selector: only "metadata.name", "metadata.namespace"',
        ],
      ] as const,
      'answer %s',
      async ({ ask }, [, method, path, body, asking, code, reason, message]) => {
        expectRefusal(await ask(method, path, body, asking), code, reason, new RegExp(message));
      },
    );

    it('say what they are about', async ({ ask }) => {
      const { body } = await ask('GET', 'apps/v1/deployments/nope');
      expect(body.details).toEqual({ name: 'nope', group: 'apps', kind: 'deployments' });
    });

    it('answer a path that means nothing with 404', async ({ ask }) => {
      expect((await ask('GET', '/apis/nope.example.com/v1/things')).status).toBe(404);
    });
  });
});

function named(name: string) {
  return expect.objectContaining({ name });
}
