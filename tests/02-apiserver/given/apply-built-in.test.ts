/** Patches and server-side apply with the types of built-in kinds: what real objects come out as. */

import { describe, expect, it } from 'vitest';
import type { ApiObject, Json } from '../../../solutions/02-apiserver/api-object.ts';
import { applyPatch } from '../../../solutions/02-apiserver/apply/apply.ts';
import { trackUpdate } from '../../../solutions/02-apiserver/apply/track-update.ts';
import { applyStrategicPatch } from '../../../solutions/02-apiserver/patch/strategic-patch.ts';
import { schemaOfKind } from '../../../solutions/02-apiserver/schema/built-in.ts';
import type { ObjectSchema } from '../../../solutions/02-apiserver/schema/schema.ts';

const schemaOf = (group: string, version: string, kind: string) =>
  schemaOfKind({ group, version, kind }) as ObjectSchema;
const deploymentSchema = schemaOf('apps', 'v1', 'Deployment');
const serviceSchema = schemaOf('', 'v1', 'Service');

const now = '2025-01-01T00:00:00Z';
const options = {
  apiVersion: 'apps/v1',
  subresource: '',
  now,
  force: false,
  schema: deploymentSchema,
};

/** As `kubectl create deployment nginx --image=nginx` makes it, with all defaults. */
function newDeployment(): ApiObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: 'nginx',
      namespace: 'default',
      uid: 'u',
      generation: 1,
      creationTimestamp: now,
      labels: { app: 'nginx' },
    },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: 'nginx' } },
      template: {
        metadata: { labels: { app: 'nginx' } },
        spec: {
          containers: [
            {
              name: 'nginx',
              image: 'nginx',
              resources: {},
              terminationMessagePath: '/dev/termination-log',
              terminationMessagePolicy: 'File',
              imagePullPolicy: 'Always',
            },
          ],
          restartPolicy: 'Always',
          terminationGracePeriodSeconds: 30,
          dnsPolicy: 'ClusterFirst',
          securityContext: {},
          schedulerName: 'default-scheduler',
        },
      },
      strategy: {
        type: 'RollingUpdate',
        rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' },
      },
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
    },
    status: {},
  };
}

describe('a Deployment that kubectl creates', () => {
  it('has the managedFields it has in a real cluster', () => {
    const deployment = newDeployment();
    trackUpdate(undefined, deployment, { ...options, manager: 'kubectl-create' });
    expect(JSON.stringify(deployment.metadata.managedFields?.[0]?.fieldsV1)).toBe(
      '{"f:metadata":{"f:labels":{".":{},"f:app":{}}},"f:spec":{"f:progressDeadlineSeconds":{},"f:replicas":{},"f:revisionHistoryLimit":{},"f:selector":{},"f:strategy":{"f:rollingUpdate":{".":{},"f:maxSurge":{},"f:maxUnavailable":{}},"f:type":{}},"f:template":{"f:metadata":{"f:labels":{".":{},"f:app":{}}},"f:spec":{"f:containers":{"k:{\\"name\\":\\"nginx\\"}":{".":{},"f:image":{},"f:imagePullPolicy":{},"f:name":{},"f:resources":{},"f:terminationMessagePath":{},"f:terminationMessagePolicy":{}}},"f:dnsPolicy":{},"f:restartPolicy":{},"f:schedulerName":{},"f:securityContext":{},"f:terminationGracePeriodSeconds":{}}}}}',
    );
  });

  it('can be patched by strategy and by apply', () => {
    const deployment = newDeployment();
    trackUpdate(undefined, deployment, { ...options, manager: 'kubectl-create' });
    const patch = { spec: { template: { spec: { containers: [{ name: 'log', image: 'log' }] } } } };
    const patched = applyStrategicPatch(
      deployment as unknown as Json,
      patch,
      deploymentSchema,
    ) as unknown as ApiObject;
    trackUpdate(deployment, patched, { ...options, manager: 'kubectl-patch' });
    const config: ApiObject = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'nginx' },
      spec: { template: { spec: { containers: [{ name: 'nginx', image: 'nginx:2' }] } } },
    };
    expect(() => applyPatch(patched, config, { ...options, manager: 'ci' })).toThrow(
      'conflict with "kubectl-create" using apps/v1: .spec.template.spec.containers[name="nginx"].image',
    );
    const applied = applyPatch(patched, config, { ...options, manager: 'ci', force: true });
    expect(applied.spec).toMatchObject({
      replicas: 1,
      template: { spec: { containers: [{ name: 'log' }, { name: 'nginx', image: 'nginx:2' }] } },
    });
  });
});

describe('ports of a Service', () => {
  const service = (ports: Json[]): ApiObject => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'dns' },
    spec: { ports },
  });
  const udp = { name: 'dns', port: 53, protocol: 'UDP', targetPort: 53 };
  const tcp = { name: 'dns-tcp', port: 53, protocol: 'TCP', targetPort: 53 };

  it('are told apart by port and protocol in server-side apply', () => {
    const apply = { ...options, apiVersion: 'v1', schema: serviceSchema };
    const one = applyPatch(undefined, service([udp]), { ...apply, manager: 'one' });
    const { protocol: _, ...short } = tcp;
    const both = applyPatch(one, service([short]), { ...apply, manager: 'two' });
    expect(both.spec).toEqual({ ports: [udp, short] });
    const again = applyPatch(both, service([{ ...tcp, targetPort: 'dns' }]), {
      ...apply,
      manager: 'two',
    });
    expect(again.spec).toEqual({ ports: [udp, { ...tcp, targetPort: 'dns' }] });
  });

  it('are one in a strategic merge patch', () => {
    const patch = { spec: { ports: [{ port: 53, targetPort: 5353 }] } };
    expect(
      applyStrategicPatch(service([udp]) as unknown as Json, patch, serviceSchema),
    ).toMatchObject({
      spec: { ports: [{ ...udp, targetPort: 5353 }] },
    });
  });
});
