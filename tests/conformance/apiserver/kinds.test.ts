/** Kinds with minds of their own: defaults, validation, subresources, namespaces, Services. */

import { describe, expect } from 'vitest';
import { causesOf, describeApiServer, expectRefusal } from './target.ts';

const merge = { type: 'application/merge-patch+json' };

function workload(name: string, replicas = 0) {
  return {
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { schedulerName: 'nobody', containers: [{ name: 'c', image: 'nginx' }] },
      },
    },
  };
}

describeApiServer('kinds', (it) => {
  describe('defaults', () => {
    it('are a Deployment’s', async ({ done, name }) => {
      const made = await done('POST', 'apps/v1/deployments', workload(name()));
      expect(made.body).toMatchObject({
        metadata: { generation: 1 },
        spec: {
          strategy: {
            type: 'RollingUpdate',
            rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' },
          },
          revisionHistoryLimit: 10,
          progressDeadlineSeconds: 600,
          template: {
            spec: {
              restartPolicy: 'Always',
              dnsPolicy: 'ClusterFirst',
              terminationGracePeriodSeconds: 30,
              securityContext: {},
              containers: [
                {
                  imagePullPolicy: 'Always',
                  resources: {},
                  terminationMessagePath: '/dev/termination-log',
                  terminationMessagePolicy: 'File',
                },
              ],
            },
          },
        },
        status: {},
      });
    });

    it('are a Job’s', async ({ done, name }) => {
      const own = name();
      const made = await done('POST', 'batch/v1/jobs', {
        metadata: { name: own },
        spec: {
          suspend: true,
          template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i:1' }] } },
        },
      });
      const uid = made.at('metadata.uid');
      expect(made.body).toMatchObject({
        spec: {
          parallelism: 1,
          completions: 1,
          backoffLimit: 6,
          completionMode: 'NonIndexed',
          selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } },
          template: {
            metadata: { labels: { 'job-name': own, 'controller-uid': uid } },
            spec: { containers: [{ imagePullPolicy: 'IfNotPresent' }] },
          },
        },
      });
    });

    it('are a Pod’s, with its volume of credentials and its tolerations', async ({
      done,
      name,
    }) => {
      const own = name();
      const made = await done('POST', 'pods', {
        metadata: { name: own },
        spec: {
          schedulerName: 'nobody',
          containers: [{ name: 'c', image: 'i', resources: { limits: { cpu: '100m' } } }],
        },
      });
      expect(made.body).toMatchObject({
        spec: {
          serviceAccountName: 'default',
          priority: 0,
          preemptionPolicy: 'PreemptLowerPriority',
          enableServiceLinks: true,
          containers: [
            {
              resources: { requests: { cpu: '100m' } },
              volumeMounts: [
                { mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true },
              ],
            },
          ],
          tolerations: [
            {
              key: 'node.kubernetes.io/not-ready',
              operator: 'Exists',
              effect: 'NoExecute',
              tolerationSeconds: 300,
            },
            { key: 'node.kubernetes.io/unreachable' },
          ],
          volumes: [
            { projected: { sources: [{ serviceAccountToken: { path: 'token' } }, {}, {}] } },
          ],
        },
        status: { phase: 'Pending', qosClass: 'Burstable' },
      });
      await done('DELETE', `pods/${own}`, { gracePeriodSeconds: 0 });
    });
  });

  describe('validation', () => {
    const container = { name: 'c', image: 'i' };
    const template = (labels: object, spec: object) => ({ metadata: { labels }, spec });
    it.each(
      [
        [
          'a pod of nothing',
          'pods',
          { spec: { containers: [] } },
          ['FieldValueRequired spec.containers'],
        ],
        [
          'many things about a container',
          'pods',
          {
            spec: {
              containers: [
                {
                  name: 'A!',
                  image: 'i',
                  ports: [{ containerPort: 70000 }],
                  resources: { requests: { cpu: '2' }, limits: { cpu: '1' } },
                },
                {
                  ...container,
                  volumeMounts: [{ name: 'no', mountPath: '/x' }],
                  imagePullPolicy: 'Perhaps',
                },
              ],
            },
          },
          [
            'FieldValueInvalid spec.containers[0].name',
            'FieldValueInvalid spec.containers[0].ports[0].containerPort',
            'FieldValueInvalid spec.containers[0].resources.requests',
            'FieldValueNotSupported spec.containers[1].imagePullPolicy',
            'FieldValueNotFound spec.containers[1].volumeMounts[0].name',
          ],
        ],
        [
          'a Deployment that does not select its own',
          'apps/v1/deployments',
          {
            spec: {
              replicas: -1,
              selector: { matchLabels: { a: 'b' } },
              template: template({ a: 'c' }, { containers: [container] }),
            },
          },
          ['FieldValueInvalid spec.replicas', 'FieldValueInvalid spec.template.metadata.labels'],
        ],
        [
          'a Job that would never end',
          'batch/v1/jobs',
          { spec: { template: { spec: { containers: [container], restartPolicy: 'Always' } } } },
          ['FieldValueRequired spec.template.spec.restartPolicy'],
        ],
        [
          'a schedule that is none',
          'batch/v1/cronjobs',
          {
            spec: {
              schedule: 'often',
              jobTemplate: {
                spec: { template: { spec: { containers: [container], restartPolicy: 'Never' } } },
              },
            },
          },
          ['FieldValueInvalid spec.schedule'],
        ],
        [
          'a Service without ports',
          'services',
          { spec: { selector: { a: 'b' } } },
          ['FieldValueRequired spec.ports'],
        ],
        [
          'a Service with ports alike',
          'services',
          { spec: { type: 'Sometimes', ports: [{ port: 80 }, { port: 80 }] } },
          [
            'FieldValueRequired spec.ports[0].name',
            'FieldValueRequired spec.ports[1].name',
            'FieldValueNotSupported spec.type',
            'FieldValueDuplicate spec.ports[1]',
          ],
        ],
        [
          'labels that are none',
          'configmaps',
          { metadata: { labels: { 'a b': 'c' } } },
          ['FieldValueInvalid metadata.labels'],
        ],
        [
          'a key that is none',
          'configmaps',
          { data: { 'a/b': 'c' } },
          ['FieldValueInvalid data[a/b]'],
        ],
        [
          'a Secret without what its type has',
          'secrets',
          { type: 'kubernetes.io/tls', data: {} },
          ['FieldValueRequired data[tls.crt]', 'FieldValueRequired data[tls.key]'],
        ],
      ] as const,
      'refuses %s',
      async ({ ask, name }, [, resource, body, causes]) => {
        const metadata = { name: name(), ...('metadata' in body && body.metadata) };
        const answer = await ask('POST', resource, { ...body, metadata });
        expectRefusal(answer, 422, 'Invalid', `"${metadata.name}" is invalid: `);
        expect(causesOf(answer).sort()).toEqual([...causes].sort());
      },
    );
  });

  describe('subresources', () => {
    it('status and spec are written apart', async ({ done, name }) => {
      const own = name();
      const made = await done('POST', 'pods', {
        metadata: { name: own },
        spec: { schedulerName: 'nobody', containers: [{ name: 'c', image: 'i' }] },
        status: { phase: 'Running', message: 'from the creator' },
      });
      expect(made.at('status.phase')).toBe('Pending');
      const byStatus = await done(
        'PATCH',
        `pods/${own}/status`,
        { spec: { containers: [{ name: 'c', image: 'other' }] }, status: { message: 'hello' } },
        merge,
      );
      expect([byStatus.at('spec.containers.0.image'), byStatus.at('status.message')]).toEqual([
        'i',
        'hello',
      ]);
      const bySpec = await done(
        'PATCH',
        `pods/${own}`,
        { metadata: { labels: { a: 'b' } }, status: { message: 'lost' } },
        merge,
      );
      expect([bySpec.at('metadata.labels.a'), bySpec.at('status.message')]).toEqual(['b', 'hello']);
      await done('DELETE', `pods/${own}`, { gracePeriodSeconds: 0 });
    });

    it('generation counts changes of the spec', async ({ done, name }) => {
      const own = name();
      await done('POST', 'apps/v1/deployments', workload(own));
      const path = `apps/v1/deployments/${own}`;
      const generation = async (patch: object) =>
        (await done('PATCH', path, patch, merge)).at('metadata.generation');
      expect(await generation({ metadata: { labels: { a: 'b' } } })).toBe(1);
      expect(await generation({ spec: { minReadySeconds: 3 } })).toBe(2);
    });

    it('scale reads and writes replicas', async ({ done, ask, name }) => {
      const own = name();
      await done('POST', 'apps/v1/replicasets', workload(own, 0));
      const path = `apps/v1/replicasets/${own}`;
      const scale = await done('GET', `${path}/scale`);
      expect(scale.body).toMatchObject({
        kind: 'Scale',
        apiVersion: 'autoscaling/v1',
        metadata: { name: own, uid: expect.any(String) },
        spec: {},
        status: { replicas: 0, selector: `app=${own}` },
      });
      const scaled = await done('PATCH', `${path}/scale`, { spec: { replicas: 2 } }, merge);
      expect(scaled.at('spec.replicas')).toBe(2);
      expect((await done('GET', path)).at('spec.replicas')).toBe(2);
      const answer = await ask('PATCH', `${path}/scale`, { spec: { replicas: -1 } }, merge);
      expectRefusal(
        answer,
        422,
        'Invalid',
        'spec.replicas: Invalid value: -1: must be greater than or equal to 0',
      );
      await done('DELETE', path);
    });

    it('binding gives a pod its node, once', async ({ done, ask, name }) => {
      const own = name();
      const node = `conformance-no-such-node`;
      await done('POST', 'pods', {
        metadata: { name: own },
        spec: { schedulerName: 'nobody', containers: [{ name: 'c', image: 'i' }] },
      });
      const bind = () =>
        ask('POST', `pods/${own}/binding`, {
          metadata: { name: own },
          target: { kind: 'Node', name: node },
        });
      expect((await bind()).status).toBe(201);
      const bound = await done('GET', `pods/${own}`);
      expect(bound.at('spec.nodeName')).toBe(node);
      expect(bound.at('status.conditions')).toMatchObject([
        { type: 'PodScheduled', status: 'True' },
      ]);
      expectRefusal(
        await bind(),
        409,
        'Conflict',
        `pod ${own} is already assigned to node "${node}"`,
      );
      // Its node would end it in its own time; nobody is there to.
      const deleted = await done('DELETE', `pods/${own}`, { gracePeriodSeconds: 7 });
      expect(deleted.at('metadata.deletionGracePeriodSeconds')).toBe(7);
      await done('DELETE', `pods/${own}`, { gracePeriodSeconds: 0 });
      expect((await ask('GET', `pods/${own}`)).status).toBe(404);
    });
  });

  describe('Services', () => {
    it('get an address of the cluster’s that nobody else has', async ({ ask, done, name }) => {
      const post = (spec: object = {}) =>
        ask('POST', 'services', {
          metadata: { name: name() },
          spec: { ports: [{ port: 80 }], ...spec },
        });
      const first = await post();
      const ip = first.at('spec.clusterIP');
      expect(first.body).toMatchObject({
        spec: {
          type: 'ClusterIP',
          clusterIP: expect.stringMatching(/^[\d.]+$|:/),
          clusterIPs: [ip],
          ipFamilies: [expect.stringMatching(/^IPv[46]$/)],
          ipFamilyPolicy: 'SingleStack',
          sessionAffinity: 'None',
          internalTrafficPolicy: 'Cluster',
          ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
        },
        status: { loadBalancer: {} },
      });
      expectRefusal(
        await post({ clusterIP: ip }),
        422,
        'Invalid',
        'spec.clusterIPs: Invalid value: .*: failed to allocate IP .*: provided IP is already allocated',
      );
      await done('DELETE', `services/${first.name}`);
      const again = await post({ clusterIP: ip });
      expect([again.status, again.at('spec.clusterIP')]).toEqual([201, ip]);
      expect((await post({ clusterIP: 'None' })).at('spec.clusterIPs')).toEqual(['None']);
    });

    it('keep their address', async ({ ask, done, name }) => {
      const own = name();
      const made = await done('POST', 'services', {
        metadata: { name: own },
        spec: { ports: [{ port: 80 }] },
      });
      const { spec } = made.body as { spec: object };
      const kept = await done('PUT', `services/${own}`, {
        metadata: { name: own, resourceVersion: made.version },
        spec: { ports: [{ port: 81 }] },
      });
      expect(kept.at('spec.clusterIP')).toBe(made.at('spec.clusterIP'));
      const moved = {
        metadata: { name: own, resourceVersion: kept.version },
        spec: { ...spec, clusterIP: 'None', clusterIPs: ['None'] },
      };
      expectRefusal(
        await ask('PUT', `services/${own}`, moved),
        422,
        'Invalid',
        'field is immutable|may not change once set',
      );
    });

    it('of type NodePort get a port that nobody else has', async ({ ask, done, name }) => {
      const post = (port: object) =>
        ask('POST', 'services', {
          metadata: { name: name() },
          spec: { type: 'NodePort', ports: [{ port: 80, ...port }] },
        });
      const first = await post({});
      const nodePort = first.at('spec.ports.0.nodePort');
      expect([first.status, nodePort]).toEqual([201, expect.any(Number)]);
      expectRefusal(
        await post({ nodePort }),
        422,
        'Invalid',
        `spec.ports\\[0\\].nodePort: Invalid value: ${nodePort}: provided port is already allocated`,
      );
      await done('DELETE', `services/${first.name}`);
      expect((await post({ nodePort })).status).toBe(201);
    });
  });

  describe('namespaces', () => {
    it('are made with their phase, finalizer and label', async ({ done, namespace }) => {
      expect((await done('GET', `/api/v1/namespaces/${namespace}`)).body).toMatchObject({
        metadata: { labels: { 'kubernetes.io/metadata.name': namespace } },
        spec: { finalizers: ['kubernetes'] },
        status: { phase: 'Active' },
      });
    });

    it('that are not there hold nothing', async ({ ask }) => {
      const answer = await ask('POST', '/api/v1/namespaces/no-such-one/configmaps', {
        metadata: { name: 'a' },
      });
      expectRefusal(answer, 404, 'NotFound', '^namespaces "no-such-one" not found$');
    });

    it('end in steps, and take nothing new meanwhile', async ({ done, ask, namespace }) => {
      const name = `${namespace}-b`;
      const path = `/api/v1/namespaces/${name}`;
      await done('POST', '/api/v1/namespaces', { metadata: { name } });
      const hold = { metadata: { name: 'hold', finalizers: ['example.com/hold'] } };
      await done('POST', `${path}/configmaps`, hold);
      await done('DELETE', path);
      const ending = await done('GET', path);
      expect(ending.body).toMatchObject({
        metadata: { deletionTimestamp: expect.any(String) },
        spec: { finalizers: ['kubernetes'] },
        status: { phase: 'Terminating' },
      });
      const answer = await ask('POST', `${path}/configmaps`, { metadata: { name: 'late' } });
      expectRefusal(
        answer,
        403,
        'Forbidden',
        `configmaps "late" is forbidden: unable to create new content in namespace ${name} because it is being terminated`,
      );
      expect(answer.at('details.causes.0')).toMatchObject({ reason: 'NamespaceTerminating' });
      await done('PATCH', `${path}/configmaps/hold`, { metadata: { finalizers: null } }, merge);
      await ask('DELETE', `${path}/configmaps/hold`);
      // Where a controller manager runs, it may be first with this.
      const now = await ask('GET', path);
      if (now.status === 200)
        await ask('PUT', `${path}/finalize`, { ...now.body, spec: { finalizers: [] } });
      expect((await ask('GET', path)).status).toBe(404);
    });

    it('that the cluster needs cannot be deleted', async ({ ask }) => {
      const answer = await ask('DELETE', '/api/v1/namespaces/default');
      expectRefusal(answer, 403, 'Forbidden', 'this namespace may not be deleted');
    });
  });
});
