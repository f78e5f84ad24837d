/** What runs in the cluster of a storm, and what people do with it. */

import { type KubernetesObject, type Pod, type Random, seededRandom } from '#apimachinery';
import {
  type Client,
  DAEMON_SETS,
  DEPLOYMENTS,
  JOBS,
  NODES,
  POD_DISRUPTION_BUDGETS,
  PODS,
  type ResourceType,
  SERVICES,
  STATEFUL_SETS,
} from '#client';
import type { Deed, DeedKind } from './plan.ts';
import type { StormCluster } from './storm-cluster.ts';

const NAMESPACE = 'default';
const IMAGE = 'registry.k8s.io/e2e-test-images/agnhost:2.40';

function template(app: string, version = 0): object {
  return {
    metadata: { labels: { app }, annotations: { version: String(version) } },
    spec: {
      terminationGracePeriodSeconds: 5,
      containers: [
        {
          name: 'main',
          image: IMAGE,
          args: ['netexec', '--http-port=8080'],
          ...(app === 'web' && {
            readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 30 },
          }),
        },
      ],
    },
  };
}

function named(name: string, spec: object): KubernetesObject {
  return { metadata: { name, namespace: NAMESPACE }, spec } as KubernetesObject;
}

function deployment(app: string): KubernetesObject {
  // One promises that nothing is missing, the other that not much is.
  const rollingUpdate =
    app === 'web' ? { maxUnavailable: 0, maxSurge: 1 } : { maxUnavailable: 1, maxSurge: '25%' };
  return named(app, {
    replicas: app === 'web' ? 3 : 4,
    selector: { matchLabels: { app } },
    strategy: { type: 'RollingUpdate', rollingUpdate },
    template: template(app),
  });
}

function objects(): [ResourceType, KubernetesObject][] {
  const service = (app: string, more = {}): KubernetesObject =>
    named(app, { selector: { app }, ports: [{ port: 80, targetPort: 8080 }], ...more });
  const budget = (app: string): KubernetesObject =>
    named(app, { maxUnavailable: 1, selector: { matchLabels: { app } } });
  const all: [unknown, KubernetesObject][] = [
    ...['web', 'api'].flatMap((app): [unknown, KubernetesObject][] => [
      [DEPLOYMENTS, deployment(app)],
      [SERVICES, service(app)],
      [POD_DISRUPTION_BUDGETS, budget(app)],
    ]),
    [SERVICES, service('db', { clusterIP: 'None' })],
    [
      STATEFUL_SETS,
      named('db', {
        replicas: 3,
        serviceName: 'db',
        selector: { matchLabels: { app: 'db' } },
        template: template('db'),
      }),
    ],
    [POD_DISRUPTION_BUDGETS, budget('db')],
    [
      DAEMON_SETS,
      named('agent', {
        selector: { matchLabels: { app: 'agent' } },
        template: template('agent'),
      }),
    ],
  ];
  return all as [ResourceType, KubernetesObject][];
}

/** Puts everything into a new cluster; tries until the cluster takes it. */
export async function deploy({ client, clock }: StormCluster): Promise<void> {
  for (const [type, object] of objects()) {
    const resource = client.resource(type, NAMESPACE);
    while (!(await succeeds(resource.create(object)))) await clock.sleep(1000);
  }
}

async function succeeds(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch {
    return false;
  }
}

type Do = (client: Client, deed: Deed, random: Random, cluster: StormCluster) => Promise<unknown>;

const scale =
  (type: ResourceType, replicasOf: (amount: number) => number): Do =>
  (client, { target, amount }) =>
    client
      .resource(type, NAMESPACE)
      .patch(type === (STATEFUL_SETS as ResourceType) ? 'db' : target, 'merge-patch', {
        spec: { replicas: replicasOf(amount) },
      });

const roll =
  (type: ResourceType, name?: string): Do =>
  (client, { target, id }) =>
    client.resource(type, NAMESPACE).patch(name ?? target, 'merge-patch', {
      spec: { template: { metadata: { annotations: { version: String(id + 1) } } } },
    });

const DO: Readonly<Record<DeedKind, Do>> = {
  'scale deployment': scale(DEPLOYMENTS as ResourceType, (amount) => amount + 1),
  'roll deployment': roll(DEPLOYMENTS as ResourceType),
  'replace deployment': async (client, { target }) => {
    const resource = client.resource(DEPLOYMENTS as ResourceType, NAMESPACE);
    await resource.delete(target);
    await resource.create(deployment(target));
  },
  'scale statefulset': scale(STATEFUL_SETS as ResourceType, (amount) => amount),
  'roll statefulset': roll(STATEFUL_SETS as ResourceType, 'db'),
  'roll daemonset': roll(DAEMON_SETS as ResourceType, 'agent'),
  'run job': (client, { id, amount }) =>
    client.resource(JOBS as ResourceType, NAMESPACE).create(job(id, amount)),
  'delete pod': async (client, _deed, random) => {
    const name = await somePod(client, random);
    if (name !== undefined) await client.resource(PODS, NAMESPACE).delete(name);
  },
  'force delete pod': async (client, _deed, random) => {
    const name = await somePod(client, random);
    if (name === undefined) return;
    await client.resource(PODS, NAMESPACE).delete(name, { gracePeriodSeconds: 0 });
  },
  'evict pod': async (client, _deed, random) => {
    const name = await somePod(client, random);
    if (name !== undefined) await evict(client, name);
  },
  'drain node': async (client, { target }) => {
    await cordon(client, target, true);
    const { items } = await client
      .resource(PODS, NAMESPACE)
      .list({ fieldSelector: `spec.nodeName=${target}` });
    for (const { metadata } of items) {
      if (metadata?.labels?.app !== 'agent') {
        await succeeds(evict(client, metadata?.name ?? ''));
      }
    }
  },
  'uncordon node': (client, { target }) => cordon(client, target, false),
  // As somebody does who has seen that the machine is off. It comes back as a new node.
  'remove node': async (client, { target }, _random, cluster) => {
    if (!cluster.node(target).isUp) await client.resource(NODES).delete(target);
  },
};

function job(id: number, amount: number): KubernetesObject {
  return named(`job-${id}`, {
    completions: 1 + amount,
    parallelism: 2,
    ttlSecondsAfterFinished: 300,
    template: {
      spec: {
        restartPolicy: amount % 2 === 0 ? 'Never' : 'OnFailure',
        containers: [
          { name: 'main', image: 'busybox:1.36', command: ['sleep', String(5 + 10 * amount)] },
        ],
      },
    },
  });
}

async function somePod(client: Client, random: Random): Promise<string | undefined> {
  const { items } = await client.resource(PODS, NAMESPACE).list();
  const names = items.map((pod: Pod) => pod.metadata?.name ?? '').sort();
  return names.length === 0 ? undefined : random.pick(names);
}

function evict(client: Client, name: string): Promise<unknown> {
  const eviction = {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name, namespace: NAMESPACE },
  };
  return client.resource(PODS, NAMESPACE).create(eviction as Pod, { subresource: 'eviction' });
}

function cordon(client: Client, node: string, unschedulable: boolean): Promise<unknown> {
  return client.resource(NODES).patch(node, 'merge-patch', { spec: { unschedulable } });
}

/** Does what is planned; where the cluster does not answer nothing comes of it. */
export async function doDeed(cluster: StormCluster, deed: Deed): Promise<void> {
  const random = seededRandom(`deed ${deed.id}`);
  await succeeds(DO[deed.kind](cluster.client, deed, random, cluster));
}

/** After a storm nodes may be used again; tries until the cluster takes it. */
export async function uncordonAll({ client, clock, nodes }: StormCluster): Promise<void> {
  for (const { name } of nodes) {
    while (!(await succeeds(cordon(client, name, false)))) await clock.sleep(1000);
  }
}
