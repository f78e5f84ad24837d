/** What kubelets may do of a server with the mode Node: the authorizer and NodeRestriction together. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection, PeerCertificate } from '../../../solutions/02-apiserver/connection.ts';
import { startTestServer, type TestServer } from './test-server.ts';

let server: TestServer;
const uids: Record<string, string> = {};

beforeAll(async () => {
  server = await startTestServer({ authorizationModes: ['Node', 'RBAC'] });
  const make = async (target: string, object: object): Promise<void> => {
    const response = await server.ask('POST', target, { apiVersion: 'v1', ...object });
    const made = (await response.json()) as { metadata: { name: string; uid: string } };
    expect(response.status, JSON.stringify(made)).toBe(201);
    uids[made.metadata.name] = made.metadata.uid;
  };
  for (const name of ['a', 'b']) await make('/api/v1/nodes', { kind: 'Node', metadata: { name } });
  for (const name of ['default', 'builder']) {
    await make(`${SHOP}/serviceaccounts`, { kind: 'ServiceAccount', metadata: { name } });
  }
  for (const name of ['own', 'other', 'claimed']) {
    await make(`${SHOP}/secrets`, { kind: 'Secret', metadata: { name } });
  }
  await make('/api/v1/persistentvolumes', {
    kind: 'PersistentVolume',
    metadata: { name: 'pv' },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      csi: { driver: 'd', volumeHandle: 'h', nodeStageSecretRef: SECRET_OF_VOLUME },
    },
  });
  await make(`${SHOP}/persistentvolumeclaims`, {
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data' },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      volumeName: 'pv',
    },
  });
  await make(`${SHOP}/pods`, pod('web', 'a', 'own', 'data'));
  await make(`${SHOP}/pods`, pod('db', 'b', 'other'));
});
afterAll(() => server.stop());

const SHOP = '/api/v1/namespaces/default';
const SECRET_OF_VOLUME = { name: 'claimed', namespace: 'default' };

function pod(name: string, nodeName: string, secretName: string, claimName?: string) {
  const secret = { name: 's', secret: { secretName } };
  const claim = claimName ? [{ name: 'd', persistentVolumeClaim: { claimName } }] : [];
  const containers = [{ name: 'c', image: 'i' }];
  return {
    kind: 'Pod',
    metadata: { name },
    spec: { nodeName, containers, volumes: [secret, ...claim] },
  };
}

/** A request of the kubelet of node `a`, by its certificate. */
async function ask(method: string, target: string, body?: object, node = 'system:node:a') {
  const certificate: PeerCertificate = {
    commonName: node,
    organizations: ['system:nodes'],
    notBefore: 0,
    notAfter: Number.MAX_SAFE_INTEGER,
    forClients: true,
  };
  const connection: Connection = {
    rawTarget: target,
    peerCertificates: [certificate],
    remoteAddress: '192.0.2.7',
    secure: true,
  };
  const isPatch = method === 'PATCH';
  const request = new Request('http://server/', {
    method,
    headers: { 'content-type': isPatch ? 'application/merge-patch+json' : 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  const response = (await server.server.handler(request, connection)) as Response;
  const { message } = (await response.json()) as { message?: string };
  return { code: response.status, message };
}

const refused = (message: string) => ({ code: 403, message });
const cannot = (what: string) =>
  `${what} API group "" in the namespace "default": no relationship found between node 'a' and this object`;

describe('a kubelet reads', () => {
  it.each(['secrets/own', 'secrets/claimed', 'persistentvolumeclaims/data', 'pods/web'])(
    'what its pods need: %s',
    async (what) => {
      expect((await ask('GET', `${SHOP}/${what}`)).code).toBe(200);
    },
  );

  it('no other pod and no secret of it', async () => {
    expect(await ask('GET', `${SHOP}/secrets/other`)).toEqual(
      refused(
        cannot(
          'secrets "other" is forbidden: User "system:node:a" cannot get resource "secrets" in',
        ),
      ),
    );
    expect((await ask('GET', `${SHOP}/pods/db`)).code).toBe(403);
    expect((await ask('GET', `${SHOP}/pods`)).code).toBe(403);
    expect((await ask('GET', '/api/v1/pods?fieldSelector=spec.nodeName%3Da')).code).toBe(200);
  });

  it('a secret as soon as a pod on its node needs it, and no longer', async () => {
    const target = `${SHOP}/secrets/other`;
    await server.ask('POST', `${SHOP}/pods`, { apiVersion: 'v1', ...pod('new', 'a', 'other') });
    await expect.poll(async () => (await ask('GET', target)).code).toBe(200);
    await server.ask('DELETE', `${SHOP}/pods/new?gracePeriodSeconds=0`);
    await expect.poll(async () => (await ask('GET', target)).code).toBe(403);
  });

  it('nothing at all as a node without a name', async () => {
    expect(await ask('GET', `${SHOP}/secrets/own`, undefined, 'somebody')).toEqual(
      refused(
        'secrets "own" is forbidden: User "somebody" cannot get resource "secrets" in API group "" in the namespace "default": unknown node for user "somebody"',
      ),
    );
  });
});

describe('NodeRestriction', () => {
  const status = (kind: string) => ({ kind, apiVersion: 'v1', status: { phase: 'Running' } });

  it("lets a node write its own status and nobody else's", async () => {
    expect((await ask('PATCH', '/api/v1/nodes/a/status', { status: {} })).code).toBe(200);
    expect(await ask('PATCH', '/api/v1/nodes/b/status', { status: {} })).toEqual(
      refused('nodes "b" is forbidden: node "a" is not allowed to modify node "b"'),
    );
  });

  it('keeps a node from labels and taints that draw pods to it', async () => {
    const labelled = (labels: object) => ask('PATCH', '/api/v1/nodes/a', { metadata: { labels } });
    expect((await labelled({ 'kubernetes.io/os': 'linux', mine: 'x' })).code).toBe(200);
    expect((await labelled({ 'node.kubernetes.io/anything': 'x' })).code).toBe(200);
    expect(await labelled({ 'node-role.kubernetes.io/control-plane': '' })).toEqual(
      refused(
        'nodes "a" is forbidden: is not allowed to modify labels: node-role.kubernetes.io/control-plane',
      ),
    );
    expect((await labelled({ 'x.node-restriction.kubernetes.io/pci': 'x' })).code).toBe(403);
    const taints = [{ key: 'k', effect: 'NoSchedule' }];
    expect(await ask('PATCH', '/api/v1/nodes/a', { spec: { taints } })).toEqual(
      refused('nodes "a" is forbidden: node "a" is not allowed to modify taints'),
    );
  });

  it('lets a node register itself, with its own labels', async () => {
    const node = (name: string, labels = {}) => ({
      kind: 'Node',
      apiVersion: 'v1',
      metadata: { name, labels },
    });
    const own = 'system:node:c';
    const target = '/api/v1/nodes';
    expect((await ask('POST', target, node('d'), own)).code).toBe(403);
    expect(await ask('POST', target, node('c', { 'k8s.io/role': 'x' }), own)).toEqual(
      refused(
        'nodes "c" is forbidden: node "c" is not allowed to set the following labels: k8s.io/role',
      ),
    );
    expect((await ask('POST', target, node('c', { 'kubernetes.io/arch': 'x' }), own)).code).toBe(
      201,
    );
  });

  it('lets a node write the status of its own pods, and evict and delete them', async () => {
    expect((await ask('PATCH', `${SHOP}/pods/web/status`, status('Pod'))).code).toBe(200);
    expect(await ask('PATCH', `${SHOP}/pods/db/status`, status('Pod'))).toEqual(
      refused(
        'pods "db" is forbidden: node "a" can only update pod status for pods with spec.nodeName set to itself',
      ),
    );
    expect(await ask('DELETE', `${SHOP}/pods/db`)).toEqual(
      refused(
        'pods "db" is forbidden: node "a" can only delete pods with spec.nodeName set to itself',
      ),
    );
    const eviction = (name: string) => ({
      kind: 'Eviction',
      apiVersion: 'policy/v1',
      metadata: { name },
    });
    expect(await ask('POST', `${SHOP}/pods/db/eviction`, eviction('db'))).toEqual(
      refused(
        'pods "db" is forbidden: node a can only evict pods with spec.nodeName set to itself',
      ),
    );
    const dry = `${SHOP}/pods/web/eviction?dryRun=All`;
    expect((await ask('POST', dry, eviction('web'))).code).toBe(201);
  });

  it('lets a node make mirror pods of its own only', async () => {
    const owner = { apiVersion: 'v1', kind: 'Node', name: 'a', controller: true };
    const mirror = (more: object = {}, spec: object = {}) => ({
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: {
        name: 'static-a',
        annotations: { 'kubernetes.io/config.mirror': 'x' },
        ownerReferences: [{ ...owner, uid: uids.a }],
        ...more,
      },
      spec: { nodeName: 'a', containers: [{ name: 'c', image: 'i' }], ...spec },
    });
    const post = (object: object) => ask('POST', `${SHOP}/pods`, object);
    const why = (text: string) => refused(`pods "static-a" is forbidden: ${text}`);
    const only = 'node "a" can only create pods with';
    expect(await post(mirror({ annotations: {} }))).toEqual(
      why(
        'pod does not have "kubernetes.io/config.mirror" annotation, node "a" can only create mirror pods',
      ),
    );
    expect(await post(mirror({}, { nodeName: 'b' }))).toEqual(
      why(`${only} spec.nodeName set to itself`),
    );
    expect(await post(mirror({ ownerReferences: [] }))).toEqual(
      why(`${only} an owner reference set to itself`),
    );
    expect(await post(mirror({ ownerReferences: [{ ...owner, uid: 'x' }] }))).toEqual(
      why(`node a UID mismatch: expected x got ${uids.a}`),
    );
    const volumes = [{ name: 'c', configMap: { name: 'cm' } }];
    expect(await post(mirror({}, { volumes }))).toEqual(
      why('node "a" can not create pods that reference configmaps'),
    );
    expect((await post(mirror())).code).toBe(201);
    expect((await ask('DELETE', `${SHOP}/pods/static-a`)).code).toBe(200);
  });

  it('lets a node have tokens for its own pods only', async () => {
    const request = (boundObjectRef?: object) => ({
      kind: 'TokenRequest',
      apiVersion: 'authentication.k8s.io/v1',
      spec: { audiences: ['https://test'], ...(boundObjectRef && { boundObjectRef }) },
    });
    const post = (ref?: object) =>
      ask('POST', `${SHOP}/serviceaccounts/default/token`, request(ref));
    const bound = (name: string, uid = uids[name]) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      name,
      uid,
    });
    const why = (text: string) => refused(`serviceaccounts "default" is forbidden: ${text}`);
    expect(await post()).toEqual(why('node requested token not bound to a pod'));
    expect(await post(bound('db'))).toEqual(
      why('node requested token bound to a pod scheduled on a different node'),
    );
    expect((await post(bound('web', 'x'))).message).toMatch(/does not match the UID in record/);
    expect((await post(bound('web'))).code).toBe(201);
    const other = `${SHOP}/serviceaccounts/builder/token`;
    expect((await ask('POST', other, request(bound('web')))).code).toBe(403);
  });

  it('lets a node keep its own lease', async () => {
    const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
    const lease = (name: string) => ({
      kind: 'Lease',
      apiVersion: 'coordination.k8s.io/v1',
      metadata: { name },
    });
    expect((await ask('POST', leases, lease('a'))).code).toBe(201);
    expect(await ask('POST', leases, lease('b'))).toEqual(
      refused(
        'leases.coordination.k8s.io "b" is forbidden: can only access node lease with the same name as the requesting node',
      ),
    );
  });

  it('lets a node write the capacity of a claim and nothing else of it', async () => {
    const target = `${SHOP}/persistentvolumeclaims/data/status`;
    const capacity = { storage: '2Gi' };
    expect((await ask('PATCH', target, { status: { capacity } })).code).toBe(200);
    expect((await ask('PATCH', target, { status: { phase: 'Lost' } })).message).toMatch(
      /not allowed to update fields other than status.capacity and status.conditions/,
    );
  });

  it('asks nobody but nodes', async () => {
    const labels = { 'node-role.kubernetes.io/control-plane': '' };
    const body = JSON.stringify({ metadata: { labels } });
    const headers = { 'content-type': 'application/merge-patch+json' };
    expect((await server.ask('PATCH', '/api/v1/nodes/b', body, headers)).status).toBe(200);
  });
});

describe('SelfSubjectAccessReview of a node', () => {
  it('answers as kubectl auth can-i shows it', async () => {
    const canI = async (resourceAttributes: object) => {
      const response = await server.ask(
        'POST',
        '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
        {
          kind: 'SelfSubjectAccessReview',
          apiVersion: 'authorization.k8s.io/v1',
          spec: { resourceAttributes },
        },
        { 'impersonate-user': 'system:node:a', 'impersonate-group': 'system:nodes' },
      );
      return ((await response.json()) as { status: object }).status;
    };
    expect(await canI({ verb: 'get', resource: 'pods' })).toEqual({
      allowed: false,
      reason: 'No Object name found',
    });
    expect(await canI({ verb: 'create', resource: 'pods' })).toEqual({ allowed: true });
    expect(await canI({ verb: 'get', resource: 'nodes', name: 'a' })).toEqual({ allowed: true });
    expect(await canI({ verb: 'delete', resource: 'nodes', name: 'a' })).toEqual({
      allowed: false,
    });
  });
});
