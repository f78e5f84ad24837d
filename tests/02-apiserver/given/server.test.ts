/** The API server as one: requests through the whole chain, in this process. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from './test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await server.ask('POST', '/api/v1/namespaces/default/serviceaccounts', {
    kind: 'ServiceAccount',
    apiVersion: 'v1',
    metadata: { name: 'default' },
  });
});
afterAll(() => server.stop());

const json = async (response: Response) => ({
  code: response.status,
  body: (await response.json()) as { readonly [key: string]: unknown },
});

const configMaps = '/api/v1/namespaces/default/configmaps';
const configMap = (name: string, more: object = {}) => ({
  kind: 'ConfigMap',
  apiVersion: 'v1',
  metadata: { name },
  ...more,
});

describe('what every cluster has', () => {
  it('are namespaces, roles, priority classes and the Service kubernetes', async () => {
    const { body } = await json(await server.ask('GET', '/api/v1/namespaces'));
    const names = (body.items as { metadata: { name: string } }[]).map((i) => i.metadata.name);
    expect(names).toEqual(['default', 'kube-node-lease', 'kube-public', 'kube-system']);
    for (const target of [
      '/apis/rbac.authorization.k8s.io/v1/clusterroles/cluster-admin',
      '/apis/scheduling.k8s.io/v1/priorityclasses/system-node-critical',
      '/api/v1/namespaces/default/services/kubernetes',
      '/api/v1/namespaces/default/endpoints/kubernetes',
      '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes',
      '/apis/apiregistration.k8s.io/v1/apiservices/v1.apps',
    ]) {
      expect((await server.ask('GET', target)).status, target).toBe(200);
    }
  });

  it('gathers the rules of aggregated roles', async () => {
    const target = '/apis/rbac.authorization.k8s.io/v1/clusterroles/view';
    const { body } = await json(await server.ask('GET', target));
    expect((body.rules as unknown[]).length).toBeGreaterThan(5);
  });
});

describe('who may', () => {
  it('lets nobody in particular look at health only', async () => {
    expect((await server.askAs('GET', '/livez')).status).toBe(200);
    const { code, body } = await json(await server.askAs('GET', configMaps));
    expect(code).toBe(403);
    expect(body.message).toBe(
      'configmaps is forbidden: User "system:anonymous" cannot list resource "configmaps" in API group "" in the namespace "default"',
    );
  });

  it('refuses wrong credentials before it looks at anything else', async () => {
    const headers = { authorization: 'Bearer nonsense' };
    const { code, body } = await json(await server.askAs('GET', '/api/v1/frobs', { headers }));
    expect(code).toBe(401);
    expect(body.reason).toBe('Unauthorized');
  });
});

describe('what is not there', () => {
  it('is 404 with a Status', async () => {
    for (const target of ['/api/v1/frobs', '/apis/nope/v1/things', '/nope', `${configMaps}/nope`]) {
      const { code, body } = await json(await server.ask('GET', target));
      expect(code, target).toBe(404);
      expect(body, target).toMatchObject({ kind: 'Status', reason: 'NotFound' });
    }
  });

  it('is 405 for verbs a resource has not', async () => {
    const { code, body } = await json(await server.ask('DELETE', '/api/v1/namespaces'));
    expect(code).toBe(405);
    expect(body).toMatchObject({ kind: 'Status', reason: 'MethodNotAllowed' });
  });
});

describe('forms of bodies', () => {
  it('refuses YAML of too many parts, and not the same as JSON', async () => {
    const lines = Array.from({ length: 45_000 }, (_, i) => `  k${i}: ""\n`).join('');
    const yaml = `kind: ConfigMap\napiVersion: v1\nmetadata: {name: many}\ndata:\n${lines}`;
    const headers = { 'content-type': 'application/yaml' };
    const { code, body } = await json(await server.ask('POST', configMaps, yaml, headers));
    expect(code).toBe(413);
    expect(body).toMatchObject({ kind: 'Status', reason: 'RequestEntityTooLarge' });
    const data = Object.fromEntries(Array.from({ length: 45_000 }, (_, i) => [`k${i}`, '']));
    const sent = JSON.stringify({ ...configMap('many'), data });
    expect((await server.ask('POST', configMaps, sent, headers)).status).toBe(201);
  });

  it('reads YAML', async () => {
    const yaml = 'kind: ConfigMap\napiVersion: v1\nmetadata: {name: from-yaml}\ndata:\n  a: "1"\n';
    const headers = { 'content-type': 'application/yaml' };
    const { code, body } = await json(await server.ask('POST', configMaps, yaml, headers));
    expect(code).toBe(201);
    expect(body).toMatchObject({ data: { a: '1' } });
  });

  it('says which forms it understands', async () => {
    const headers = { 'content-type': 'text/plain' };
    const { code, body } = await json(await server.ask('POST', configMaps, 'x', headers));
    expect(code).toBe(415);
    expect(body.message).toContain('application/json, application/yaml');
  });

  it('says which forms it can answer in', async () => {
    const headers = { accept: 'application/vnd.kubernetes.protobuf' };
    const { code } = await json(await server.ask('GET', configMaps, undefined, headers));
    expect(code).toBe(406);
  });

  it('warns of unknown fields, or refuses them', async () => {
    const object = configMap('unknown', { dataa: {} });
    const warned = await server.ask('POST', configMaps, object);
    expect(warned.status).toBe(201);
    expect(warned.headers.get('warning')).toBe('299 - "unknown field \\"dataa\\""');
    const target = `${configMaps}?fieldValidation=Strict`;
    const { code, body } = await json(
      await server.ask('POST', target, { ...object, metadata: { name: 'other' } }),
    );
    expect(code).toBe(400);
    expect(body.message).toContain('strict decoding error: unknown field "dataa"');
  });
});

describe('the life of an object', () => {
  it('is made, changed, patched and deleted', async () => {
    const target = `${configMaps}/life`;
    await server.ask('POST', configMaps, configMap('life', { data: { a: '1' } }));
    const merge = { 'content-type': 'application/merge-patch+json' };
    const patched = await json(await server.ask('PATCH', target, { data: { b: '2' } }, merge));
    expect(patched.body).toMatchObject({ data: { a: '1', b: '2' } });
    const strategic = { 'content-type': 'application/strategic-merge-patch+json' };
    await server.ask('PATCH', target, { metadata: { labels: { x: 'y' } } }, strategic);
    const jsonPatch = { 'content-type': 'application/json-patch+json' };
    const removed = [{ op: 'remove', path: '/data/a' }];
    const { body } = await json(await server.ask('PATCH', target, removed, jsonPatch));
    expect(body).toMatchObject({ metadata: { labels: { x: 'y' } }, data: { b: '2' } });
    const gone = await json(await server.ask('DELETE', target));
    expect(gone.body).toMatchObject({ kind: 'Status', status: 'Success' });
    expect((await server.ask('GET', target)).status).toBe(404);
  });

  it('is applied by several managers', async () => {
    const target = `${configMaps}/applied`;
    const headers = { 'content-type': 'application/apply-patch+yaml' };
    const apply = (manager: string, data: object, force = false) =>
      server.ask(
        'PATCH',
        `${target}?fieldManager=${manager}${force ? '&force=true' : ''}`,
        configMap('applied', { data }),
        headers,
      );
    expect((await apply('one', { a: '1' })).status).toBe(201);
    const conflict = await json(await apply('two', { a: '2' }));
    expect(conflict.code).toBe(409);
    expect(conflict.body).toMatchObject({
      reason: 'Conflict',
      details: { causes: [{ reason: 'FieldManagerConflict', field: '.data.a' }] },
    });
    expect((await apply('two', { a: '2' }, true)).status).toBe(200);
  });
});

describe('services', () => {
  const services = '/api/v1/namespaces/default/services';
  const service = (name: string, spec: object) => ({
    kind: 'Service',
    apiVersion: 'v1',
    metadata: { name },
    spec,
  });

  it('get addresses and ports of their own, and give them back', async () => {
    const spec = { type: 'NodePort', ports: [{ port: 80 }], selector: { app: 'a' } };
    const made = await json(await server.ask('POST', services, service('web', spec)));
    expect(made.code).toBe(201);
    const { clusterIP, ports } = made.body.spec as {
      clusterIP: string;
      ports: { nodePort: number }[];
    };
    expect(clusterIP).toMatch(/^10\.(9[6-9]|10\d|11[01])\./);
    const nodePort = ports[0]?.nodePort ?? 0;
    expect(nodePort).toBeGreaterThanOrEqual(30000);
    const taken = service('other', { clusterIP, ports: [{ port: 80 }] });
    const refused = await json(await server.ask('POST', services, taken));
    expect(refused.code).toBe(422);
    expect(refused.body.message).toContain('provided IP is already allocated');
    await server.ask('DELETE', `${services}/web`);
    expect((await server.ask('POST', services, taken)).status).toBe(201);
  });

  it('have none when they are headless, or names of others', async () => {
    const headless = service('headless', { clusterIP: 'None', ports: [{ port: 80 }] });
    const made = await json(await server.ask('POST', services, headless));
    expect(made.body.spec).toMatchObject({ clusterIP: 'None', clusterIPs: ['None'] });
    const external = service('external', { type: 'ExternalName', externalName: 'example.com' });
    const other = await json(await server.ask('POST', services, external));
    expect(other.body.spec).not.toHaveProperty('clusterIP');
  });
});

describe('pods', () => {
  const pods = '/api/v1/namespaces/default/pods';
  const pod = (name: string) => ({
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: { name },
    spec: { containers: [{ name: 'c', image: 'nginx' }] },
  });

  it('are refused without what they need, whatever admission would do with it', async () => {
    for (const more of [{}, { spec: {} }, { spec: { volumes: [{}] } }]) {
      const bare = { kind: 'Pod', apiVersion: 'v1', metadata: { name: 'bare' }, ...more };
      const { code, body } = await json(await server.ask('POST', pods, bare));
      expect(code).toBe(422);
      expect(body.message).toContain('spec.containers: Required value');
    }
  });

  it('are bound once', async () => {
    await server.ask('POST', pods, pod('bound'));
    const binding = (node: string) => ({
      kind: 'Binding',
      apiVersion: 'v1',
      metadata: { name: 'bound' },
      target: { kind: 'Node', name: node },
    });
    expect((await server.ask('POST', `${pods}/bound/binding`, binding('a'))).status).toBe(201);
    const { body } = await json(await server.ask('GET', `${pods}/bound`));
    expect(body).toMatchObject({
      spec: { nodeName: 'a' },
      status: { conditions: [{ type: 'PodScheduled', status: 'True' }] },
    });
    const again = await json(await server.ask('POST', `${pods}/bound/binding`, binding('b')));
    expect(again.code).toBe(409);
    expect(again.body.message).toContain('pod bound is already assigned to node "a"');
  });

  it('go gracefully once they are somewhere', async () => {
    const marked = await json(await server.ask('DELETE', `${pods}/bound`));
    expect(marked.body).toMatchObject({
      kind: 'Pod',
      metadata: { deletionGracePeriodSeconds: 30 },
    });
    await server.ask('DELETE', `${pods}/bound?gracePeriodSeconds=0`);
    expect((await server.ask('GET', `${pods}/bound`)).status).toBe(404);
  });

  it('take a status only through /status', async () => {
    await server.ask('POST', pods, pod('state'));
    const { body } = await json(await server.ask('GET', `${pods}/state`));
    const changed = { ...body, status: { phase: 'Running' } };
    await server.ask('PUT', `${pods}/state`, changed);
    const before = await json(await server.ask('GET', `${pods}/state`));
    expect(before.body.status).toMatchObject({ phase: 'Pending' });
    const after = await json(await server.ask('PUT', `${pods}/state/status`, changed));
    expect(after.body.status).toMatchObject({ phase: 'Running' });
  });

  it('are watched', async () => {
    const list = await json(await server.ask('GET', pods));
    const { resourceVersion } = list.body.metadata as { resourceVersion: string };
    const target = `${pods}?watch=true&resourceVersion=${resourceVersion}`;
    const reader = (await server.ask('GET', target)).body?.getReader();
    await server.ask('POST', pods, pod('seen'));
    const { value } = (await reader?.read()) ?? {};
    const line = new TextDecoder().decode(value);
    expect(JSON.parse(line)).toMatchObject({
      type: 'ADDED',
      object: { kind: 'Pod', metadata: { name: 'seen' } },
    });
    await reader?.cancel();
  });
});

describe('namespaces', () => {
  it('wait until they are finalized', async () => {
    const namespace = { kind: 'Namespace', apiVersion: 'v1', metadata: { name: 'going' } };
    await server.ask('POST', '/api/v1/namespaces', namespace);
    const marked = await json(await server.ask('DELETE', '/api/v1/namespaces/going'));
    expect(marked.body.status).toMatchObject({ phase: 'Terminating' });
    const refused = await json(
      await server.ask('POST', '/api/v1/namespaces/going/configmaps', configMap('late')),
    );
    expect(refused.code).toBe(403);
    expect(refused.body.message).toContain('because it is being terminated');
    const finalize = '/api/v1/namespaces/going/finalize';
    const { spec: _, ...rest } = marked.body;
    expect((await server.ask('PUT', finalize, { ...rest, spec: {} })).status).toBe(200);
    expect((await server.ask('GET', '/api/v1/namespaces/going')).status).toBe(404);
  });

  it('must be there', async () => {
    const { code, body } = await json(
      await server.ask('POST', '/api/v1/namespaces/nope/configmaps', configMap('x')),
    );
    expect(code).toBe(404);
    expect(body.message).toBe('namespaces "nope" not found');
  });
});

describe('scale', () => {
  it('reads and writes the number alone', async () => {
    const deployments = '/apis/apps/v1/namespaces/default/deployments';
    await server.ask('POST', deployments, {
      kind: 'Deployment',
      apiVersion: 'apps/v1',
      metadata: { name: 'web' },
      spec: {
        selector: { matchLabels: { app: 'web' } },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: { containers: [{ name: 'c', image: 'nginx' }] },
        },
      },
    });
    const { body } = await json(await server.ask('GET', `${deployments}/web/scale`));
    expect(body).toMatchObject({
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      spec: { replicas: 1 },
    });
    const merge = { 'content-type': 'application/merge-patch+json' };
    await server.ask('PATCH', `${deployments}/web/scale`, { spec: { replicas: 5 } }, merge);
    const whole = await json(await server.ask('GET', `${deployments}/web`));
    expect(whole.body).toMatchObject({ metadata: { generation: 2 }, spec: { replicas: 5 } });
  });
});

describe('JSON', () => {
  const ask = async (target: string, userAgent: string) =>
    (await server.ask('GET', target, undefined, { 'user-agent': userAgent })).text();

  it('has line breaks for browsers, curl and wget, unless they say otherwise', async () => {
    const namespaces = '/api/v1/namespaces';
    for (const userAgent of ['curl/8.10.1', 'Wget', 'Mozilla/5.0 (X11)']) {
      expect(await ask(namespaces, userAgent)).toContain('{\n  "kind": "NamespaceList",\n');
    }
    expect(await ask(`${namespaces}/nope`, 'curl/8')).toContain('\n  "status": "Failure",\n');
    expect(await ask(`${namespaces}?pretty=false`, 'curl/8')).toContain('"kind":"NamespaceList"');
    expect(await ask(`${namespaces}?pretty=true`, 'kubectl')).toContain('"kind": "NamespaceList"');
    expect(await ask(namespaces, 'kubectl')).toContain('"kind":"NamespaceList"');
    expect(await ask('/version', 'kubectl')).toContain('\n  "major": "1",\n');
  });
});
