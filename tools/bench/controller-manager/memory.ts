/**
 * The process that measures memory: all controllers with many pods in their caches, from a client that has
 * nothing behind it. It runs with `--expose-gc`; its argument is a job, it prints what came of it.
 */

import { setMaxListeners } from 'node:events';
import type { ReplicaSet } from 'kubernetes-types/apps/v1.js';
import type { Pod } from 'kubernetes-types/core/v1.js';
import {
  type KubernetesObject,
  newNotFound,
  RealClock,
  realRandom,
  silentLogger,
} from '#apimachinery';
import type { Client, ResourceClient, ResourceType } from '#client';
import { controllersFor, newControllerContext, runControllers } from '#controller-manager';

/** What is in the caches. */
interface Job {
  readonly pods: number;
  readonly podsPerReplicaSet: number;
}

/** Who needs less processor time in a second and a half has nothing to do. */
const IDLE_MICROS = 50_000;
const AT = '2025-01-01T00:00:00Z';
const clock = new RealClock();

/** As they come from a server. Made of JSON, so that no two share a text. */
function podText(i: number, perReplicaSet: number): string {
  const owner = Math.floor(i / perReplicaSet);
  const condition = (type: string) => ({ type, status: 'True', lastTransitionTime: AT });
  const token = 'kube-api-access';
  const pod: Pod = {
    metadata: {
      name: `web-${owner}-5d4f8c7b9-${i}`,
      namespace: 'default',
      uid: `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`,
      resourceVersion: String(i + 100_000),
      generation: 1,
      creationTimestamp: AT,
      generateName: `web-${owner}-5d4f8c7b9-`,
      labels: { app: `web-${owner}`, 'pod-template-hash': '5d4f8c7b9' },
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          name: `web-${owner}-5d4f8c7b9`,
          uid: `rs-${owner}`,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: {
      nodeName: `node-${i % 500}`,
      containers: [
        {
          name: 'c',
          image: 'registry.example/c:1',
          resources: { requests: { cpu: '100m', memory: '64Mi' } },
          volumeMounts: [
            { name: token, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' },
          ],
        },
      ],
      volumes: [{ name: token, projected: { sources: [] } }],
      restartPolicy: 'Always',
      serviceAccountName: 'default',
      schedulerName: 'default-scheduler',
    },
    status: {
      phase: 'Running',
      podIP: `10.${i >> 16}.${(i >> 8) % 256}.${i % 256}`,
      startTime: AT,
      conditions: ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map(condition),
      containerStatuses: [
        {
          name: 'c',
          image: 'registry.example/c:1',
          imageID: '',
          ready: true,
          restartCount: 0,
          state: { running: { startedAt: AT } },
        },
      ],
    },
  };
  return JSON.stringify(pod);
}

function replicaSetText(i: number, replicas: number): string {
  const labels = { app: `web-${i}`, 'pod-template-hash': '5d4f8c7b9' };
  const replicaSet: ReplicaSet = {
    metadata: {
      name: `web-${i}-5d4f8c7b9`,
      namespace: 'default',
      uid: `rs-${i}`,
      resourceVersion: String(i + 1),
      generation: 1,
      labels,
    },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'c:1' }] } },
    },
    status: {
      replicas,
      fullyLabeledReplicas: replicas,
      readyReplicas: replicas,
      availableReplicas: replicas,
      observedGeneration: 1,
    },
  };
  return JSON.stringify(replicaSet);
}

/** Lists what there is, watches nothing, and takes every write as done. */
function newClient({ pods, podsPerReplicaSet }: Job): { client: Client; writes: () => number } {
  let writes = 0;
  const listOf: Readonly<Record<string, () => unknown[]>> = {
    pods: () => Array.from({ length: pods }, (_, i) => JSON.parse(podText(i, podsPerReplicaSet))),
    replicasets: () =>
      Array.from({ length: pods / podsPerReplicaSet }, (_, i) =>
        JSON.parse(replicaSetText(i, podsPerReplicaSet)),
      ),
    nodes: () =>
      Array.from({ length: 500 }, (_, i) => ({
        metadata: { name: `node-${i}`, uid: `node-${i}`, resourceVersion: '1' },
        spec: {},
        status: { conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: AT }] },
      })),
  };
  const resource = <T extends KubernetesObject>({ resource: name }: ResourceType<T>) => {
    const items = () => (listOf[name]?.() ?? []) as T[];
    const written = async (object: T): Promise<T> => {
      writes++;
      return object;
    };
    const client: ResourceClient<T> = {
      list: async () => ({ items: items(), metadata: { resourceVersion: '1000000' } }),
      watch: async ({ signal } = {}) => ({
        // Says nothing until it is stopped.
        async *[Symbol.asyncIterator]() {
          await new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve()));
        },
        stop: () => {},
      }),
      get: async (of) => {
        const found = items().find(({ metadata }) => metadata?.name === of);
        if (!found) throw newNotFound({ group: '', resource: name }, of);
        return found;
      },
      create: written,
      update: written,
      updateStatus: written,
      patch: async (of) => written({ metadata: { name: of } } as T),
      delete: async () => void writes++,
      deleteCollection: async () => void writes++,
    };
    return client;
  };
  return { client: { resource }, writes: () => writes };
}

function heapBytes(): number {
  const { gc } = globalThis as { gc?: () => void };
  gc?.();
  gc?.();
  return process.memoryUsage().heapUsed;
}

async function measure(job: Job): Promise<void> {
  const { client, writes } = newClient(job);
  const before = heapBytes();
  const begin = performance.now();
  const cpu = process.cpuUsage();
  const context = newControllerContext({ client, clock, random: realRandom(), log: silentLogger });
  const ended = new AbortController();
  // Each of the informers listens to it while it is waited for.
  setMaxListeners(0, ended.signal);
  const running = runControllers(context, Object.values(controllersFor({})), ended.signal);
  await context.informers.waitForSync(ended.signal);
  const synced = performance.now() - begin;
  // All keys are looked at once; then nothing is left to do.
  for (let last = -IDLE_MICROS; process.cpuUsage(cpu).user - last >= IDLE_MICROS; ) {
    last = process.cpuUsage(cpu).user;
    await clock.sleep(1500);
  }
  const took = process.cpuUsage(cpu).user / 1e6;
  const bytes = heapBytes() - before;
  const { pods } = job;
  console.log(
    `all controllers with ${pods} pods of ${podText(0, 1).length} bytes of JSON in their caches:`,
  );
  console.log(
    `  ${(bytes / 2 ** 20).toFixed(0)} MiB of heap, ${(bytes / pods).toFixed(0)} bytes a pod`,
  );
  console.log(
    `  caches filled after ${(synced / 1000).toFixed(1)} s, all looked at with ${took.toFixed(1)} s of processor time, ${writes()} writes`,
  );
  ended.abort();
  await running;
}

await measure(JSON.parse(process.argv[2] ?? '{}') as Job);
process.exit(0);
