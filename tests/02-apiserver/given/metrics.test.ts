/** metrics.k8s.io: what kubelets count, and what clients are told of it. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '#apimachinery';
import { parseResourceMetrics } from '../../../solutions/02-apiserver/metrics/resource-metrics.ts';
import { UsageStore } from '../../../solutions/02-apiserver/metrics/usage.ts';
import { BackendError } from '../../../solutions/02-apiserver/proxy/backend.ts';
import { settle } from '../../kit/index.ts';
import { startTestServer, type TestServer } from './test-server.ts';

const METRICS = '/apis/metrics.k8s.io/v1beta1';
const START = Date.UTC(2025, 0, 1);

/** A kubelet that answers what a test says, and how often it was asked. */
class ScriptedKubelet {
  text = '';
  asked = 0;
  paths: string[] = [];
  /** Answers nothing, until the one who asks gives up. */
  hangs = false;
  signals: AbortSignal[] = [];

  request({ path, signal }: { path: string; signal: AbortSignal }) {
    this.asked += 1;
    this.paths.push(path);
    this.signals.push(signal);
    if (this.hangs) return new Promise<never>(() => {});
    return Promise.resolve({ status: 200, headers: {}, body: this.text });
  }
}

let clock: FakeClock;
let server: TestServer;
let kubelets: Map<string, ScriptedKubelet>;

beforeEach(async () => {
  clock = new FakeClock({ now: START });
  kubelets = new Map([
    ['a', new ScriptedKubelet()],
    ['b', new ScriptedKubelet()],
  ]);
  server = await startTestServer({
    clock,
    newNodeDialer: () => ({
      dial: async (name) => {
        const kubelet = kubelets.get(name);
        if (!kubelet) throw new BackendError(`dial tcp ${name}: connect: connection refused`);
        return {
          origin: `https://${name}:10250`,
          request: (request) => kubelet.request(request),
          upgrade: () => Promise.reject(new Error('no')),
        };
      },
    }),
  });
});
afterEach(() => server.stop());

async function make(target: string, object: object, status?: object): Promise<void> {
  const response = await server.ask('POST', target, { apiVersion: 'v1', ...object });
  expect(response.status, await response.clone().text()).toBe(201);
  if (!status) return;
  const { metadata } = (await response.json()) as { metadata: { name: string } };
  const patch = JSON.stringify({ status });
  const headers = { 'content-type': 'application/merge-patch+json' };
  await server.ask('PATCH', `${target}/${metadata.name}/status`, patch, headers);
}

const ready = { conditions: [{ type: 'Ready', status: 'True' }] };
const running = { phase: 'Running' };
const node = (name: string, labels = {}) => ({ kind: 'Node', metadata: { name, labels } });
const pod = (name: string, nodeName: string, labels = {}) => ({
  kind: 'Pod',
  metadata: { name, labels },
  spec: { nodeName, containers: [{ name: 'c', image: 'i' }], serviceAccountName: 'default' },
});
const pods = '/api/v1/namespaces/default/pods';

async function makeCluster(): Promise<void> {
  await make('/api/v1/namespaces/default/serviceaccounts', {
    kind: 'ServiceAccount',
    metadata: { name: 'default' },
  });
  await make('/api/v1/nodes', node('a', { zone: 'z' }), ready);
  await make(pods, pod('web', 'a', { app: 'web' }), running);
  await make(pods, pod('db', 'a'), running);
  await make(pods, pod('waiting', 'a'));
}

/** What a kubelet says after `seconds`: the node used half a core, each container a quarter. */
function counted(seconds: number, names: readonly string[] = ['web', 'db', 'waiting']): string {
  const at = START + seconds * 1000;
  const ofPods = names.map((name) => {
    const labels = `{container="c",namespace="default",pod="${name}"}`;
    return [
      `container_cpu_usage_seconds_total${labels} ${100 + seconds / 4} ${at}`,
      `container_memory_working_set_bytes${labels} 1.048576e+07 ${at}`,
      `container_start_time_seconds${labels} ${(START - 3_600_000) / 1000}`,
    ];
  });
  return [
    '# HELP node_cpu_usage_seconds_total [STABLE] Cumulative cpu time consumed by the node',
    '# TYPE node_cpu_usage_seconds_total counter',
    `node_cpu_usage_seconds_total ${1000 + seconds / 2} ${at}`,
    `node_memory_working_set_bytes 1.073741824e+09 ${at}`,
    'scrape_error 0',
    ...ofPods.flat(),
    '',
  ].join('\n');
}

/** Time passes to the next round, and kubelets say what they count then. */
async function round(seconds: number, text = counted(seconds)): Promise<void> {
  const kubelet = kubelets.get('a');
  if (kubelet) kubelet.text = text;
  clock.step(START + seconds * 1000 - clock.now());
  await settle();
  await settle();
}

async function get(target: string, headers?: Record<string, string>) {
  const response = await server.ask('GET', `${METRICS}${target}`, undefined, headers);
  return { code: response.status, body: (await response.json()) as Answer };
}

interface Answer {
  readonly message?: string;
  readonly items: readonly { readonly metadata: { readonly name: string } }[];
  readonly [key: string]: unknown;
}

const names = ({ body }: { body: Answer }) => body.items.map(({ metadata }) => metadata.name);

describe('metrics.k8s.io', () => {
  it('is told of by discovery, as an APIService, and in OpenAPI', async () => {
    const { body } = await get('');
    expect(body).toMatchObject({
      groupVersion: 'metrics.k8s.io/v1beta1',
      resources: [
        {
          name: 'nodes',
          singularName: '',
          namespaced: false,
          kind: 'NodeMetrics',
          verbs: ['get', 'list'],
        },
        {
          name: 'pods',
          singularName: '',
          namespaced: true,
          kind: 'PodMetrics',
          verbs: ['get', 'list'],
        },
      ],
    });
    const target = '/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io';
    expect(await (await server.ask('GET', target)).json()).toMatchObject({
      spec: { groupPriorityMinimum: 100, versionPriority: 100 },
      status: { conditions: [{ type: 'Available', status: 'True' }] },
    });
    const openApi = await server.ask('GET', '/openapi/v3/apis/metrics.k8s.io/v1beta1');
    expect(await openApi.text()).toContain(
      'io.k8s.metrics.pkg.apis.metrics.v1beta1.NodeMetricsList',
    );
  });

  it('may be read by whoever may view, edit or administer', async () => {
    const roles = '/apis/rbac.authorization.k8s.io/v1/clusterroles';
    const reader = await server.ask('GET', `${roles}/system:aggregated-metrics-reader`);
    const rules = [
      {
        verbs: ['get', 'list', 'watch'],
        apiGroups: ['metrics.k8s.io'],
        resources: ['nodes', 'pods'],
      },
    ];
    expect(await reader.json()).toMatchObject({ rules });
    await settle();
    for (const name of ['view', 'edit', 'admin']) {
      const role = (await (await server.ask('GET', `${roles}/${name}`)).json()) as {
        rules: object[];
      };
      expect(role.rules, name).toContainEqual(rules[0]);
    }
  });

  it('cannot be watched or written', async () => {
    expect((await server.ask('GET', `${METRICS}/nodes?watch=1`)).status).toBe(405);
    expect((await server.ask('POST', `${METRICS}/nodes`, {})).status).toBe(405);
  });
});

describe('metrics of nodes', () => {
  it('are none until there are two rounds', async () => {
    await makeCluster();
    await round(15);
    expect(names(await get('/nodes'))).toEqual([]);
    expect(await get('/nodes/a')).toMatchObject({
      code: 404,
      body: { message: 'nodemetrics.metrics.k8s.io "a" not found' },
    });
    await round(30);
    expect(names(await get('/nodes'))).toEqual(['a']);
  });

  it('tell the CPU used between two rounds, and the memory used now', async () => {
    await makeCluster();
    await round(15);
    await round(30);
    expect((await get('/nodes/a')).body).toEqual({
      kind: 'NodeMetrics',
      apiVersion: 'metrics.k8s.io/v1beta1',
      metadata: { name: 'a', creationTimestamp: '2025-01-01T00:00:30Z', labels: { zone: 'z' } },
      timestamp: '2025-01-01T00:00:30Z',
      window: '15s',
      usage: { cpu: '500m', memory: '1Gi' },
    });
    expect((await get('/nodes')).body).toMatchObject({
      kind: 'NodeMetricsList',
      apiVersion: 'metrics.k8s.io/v1beta1',
      items: [{ usage: { cpu: '500m' } }],
    });
  });

  it('are selected by labels and names', async () => {
    await makeCluster();
    await round(15);
    await round(30);
    expect(names(await get('/nodes?labelSelector=zone%3Dz'))).toEqual(['a']);
    expect(names(await get('/nodes?labelSelector=zone%3Dy'))).toEqual([]);
    expect(names(await get('/nodes?fieldSelector=metadata.name%3Db'))).toEqual([]);
    expect((await get('/nodes?fieldSelector=spec.unschedulable%3Dtrue')).code).toBe(400);
  });

  it('of a node that is not there are not found', async () => {
    expect(await get('/nodes/x')).toMatchObject({
      code: 404,
      body: { message: 'nodes "x" not found' },
    });
  });

  it('are asked of nodes that are ready at /metrics/resource, soon until usage is known, then every 15 seconds', async () => {
    await makeCluster();
    await make('/api/v1/nodes', node('b'));
    const asked = () => kubelets.get('a')?.asked;
    await round(15);
    expect(asked()).toBe(1);
    await round(16);
    expect(asked()).toBe(2);
    await round(30);
    expect(asked()).toBe(2);
    await round(31);
    expect(asked()).toBe(3);
    expect(new Set(kubelets.get('a')?.paths)).toEqual(new Set(['/metrics/resource']));
    expect(kubelets.get('b')?.asked).toBe(0);
  });

  it('do without a kubelet that does not answer, or hangs', async () => {
    await makeCluster();
    await make('/api/v1/nodes', node('b'), ready);
    await make('/api/v1/nodes', node('c'), ready);
    const hanging = kubelets.get('b');
    if (hanging) hanging.hangs = true;
    await round(15);
    await round(25);
    expect(hanging?.signals[0]?.aborted).toBe(true);
    await round(30);
    await round(40);
    expect(names(await get('/nodes'))).toEqual(['a']);
  });

  it('go with the node', async () => {
    await makeCluster();
    await round(15);
    await round(30);
    await server.ask('DELETE', '/api/v1/nodes/a');
    expect(names(await get('/nodes'))).toEqual([]);
  });
});

describe('metrics of pods', () => {
  it('tell of each container of those that run', async () => {
    await makeCluster();
    await round(15);
    await round(30);
    expect(names(await get('/namespaces/default/pods'))).toEqual(['db', 'web']);
    expect(names(await get('/pods'))).toEqual(['db', 'web']);
    expect((await get('/namespaces/default/pods/web')).body).toEqual({
      kind: 'PodMetrics',
      apiVersion: 'metrics.k8s.io/v1beta1',
      metadata: {
        name: 'web',
        namespace: 'default',
        creationTimestamp: '2025-01-01T00:00:30Z',
        labels: { app: 'web' },
      },
      timestamp: '2025-01-01T00:00:30Z',
      window: '15s',
      containers: [{ name: 'c', usage: { cpu: '250m', memory: '10Mi' } }],
    });
  });

  it('are selected by namespace, labels and names', async () => {
    await makeCluster();
    await round(15);
    await round(30);
    expect(names(await get('/namespaces/kube-system/pods'))).toEqual([]);
    expect(names(await get('/namespaces/default/pods?labelSelector=app%3Dweb'))).toEqual(['web']);
    expect(names(await get('/pods?fieldSelector=metadata.name%3Ddb'))).toEqual(['db']);
  });

  it('that are not there, or not known, are not found in two ways', async () => {
    await makeCluster();
    expect((await get('/namespaces/default/pods/x')).body.message).toBe('pods "x" not found');
    expect((await get('/namespaces/default/pods/web')).body.message).toBe(
      'podmetrics.metrics.k8s.io "default/web" not found',
    );
  });

  it('are not believed of another node', async () => {
    await makeCluster();
    await make('/api/v1/nodes', node('b'), ready);
    const text = (seconds: number) => counted(seconds, ['web']);
    for (const seconds of [15, 30]) {
      const liar = kubelets.get('b');
      if (liar) liar.text = text(seconds);
      await round(seconds, counted(seconds, []));
    }
    expect(names(await get('/pods'))).toEqual([]);
  });

  it('are shown as a table', async () => {
    await makeCluster();
    await round(15);
    await round(30, counted(30).replace(/1\.048576e\+07/, '2.3e+07'));
    const accept = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
    const { body } = await get('/namespaces/default/pods', accept);
    const { columnDefinitions, rows } = body as unknown as {
      columnDefinitions: { name: string }[];
      rows: { cells: unknown[] }[];
    };
    expect(columnDefinitions.map(({ name }) => name)).toEqual(['Name', 'cpu', 'memory', 'Window']);
    expect(rows.map(({ cells }) => cells)).toEqual([
      ['db', '250m', '10Mi', '15s'],
      ['web', '250m', '23000000', '15s'],
    ]);
  });
});

describe('a server that stops', () => {
  it('leaves no question and no timer behind', async () => {
    await makeCluster();
    const kubelet = kubelets.get('a');
    if (kubelet) kubelet.hangs = true;
    await round(15);
    await server.stop();
    expect(kubelet?.signals[0]?.aborted).toBe(true);
    expect(clock.pendingTimers).toBe(0);
    clock.step(60_000);
    await settle();
    expect(kubelet?.asked).toBe(1);
  });
});

describe('UsageStore', () => {
  const point = (seconds: number, cpuSeconds: number, startSeconds = 0) => ({
    atMs: 1_000_000 + seconds * 1000,
    startMs: startSeconds === 0 ? 0 : 1_000_000 + startSeconds * 1000,
    cpuNanos: cpuSeconds * 1e9,
    memoryBytes: 1,
  });
  const ofPod = (containers: Record<string, ReturnType<typeof point>>) => ({
    nodes: new Map(),
    pods: new Map([['n/p', { nodeName: 'a', containers: new Map(Object.entries(containers)) }]]),
  });
  const cores = (store: UsageStore) => {
    const used = store.pod('n/p', 'a');
    return (
      used && Object.fromEntries([...used].map(([name, one]) => [name, one.cpuNanoCores / 1e9]))
    );
  };

  it('keeps the point before when a kubelet tells the same one again', () => {
    const store = new UsageStore(15_000);
    store.add(ofPod({ c: point(0, 10) }));
    store.add(ofPod({ c: point(15, 25) }));
    store.add(ofPod({ c: point(15, 25) }));
    expect(cores(store)).toEqual({ c: 1 });
  });

  it('measures a young container from its beginning', () => {
    const store = new UsageStore(15_000);
    store.add(ofPod({ c: point(12, 6, 1) }));
    expect(store.pod('n/p', 'a')?.get('c')).toMatchObject({ windowMs: 11_000 });
  });

  it('forgets what a container counted before it was started anew', () => {
    const store = new UsageStore(15_000);
    store.add(ofPod({ c: point(0, 500, -600) }));
    store.add(ofPod({ c: point(15, 1, 12) }));
    expect(cores(store)).toBeUndefined();
    store.add(ofPod({ c: point(30, 4, 12) }));
    expect(cores(store)).toEqual({ c: 0.2 });
  });

  it('tells nothing of a pod while one of its containers has one point', () => {
    const store = new UsageStore(15_000);
    store.add(ofPod({ c: point(0, 10) }));
    store.add(ofPod({ c: point(15, 20), d: point(15, 1) }));
    expect(cores(store)).toBeUndefined();
    store.add(ofPod({ c: point(30, 30), d: point(30, 16) }));
    expect(Object.keys(cores(store) ?? {})).toEqual(['c', 'd']);
  });

  it('forgets what a round does not tell of', () => {
    const store = new UsageStore(15_000);
    const nodes = (seconds: number) => ({
      nodes: new Map([['a', point(seconds, seconds)]]),
      pods: new Map(),
    });
    store.add(nodes(0));
    store.add(nodes(15));
    expect(store.node('a')).toBeDefined();
    store.add({ nodes: new Map(), pods: new Map() });
    expect(store.node('a')).toBeUndefined();
  });
});

describe('parseResourceMetrics', () => {
  it('takes the time of the question when a series has none', () => {
    const text = 'node_cpu_usage_seconds_total 2\nnode_memory_working_set_bytes 5\n';
    expect(parseResourceMetrics(text, 'a', 77).nodes.get('a')).toEqual({
      atMs: 77,
      startMs: 0,
      cpuNanos: 2e9,
      memoryBytes: 5,
    });
  });

  it('leaves out a node and a pod of which something is missing', () => {
    const labels = (name: string) => `{container="${name}",namespace="n",pod="p"}`;
    const text = [
      'node_cpu_usage_seconds_total 2',
      `container_cpu_usage_seconds_total${labels('c')} 1`,
      `container_memory_working_set_bytes${labels('c')} 1`,
      `container_cpu_usage_seconds_total${labels('d')} 1`,
    ].join('\n');
    const { nodes, pods } = parseResourceMetrics(text, 'a', 1);
    expect([nodes.size, pods.size]).toEqual([0, 0]);
  });

  it('refuses what is no series', () => {
    expect(() => parseResourceMetrics('<html>', 'a', 1)).toThrow(
      'failed parsing metrics: "<html>"',
    );
  });
});
