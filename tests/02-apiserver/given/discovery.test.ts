/** Discovery: the walk, the aggregated form, and the order that decides what a bare name means. */

import { describe, expect, it } from 'vitest';
import { discoveryAnswer } from '../../../solutions/02-apiserver/discovery/discovery.ts';
import { compareVersions } from '../../../solutions/02-apiserver/discovery/group-order.ts';
import { sha256Hex } from '../../../solutions/02-apiserver/discovery/sha256.ts';
import { servedBuiltIns, servedCustom } from './served-kinds.ts';

const AGGREGATED = {
  as: 'APIGroupDiscoveryList',
  group: 'apidiscovery.k8s.io',
  version: 'v2',
} as const;

const read = (path: string, served = servedBuiltIns()) => {
  const answer = discoveryAnswer(path, {}, served, null);
  return answer && JSON.parse(`${answer.body}`);
};

describe('the walk', () => {
  it('begins with the core group and the others', () => {
    expect(read('/api')).toMatchObject({ kind: 'APIVersions', versions: ['v1'] });
    const names = read('/apis').groups.map(({ name }: { name: string }) => name);
    expect(names.slice(0, 4)).toEqual([
      'apiregistration.k8s.io',
      'apps',
      'events.k8s.io',
      'autoscaling',
    ]);
  });

  it('prefers the newest version', () => {
    expect(read('/apis/autoscaling')).toEqual({
      kind: 'APIGroup',
      apiVersion: 'v1',
      name: 'autoscaling',
      versions: [
        { groupVersion: 'autoscaling/v2', version: 'v2' },
        { groupVersion: 'autoscaling/v1', version: 'v1' },
      ],
      preferredVersion: { groupVersion: 'autoscaling/v2', version: 'v2' },
    });
  });

  it('tells resources by name, each followed by its subresources', () => {
    const { resources, groupVersion } = read('/api/v1');
    expect(groupVersion).toBe('v1');
    const names: string[] = resources.map(({ name }: { name: string }) => name);
    expect(names).toEqual([...names].sort());
    expect(names).toContain('pods/eviction');
  });

  it('tells all of a resource, and where a subresource is of another group', () => {
    const { resources } = read('/api/v1');
    const find = (wanted: string) =>
      resources.find(({ name }: { name: string }) => name === wanted);
    expect(find('pods')).toEqual({
      name: 'pods',
      singularName: 'pod',
      namespaced: true,
      kind: 'Pod',
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      shortNames: ['po'],
      categories: ['all'],
      storageVersionHash: 'xPOwRZ+Yhw8=',
    });
    expect(find('pods/eviction')).toEqual({
      name: 'pods/eviction',
      singularName: '',
      namespaced: true,
      group: 'policy',
      version: 'v1',
      kind: 'Eviction',
      verbs: ['create'],
    });
  });

  it.each(['/apis/nope', '/apis/apps/v9', '/api/v2', '/apis/apps/v1/deployments', '/else'])(
    'knows nothing of %s',
    (path) => {
      expect(read(path)).toBeUndefined();
    },
  );

  it('lists all paths at the root', () => {
    const { paths } = read('/');
    expect(paths).toEqual(
      expect.arrayContaining(['/api', '/api/v1', '/apis/apps/v1', '/openapi/v3']),
    );
  });
});

describe('the aggregated form', () => {
  const ask = (path: string, served = servedBuiltIns(), etag: string | null = null) =>
    discoveryAnswer(path, AGGREGATED, served, etag);

  it('tells everything at once', () => {
    const answer = ask('/apis');
    expect(answer?.headers['Content-Type']).toBe(
      'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
    );
    const { items } = JSON.parse(`${answer?.body}`);
    const apps = items.find(
      ({ metadata }: { metadata: { name: string } }) => metadata.name === 'apps',
    );
    const [{ version, freshness, resources }] = apps.versions;
    expect({ version, freshness }).toEqual({ version: 'v1', freshness: 'Current' });
    expect(resources[2]).toMatchObject({
      resource: 'deployments',
      responseKind: { group: 'apps', version: 'v1', kind: 'Deployment' },
      scope: 'Namespaced',
      singularResource: 'deployment',
      shortNames: ['deploy'],
      subresources: [
        {
          subresource: 'scale',
          responseKind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
          verbs: ['get', 'patch', 'update'],
        },
        { subresource: 'status' },
      ],
    });
  });

  it('leaves the core group to /api', () => {
    const { items } = JSON.parse(`${ask('/api')?.body}`);
    expect(items).toHaveLength(1);
    expect(items[0].versions[0].version).toBe('v1');
  });

  it('answers 304 until something changes', () => {
    const served = servedBuiltIns();
    const etag = ask('/apis', served)?.headers.ETag ?? '';
    expect(ask('/apis', served, etag)).toMatchObject({ status: 304, body: '' });
    served.add(servedCustom());
    const changed = ask('/apis', served, etag);
    expect(changed?.status).toBe(200);
    expect(`${changed?.body}`).toContain('"singularResource":"foo"');
    served.remove('example.com', 'v1', 'foos');
    expect(ask('/apis', served, etag)?.status).toBe(304);
  });

  it('speaks the older version, too', () => {
    const answer = discoveryAnswer(
      '/apis',
      { ...AGGREGATED, version: 'v2beta1' },
      servedBuiltIns(),
    );
    expect(JSON.parse(`${answer?.body}`).apiVersion).toBe('apidiscovery.k8s.io/v2beta1');
  });
});

describe('versions', () => {
  it('are better the more stable and the newer they are', () => {
    const sorted = [
      'v10',
      'v2',
      'v1',
      'v11beta2',
      'v10beta3',
      'v3beta1',
      'v12alpha1',
      'foo1',
      'foo10',
    ];
    const mixed = [...sorted].reverse().sort((a, b) => compareVersions(b, a));
    expect(mixed).toEqual(sorted);
  });
});

describe('SHA-256', () => {
  it.each([
    ['', 'E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855'],
    ['abc', 'BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD'],
  ])('of %j', (text, hash) => {
    expect(sha256Hex(text)).toBe(hash);
  });
});
