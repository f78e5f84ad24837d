/** Admission as a whole: the plugins in the running server, and the given ones by themselves. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WebhookClient } from '../../../solutions/02-apiserver/webhooks/webhook-client.ts';
import { startTestServer, type TestServer } from './test-server.ts';

const NAMESPACE = '/api/v1/namespaces/default';
const PODS = `${NAMESPACE}/pods`;

type Fields = Record<string, unknown>;

let server: TestServer;
let webhook: (review: { request: Fields & { uid: string } }) => Fields = () => ({ allowed: true });

const webhookClient: WebhookClient = {
  call: async (_target, body) => {
    const review = JSON.parse(body) as { request: Fields & { uid: string } };
    const response = { uid: review.request.uid, ...webhook(review) };
    return JSON.stringify({ ...review, response });
  },
};

beforeEach(async () => {
  webhook = () => ({ allowed: true });
  server = await startTestServer({ webhookClient });
});
afterEach(() => server.stop());

async function make(path: string, body: Fields): Promise<Fields> {
  const answer = await server.ask('POST', path, body);
  const made = (await answer.json()) as Fields;
  expect([answer.status, made.message ?? '']).toEqual([201, '']);
  return made;
}

async function refusal(path: string, body: Fields): Promise<string> {
  const answer = await server.ask('POST', path, body);
  const status = (await answer.json()) as Fields;
  return `${answer.status} ${String(status.message)}`;
}

const object = (apiVersion: string, kind: string, name: string, more: Fields = {}): Fields => ({
  apiVersion,
  kind,
  metadata: { name },
  ...more,
});

const pod = (name: string, container: Fields = {}, spec: Fields = {}): Fields =>
  object('v1', 'Pod', name, {
    spec: { containers: [{ name: 'web', image: 'nginx', ...container }], ...spec },
  });

const makeAccount = () =>
  make(`${NAMESPACE}/serviceaccounts`, object('v1', 'ServiceAccount', 'default'));

/** Mirrors are a moment behind. */
async function eventually<T>(work: () => Promise<T>, isDone: (value: T) => boolean): Promise<T> {
  for (let i = 0; ; i++) {
    const value = await work();
    if (isDone(value) || i === 50) return value;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('a pod', () => {
  it('gets its account, a token, tolerations and a priority', async () => {
    await makeAccount();
    const { spec } = (await make(PODS, pod('web'))) as { spec: Fields };
    expect(spec).toMatchObject({
      serviceAccountName: 'default',
      serviceAccount: 'default',
      priority: 0,
      preemptionPolicy: 'PreemptLowerPriority',
      tolerations: [
        {
          key: 'node.kubernetes.io/not-ready',
          operator: 'Exists',
          effect: 'NoExecute',
          tolerationSeconds: 300,
        },
        {
          key: 'node.kubernetes.io/unreachable',
          operator: 'Exists',
          effect: 'NoExecute',
          tolerationSeconds: 300,
        },
      ],
      volumes: [
        {
          name: expect.stringMatching(/^kube-api-access-[a-z0-9]{5}$/),
          projected: {
            defaultMode: 420,
            sources: [
              { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
              {
                configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] },
              },
              {
                downwardAPI: {
                  items: [
                    {
                      path: 'namespace',
                      fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' },
                    },
                  ],
                },
              },
            ],
          },
        },
      ],
      containers: [
        {
          volumeMounts: [
            { readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' },
          ],
        },
      ],
    });
  });

  it('is refused without its account, its namespace or its class', async () => {
    expect(await refusal(PODS, pod('w', {}, { serviceAccountName: 'x' }))).toBe(
      '403 pods "w" is forbidden: error looking up service account default/x: serviceaccount "x" not found',
    );
    expect(await refusal('/api/v1/namespaces/gone/pods', pod('w'))).toBe(
      '404 namespaces "gone" not found',
    );
    await makeAccount();
    expect(await refusal(PODS, pod('w', {}, { priorityClassName: 'high' }))).toBe(
      '403 pods "w" is forbidden: no PriorityClass with name high was found',
    );
    expect(await refusal(PODS, pod('w', {}, { priority: 7 }))).toBe(
      '403 pods "w" is forbidden: the integer value of priority (7) must not be provided in pod spec; priority admission controller computed 0 from the given PriorityClass name',
    );
  });

  it('waits for the account default, which a controller makes', async () => {
    const work = server.ask('POST', PODS, pod('web'));
    await makeAccount();
    expect((await work).status).toBe(201);
  });

  it('has the priority of its class', async () => {
    await makeAccount();
    const { spec } = await make(PODS, pod('w', {}, { priorityClassName: 'system-node-critical' }));
    expect(spec).toMatchObject({
      priority: 2_000_001_000,
      preemptionPolicy: 'PreemptLowerPriority',
    });
  });

  it('keeps to LimitRanges', async () => {
    await makeAccount();
    const limits = [{ type: 'Container', default: { cpu: '500m' }, max: { cpu: '1' } }];
    await make(`${NAMESPACE}/limitranges`, object('v1', 'LimitRange', 'l', { spec: { limits } }));
    const text = await eventually(
      () => refusal(PODS, pod('big', { resources: { limits: { cpu: '2' } } })),
      (each) => each.startsWith('403'),
    );
    expect(text).toBe(
      '403 pods "big" is forbidden: maximum cpu usage per Container is 1, but limit is 2',
    );
    const { spec, metadata } = await make(PODS, pod('web'));
    expect(spec).toMatchObject({
      containers: [{ resources: { limits: { cpu: '500m' }, requests: { cpu: '500m' } } }],
    });
    expect(metadata).toMatchObject({
      annotations: {
        'kubernetes.io/limit-ranger':
          'LimitRanger plugin set: cpu request for container web; cpu limit for container web',
      },
    });
  });

  it('is charged to quotas', async () => {
    await makeAccount();
    const path = `${NAMESPACE}/resourcequotas`;
    const hard = { pods: '2' };
    const quota = await make(path, object('v1', 'ResourceQuota', 'q', { spec: { hard } }));
    const status = { hard, used: { pods: '0' } };
    const counted = await server.ask('PUT', `${path}/q/status`, { ...quota, status });
    expect(counted.status).toBe(200);
    const used = async () => {
      const read = (await (await server.ask('GET', `${path}/q`)).json()) as { status: Fields };
      return read.status.used;
    };
    await make(PODS, pod('first'));
    expect(await used()).toEqual({ pods: '1' });
    const names = ['a', 'b', 'c', 'd', 'e'];
    const outcomes = await Promise.all(
      names.map(async (name) => (await server.ask('POST', PODS, pod(name))).status),
    );
    expect(outcomes.filter((code) => code === 201)).toHaveLength(1);
    expect(await used()).toEqual({ pods: '2' });
    expect(await refusal(PODS, pod('more'))).toBe(
      '403 pods "more" is forbidden: exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2',
    );
  });
});

describe('other objects', () => {
  it('get defaults: a claim its class, an Ingress its class, a node its taint', async () => {
    await make(
      '/apis/storage.k8s.io/v1/storageclasses',
      object('storage.k8s.io/v1', 'StorageClass', 'fast', {
        metadata: {
          name: 'fast',
          annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' },
        },
        provisioner: 'example.com/p',
      }),
    );
    const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
    let name = 0;
    const claim = await eventually(
      () =>
        make(
          `${NAMESPACE}/persistentvolumeclaims`,
          object('v1', 'PersistentVolumeClaim', `c${++name}`, { spec }),
        ) as Promise<{ spec: Fields }>,
      (made) => made.spec.storageClassName !== undefined,
    );
    expect(claim.spec.storageClassName).toBe('fast');
    const node = await make('/api/v1/nodes', object('v1', 'Node', 'n'));
    expect(node.spec).toMatchObject({
      taints: [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }],
    });
  });

  it('are not deleted when they are namespaces of the system', async () => {
    const answer = await server.ask('DELETE', '/api/v1/namespaces/kube-system');
    expect(answer.status).toBe(403);
  });
});

describe('webhooks', () => {
  async function configure(type: 'Mutating' | 'Validating', resource: string): Promise<void> {
    const kind = `${type}WebhookConfiguration`;
    const rule = {
      operations: ['*'],
      apiGroups: ['*'],
      apiVersions: ['*'],
      resources: [resource],
    };
    const hook = {
      name: 'w.example.com',
      clientConfig: { url: 'https://w.example.com/ask' },
      rules: [rule],
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
    };
    await make(
      `/apis/admissionregistration.k8s.io/v1/${kind.toLowerCase()}s`,
      object('admissionregistration.k8s.io/v1', kind, 'c', { webhooks: [hook] }),
    );
  }

  const config = (name: string) => object('v1', 'ConfigMap', name, { data: { a: 'b' } });
  const path = `${NAMESPACE}/configmaps`;

  it('refuse what they do not like', async () => {
    webhook = () => ({ allowed: false, status: { code: 403, message: 'no' }, warnings: ['hm'] });
    await configure('Validating', 'configmaps');
    let name = 0;
    const text = await eventually(
      () => refusal(path, config(`c${++name}`)),
      (each) => each.startsWith('403'),
    );
    expect(text).toBe('403 admission webhook "w.example.com" denied the request: no');
    const answer = await server.ask('POST', path, config('again'));
    expect(answer.headers.get('warning')).toBe('299 - "hm"');
  });

  it('change objects, which are then read as if they had been sent', async () => {
    const patch = (...operations: Fields[]) => ({
      allowed: true,
      patchType: 'JSONPatch',
      patch: btoa(JSON.stringify(operations)),
    });
    webhook = () =>
      patch(
        { op: 'add', path: '/data/c', value: 'd' },
        { op: 'add', path: '/unknown', value: 'gone' },
      );
    await configure('Mutating', 'configmaps');
    let name = 0;
    const made = await eventually(
      () => make(path, config(`c${++name}`)),
      (each) => (each.data as Fields).c !== undefined,
    );
    expect(made.data).toEqual({ a: 'b', c: 'd' });
    expect(made.unknown).toBeUndefined();
    webhook = () => patch({ op: 'add', path: '/data', value: 7 });
    expect(await refusal(path, config('wrong'))).toMatch(/^500 Internal error occurred: ConfigMap/);
  });

  it('see containers that they add go through the plugins of the server', async () => {
    await makeAccount();
    const sidecar = { name: 'sidecar', image: 'proxy' };
    webhook = ({ request }) => {
      const { spec } = request.object as { spec: { containers: unknown[] } };
      if (spec.containers.length > 1) return { allowed: true };
      const patch = [{ op: 'add', path: '/spec/containers/-', value: sidecar }];
      return { allowed: true, patchType: 'JSONPatch', patch: btoa(JSON.stringify(patch)) };
    };
    await configure('Mutating', 'pods');
    let name = 0;
    const made = await eventually(
      () => make(PODS, pod(`p${++name}`)) as Promise<{ spec: { containers: Fields[] } }>,
      ({ spec }) => spec.containers.length === 2,
    );
    expect(made.spec.containers[1]).toMatchObject({
      imagePullPolicy: 'Always',
      volumeMounts: [{ mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }],
    });
  });

  it('are asked about another version of the object', async () => {
    const asked: unknown[] = [];
    webhook = ({ request }) => {
      asked.push(request.kind, (request.object as Fields).apiVersion, request.requestKind);
      return { allowed: true };
    };
    const group = 'autoscaling';
    await make(
      '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations',
      object('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration', 'c', {
        webhooks: [
          {
            name: 'w.example.com',
            clientConfig: { url: 'https://w.example.com/ask' },
            rules: [
              {
                operations: ['CREATE'],
                apiGroups: [group],
                apiVersions: ['v2'],
                resources: ['horizontalpodautoscalers'],
              },
            ],
            sideEffects: 'None',
            admissionReviewVersions: ['v1'],
          },
        ],
      }),
    );
    const spec = { maxReplicas: 3, scaleTargetRef: { kind: 'Deployment', name: 'web' } };
    let name = 0;
    await eventually(
      () =>
        make(
          `/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers`,
          object('autoscaling/v1', 'HorizontalPodAutoscaler', `h${++name}`, { spec }),
        ),
      () => asked.length > 0,
    );
    const kind = 'HorizontalPodAutoscaler';
    expect(asked.slice(0, 3)).toEqual([
      { group, version: 'v2', kind },
      'autoscaling/v2',
      { group, version: 'v1', kind },
    ]);
  });

  it('tell when their Service leads nowhere', async () => {
    const hook = {
      name: 'w.example.com',
      clientConfig: { service: { namespace: 'default', name: 'hook', path: '/x' } },
      rules: [
        { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] },
      ],
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
    };
    await make(
      '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations',
      object('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration', 'c', {
        webhooks: [hook],
      }),
    );
    let name = 0;
    const text = await eventually(
      () => refusal(path, config(`c${++name}`)),
      (each) => each.startsWith('500'),
    );
    expect(text).toBe(
      '500 Internal error occurred: failed calling webhook "w.example.com": failed to call webhook: Post "https://hook.default.svc:443/x?timeout=10s": service "hook" not found',
    );
  });
});

describe('a claim that asks for more', () => {
  const claims = `${NAMESPACE}/persistentvolumeclaims`;
  const merge = { 'content-type': 'application/merge-patch+json' };
  const grow = async (name: string) => {
    const more = { spec: { resources: { requests: { storage: '2Gi' } } } };
    const answer = await server.ask('PATCH', `${claims}/${name}`, more, merge);
    return `${answer.status} ${String(((await answer.json()) as Fields).message)}`;
  };

  it('is bound, and of a class that lets claims grow', async () => {
    const why =
      'is forbidden: only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize';
    const classes = '/apis/storage.k8s.io/v1/storageclasses';
    for (const [name, allowVolumeExpansion] of [
      ['fixed', false],
      ['growing', true],
    ] as const) {
      const more = { provisioner: 'x/y', allowVolumeExpansion };
      await make(classes, object('storage.k8s.io/v1', 'StorageClass', name, more));
    }
    for (const storageClassName of ['', 'gone', 'fixed', 'growing']) {
      const name = `c-${storageClassName}x`;
      const resources = { requests: { storage: '1Gi' } };
      const spec = { storageClassName, accessModes: ['ReadWriteOnce'], resources };
      await make(claims, object('v1', 'PersistentVolumeClaim', name, { spec }));
      const status = { status: { phase: 'Bound' } };
      await server.ask('PATCH', `${claims}/${name}/status`, status, merge);
    }
    for (const name of ['c-x', 'c-gonex', 'c-fixedx']) {
      expect(await grow(name)).toBe(`403 persistentvolumeclaims "${name}" ${why}`);
    }
    expect(await grow('c-growingx')).toMatch(/^200 /);
  });
});
