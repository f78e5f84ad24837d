/** Who may ask a kubelet: tokens and permissions looked up in a real API server, client certificates. */

import { setMaxListeners } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MemoryFileSystem, RealClock, seededRandom, silentLogger } from '#apimachinery';
import { type Client, SERVICE_ACCOUNTS } from '#client';
import { openClient } from '#client/node';
import { newSimulatedRuntime } from '#container-runtime';
import { newKubelet } from '#kubelet';
import { type Serving, serveKubelet, servingCertificate } from '#kubelet/program';
import { accessOf } from '../../conformance/apiserver/kubeconfig.ts';
import { type Program, startOurApiServer } from '../../conformance/apiserver/program.ts';

const CLUSTER_ROLES = rbac('clusterroles', 'ClusterRole');
const CLUSTER_ROLE_BINDINGS = rbac('clusterrolebindings', 'ClusterRoleBinding');
function rbac(resource: string, kind: string) {
  const group = 'rbac.authorization.k8s.io';
  return { group, version: 'v1', resource, kind, namespaced: false };
}

const ends: (() => Promise<void>)[] = [];
let server: Program;
let client: Client;
let serving: Serving;
const folder = mkdtempSync(join(tmpdir(), 'kubelet-access-'));

beforeAll(async () => {
  ends.push(async () => rmSync(folder, { recursive: true, force: true }));
  server = await startOurApiServer();
  ends.push(() => server.stop());
  const clock = new RealClock();
  const random = seededRandom(1);
  const log = silentLogger;
  const opened = await openClient({ kubeconfig: server.kubeconfig, clock, log, qps: 0 });
  ends.push(opened.close);
  client = opened.client;
  const ca = readFileSync(join(dirname(server.kubeconfig), 'ca.crt'), 'utf8');
  serving = await serveKubelet('n1', {
    ...(await servingCertificate(folder, ['n1', '127.0.0.1'])),
    client,
    clock,
    address: '127.0.0.1',
    port: 0,
    clientCa: ca,
    tokens: true,
    anonymous: true,
    webhookAuthorization: true,
  });
  ends.push(() => serving.close());
  const files = new MemoryFileSystem({ clock });
  const cri = newSimulatedRuntime({ clock, random, log, files, podCidr: '10.244.0.0/24' });
  const capacity = { cpu: '4', memory: '8Gi', 'ephemeral-storage': '100Gi', pods: '110' };
  const kubelet = newKubelet({
    ...{ client, cri, files, clock, random, log },
    network: { dial: () => Promise.reject(new Error('no network')) },
    node: { name: 'n1', addresses: ['127.0.0.1'], capacity, port: serving.port },
  });
  serving.attach(kubelet);
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  const running = kubelet.start(stop.signal);
  ends.push(async () => {
    stop.abort();
    await running;
    cri.stop();
  });
}, 60_000);

afterAll(async () => {
  for (const end of ends.reverse()) await end();
});

interface Credentials {
  readonly token?: string;
  readonly cert?: Buffer | undefined;
  readonly key?: Buffer | undefined;
}

function get(path: string, { token, ...pair }: Credentials = {}) {
  return new Promise<{ status: number; body: string }>((resolve, reject) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const where = { host: '127.0.0.1', port: serving.port, path, headers };
    const outgoing = request({ ...where, ...pair, rejectUnauthorized: false, agent: false });
    outgoing.on('response', (response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}

/** A service account that may do something with nodes, and its token. */
async function account(name: string, subresources: readonly string[]): Promise<string> {
  const accounts = client.resource(SERVICE_ACCOUNTS, 'default');
  await accounts.create({ metadata: { name } });
  const rules = subresources.map((one) => ({
    apiGroups: [''],
    resources: [`nodes/${one}`],
    verbs: ['get'],
  }));
  await client.resource(CLUSTER_ROLES).create({ metadata: { name }, rules } as never);
  await client.resource(CLUSTER_ROLE_BINDINGS).create({
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    subjects: [{ kind: 'ServiceAccount', namespace: 'default', name }],
  } as never);
  const answer = await accounts.create(
    {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: { name, namespace: 'default' },
      spec: { audiences: [], expirationSeconds: 3600 },
    } as never,
    { subresource: 'token' },
  );
  return (answer as { status?: { token: string } }).status?.token ?? '';
}

const user = (name: string) => `system:serviceaccount:default:${name}`;

describe('the kubelet’s port, for whom', () => {
  it('refuses who shows nothing what anonymous may not do', async () => {
    expect(await get('/pods')).toEqual({
      status: 403,
      body: 'Forbidden (user=system:anonymous, verb=get, resource=nodes, subresource(s)=[pods proxy])\n',
    });
  });

  it('refuses a token that nobody issued', async () => {
    expect(await get('/pods', { token: 'nonsense' })).toEqual({
      status: 401,
      body: 'Unauthorized\n',
    });
  });

  it('refuses a user without permission, and says what was missing', async () => {
    const token = await account('nobody', []);
    expect(await get('/containerLogs/default/web/c', { token })).toEqual({
      status: 403,
      body: `Forbidden (user=${user('nobody')}, verb=get, resource=nodes, subresource(s)=[proxy])\n`,
    });
    expect((await get('/metrics/resource', { token })).body).toContain('subresource(s)=[metrics]');
    expect((await get('/healthz', { token })).status).toBe(403);
  });

  it('lets a user do what a role says, and no more', async () => {
    const token = await account('scraper', ['metrics', 'pods']);
    await expect.poll(async () => (await get('/metrics/resource', { token })).status).toBe(200);
    expect((await get('/pods', { token })).status).toBe(200);
    expect((await get('/stats/summary', { token })).status).toBe(403);
    expect((await get('/containerLogs/default/web/c', { token })).status).toBe(403);
  });

  it('lets who may use nodes/proxy do everything but stats and metrics', async () => {
    const token = await account('operator', ['proxy']);
    expect((await get('/pods', { token })).status).toBe(200);
    expect((await get('/healthz', { token })).body).toBe('ok');
    expect((await get('/containerLogs/default/web/c', { token })).status).toBe(404);
    expect((await get('/metrics/resource', { token })).status).toBe(403);
  });

  it('knows users by certificates of its authority', async () => {
    const { tls } = accessOf(undefined, server.kubeconfig);
    const pair = { cert: tls.cert, key: tls.key };
    expect((await get('/pods', pair)).status).toBe(200);
    expect((await get('/metrics', pair)).status).toBe(200);
  });

  it('knows nobody by a certificate of somebody else', async () => {
    const other = await servingCertificate(join(folder, 'other'), ['admin']);
    const pair = { cert: Buffer.from(other.certificate), key: Buffer.from(other.key) };
    expect((await get('/pods', pair)).body).toContain('user=system:anonymous');
  });

  it('refuses everybody while nobody can be asked', async () => {
    const broken = await serveKubelet('n1', {
      ...(await servingCertificate(folder, ['n1'])),
      client: { resource: () => ({ create: () => Promise.reject(new Error('gone')) }) } as never,
      clock: new RealClock(),
      address: '127.0.0.1',
      port: 0,
      tokens: true,
      anonymous: true,
      webhookAuthorization: true,
    });
    const before = serving;
    broken.attach({} as never);
    serving = broken;
    const [withToken, without] = [await get('/pods', { token: 'x' }), await get('/pods')];
    serving = before;
    await broken.close();
    expect(withToken.status).toBe(401);
    expect(without).toEqual({
      status: 500,
      body: 'Authorization error (user=system:anonymous, verb=get, resource=nodes, subresource(s)=[pods proxy])\n',
    });
  });
});
