/** OpenAPI: the index, documents of both versions, the protobuf form, and where sentences come from. */

import { describe, expect, it } from 'vitest';
import type { Json } from '../../../solutions/02-apiserver/api-object.ts';
import { noDescriptions } from '../../../solutions/02-apiserver/openapi/descriptions.ts';
import { swaggerBytes } from '../../../solutions/02-apiserver/openapi/gnostic.ts';
import { OpenApi } from '../../../solutions/02-apiserver/openapi/openapi.ts';
import {
  newDescriptions,
  parseSayings,
} from '../../../solutions/02-apiserver/wire/descriptions.ts';
import { servedBuiltIns, servedCustom } from './served-kinds.ts';

const served = servedBuiltIns();
served.add(servedCustom());
const openApi = new OpenApi(served, noDescriptions);
const NONE = { accept: null, ifNoneMatch: null };

function read(path: string, api = openApi) {
  const answer = api.answer(path, NONE);
  return answer && JSON.parse(`${answer.body}`);
}

describe('the index', () => {
  it('has a URL for each group version', () => {
    const { paths } = read('/openapi/v3');
    expect(Object.keys(paths)).toEqual(expect.arrayContaining(['api/v1', 'apis/apps/v1']));
    expect(paths['api/v1'].serverRelativeURL).toMatch(
      /^\/openapi\/v3\/api\/v1\?hash=[0-9A-F]{32}$/,
    );
  });

  it('has documents of discovery itself', () => {
    const { paths } = read('/openapi/v3');
    const above = ['api', 'apis', 'apis/apps', 'apis/example.com', 'version'];
    expect(Object.keys(paths)).toEqual(expect.arrayContaining(above));
    const document = read('/openapi/v3/apis/apps');
    expect(document.paths['/apis/apps/'].get).toMatchObject({
      operationId: 'getAppsAPIGroup',
      tags: ['apps'],
    });
    expect(Object.keys(document.components.schemas)).toEqual([
      'io.k8s.apimachinery.pkg.apis.meta.v1.APIGroup',
      'io.k8s.apimachinery.pkg.apis.meta.v1.GroupVersionForDiscovery',
      'io.k8s.apimachinery.pkg.apis.meta.v1.ServerAddressByClientCIDR',
    ]);
    expect(read('/openapi/v3/apis/nope')).toBeUndefined();
  });

  it('changes only where something has changed', () => {
    const table = servedBuiltIns();
    const api = new OpenApi(table, noDescriptions);
    const before = read('/openapi/v3', api).paths;
    table.add(servedCustom());
    const after = read('/openapi/v3', api).paths;
    expect(after['apis/apps/v1']).toEqual(before['apis/apps/v1']);
    expect(before['apis/example.com/v1']).toBeUndefined();
    expect(after['apis/example.com/v1']).toBeDefined();
  });
});

describe('a document', () => {
  it('is answered once, then 304', () => {
    const answer = openApi.answer('/openapi/v3/apis/apps/v1', NONE);
    const ifNoneMatch = answer?.headers.ETag ?? '';
    expect(openApi.answer('/openapi/v3/apis/apps/v1', { ...NONE, ifNoneMatch })?.status).toBe(304);
  });

  it('is not there for what is not served', () => {
    expect(read('/openapi/v3/apis/nope/v1')).toBeUndefined();
    expect(read('/openapi/v1')).toBeUndefined();
  });

  it('has all definitions it refers to', () => {
    for (const path of Object.keys(read('/openapi/v3').paths)) {
      const document = read(`/openapi/v3/${path}`);
      const text = JSON.stringify(document);
      const names = [...text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(
        ([, name]) => name,
      );
      const known = new Set(Object.keys(document.components.schemas));
      expect(names.filter((name) => !known.has(name ?? ''))).toEqual([]);
    }
  });

  it('says how a list is merged, and what a field may be', () => {
    const { schemas } = read('/openapi/v3/api/v1').components;
    expect(schemas['io.k8s.api.core.v1.Container'].properties.ports).toEqual({
      type: 'array',
      items: {
        allOf: [{ $ref: '#/components/schemas/io.k8s.api.core.v1.ContainerPort' }],
        default: {},
      },
      'x-kubernetes-list-map-keys': ['containerPort', 'protocol'],
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-patch-merge-key': 'containerPort',
      'x-kubernetes-patch-strategy': 'merge',
    });
    const port = schemas['io.k8s.api.core.v1.ContainerPort'];
    expect(port.required).toEqual(['containerPort']);
    expect(port.properties.protocol).toMatchObject({
      default: 'TCP',
      enum: ['SCTP', 'TCP', 'UDP'],
    });
    expect(schemas['io.k8s.api.core.v1.Pod']['x-kubernetes-group-version-kind']).toEqual([
      { group: '', kind: 'Pod', version: 'v1' },
    ]);
    expect(schemas['io.k8s.api.core.v1.PodList'].required).toEqual(['items']);
  });

  it.each([
    [
      '/openapi/v3/api/v1',
      '/api/v1/namespaces/{namespace}/pods/{name}',
      'patchCoreV1NamespacedPod',
    ],
    [
      '/openapi/v3/apis/apps/v1',
      '/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale',
      'patchAppsV1NamespacedDeploymentScale',
    ],
    [
      '/openapi/v3/apis/rbac.authorization.k8s.io/v1',
      '/apis/rbac.authorization.k8s.io/v1/clusterroles/{name}',
      'patchRbacAuthorizationV1ClusterRole',
    ],
    [
      '/openapi/v3/apis/example.com/v1',
      '/apis/example.com/v1/namespaces/{namespace}/foos/{name}/status',
      'patchExampleComV1NamespacedFooStatus',
    ],
  ])('of %s tells kubectl what it may send', (document, path, operationId) => {
    const { patch } = read(document).paths[path];
    expect(patch.operationId).toBe(operationId);
    expect(patch['x-kubernetes-action']).toBe('patch');
    const names = patch.parameters.map(({ name }: { name: string }) => name);
    expect(names).toEqual(['dryRun', 'fieldManager', 'fieldValidation', 'force']);
  });

  it('has no operation twice', () => {
    const items: Record<string, { operationId?: string }>[] = Object.values(
      read('/openapi/v2').paths,
    );
    const ids = items.flatMap((item) =>
      Object.values(item).flatMap(({ operationId }) => operationId ?? []),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('has a custom resource with its own schema', () => {
    const { schemas } = read('/openapi/v3/apis/example.com/v1').components;
    const foo = schemas['com.example.v1.Foo'];
    expect(foo.properties.spec.properties.size).toEqual({ type: 'integer', default: 1 });
    expect(Object.keys(foo.properties)).toEqual(['spec', 'apiVersion', 'kind', 'metadata']);
    expect(schemas['com.example.v1.FooList']).toBeDefined();
  });
});

describe('version 2', () => {
  const { definitions, paths, swagger } = read('/openapi/v2');

  it('has plain references, and no defaults', () => {
    expect(swagger).toBe('2.0');
    const { properties } = definitions['io.k8s.api.core.v1.Pod'];
    expect(properties.spec).toEqual({ $ref: '#/definitions/io.k8s.api.core.v1.PodSpec' });
    expect(definitions['io.k8s.apimachinery.pkg.api.resource.Quantity']).toEqual({
      type: 'string',
    });
  });

  it('says less of custom resources', () => {
    const { properties } = definitions['com.example.v1.Foo'].properties.spec;
    expect(properties).toEqual({
      size: { type: 'integer' },
      port: { 'x-kubernetes-int-or-string': true },
      maybe: {},
    });
  });

  it('has a body among the parameters', () => {
    const [body] = paths['/api/v1/namespaces/{namespace}/pods'].post.parameters;
    expect(body).toEqual({
      name: 'body',
      in: 'body',
      required: true,
      schema: { $ref: '#/definitions/io.k8s.api.core.v1.Pod' },
    });
  });

  it('goes out as protobuf to who asks for it', () => {
    const accept = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
    const answer = openApi.answer('/openapi/v2', { accept, ifNoneMatch: null });
    expect(answer?.headers['Content-Type']).toBe(
      'application/com.github.proto-openapi.spec.v2.v1.0+protobuf',
    );
    const body = answer?.body as Uint8Array | undefined;
    expect([...(body ?? [])].slice(0, 5)).toEqual([0x0a, 3, 0x32, 0x2e, 0x30]);
  });
});

describe('protobuf', () => {
  const hex = (document: Record<string, Json>) =>
    [...swaggerBytes(document)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');

  it('writes a definition as a name and a schema', () => {
    // definitions(9) { additional_properties(1) { name(1) "A", value(2) { type(22) { value(1) "s" } } } }
    expect(hex({ definitions: { A: { type: 's' } } })).toBe(
      '4a 0d 0a 0b 0a 01 41 12 06 b2 01 03 0a 01 73',
    );
  });

  it('writes extensions as YAML', () => {
    expect(hex({ 'x-a': [1] })).toBe('82 01 0c 0a 03 78 2d 61 12 05 12 03 5b 31 5d');
  });
});

describe('descriptions', () => {
  it('are read from the comments of declarations', () => {
    const text = `/** A thing. */
export interface Thing {
    /** Its name. */
    name?: string;
    /**
     * Its size.
     *   In metres.
     */
    "the-size": number;
}
export interface Other {
    /** Its name, too. */
    name: string;
}`;
    expect(parseSayings(text)).toEqual(
      new Map([
        ['Thing', 'A thing.'],
        ['Thing.name', 'Its name.'],
        ['Thing.the-size', 'Its size.\n  In metres.'],
        ['Other.name', 'Its name, too.'],
      ]),
    );
  });

  it('are found by definition and field', () => {
    const found = newDescriptions();
    expect(found.type('io.k8s.api.core.v1.PodSpec')).toContain('pod');
    expect(found.field('io.k8s.api.core.v1.PodSpec', 'nodeName')).toContain('node');
    expect(found.field('io.k8s.api.core.v1.PodSpec', 'nope')).toBeUndefined();
    expect(found.type('io.k8s.api.nope.v1.Nope')).toBeUndefined();
  });
});
