/**
 * Stands for the scheduler and all kubelets: binds pods to nodes, says that they run, and lets go of
 * those that are deleted. For tests of controllers, which only see what the API says.
 */

import type { Clock, KubernetesObject, Pod } from '#apimachinery';

/** As much of a client as is needed here; `admin` of a test API is one. */
interface PodsClient {
  resource(
    type: {
      group: string;
      version: string;
      resource: string;
      kind: string;
      namespaced: boolean;
      objects?: Pod;
    },
    namespace?: string,
  ): {
    get(name: string): Promise<Pod>;
    watch(
      options?: object,
    ): Promise<
      AsyncIterable<{ readonly type: string; readonly object: KubernetesObject }> & { stop(): void }
    >;
    update(pod: Pod, options?: object): Promise<Pod>;
    updateStatus(pod: Pod): Promise<Pod>;
    create(object: Pod, options?: object): Promise<Pod>;
    delete(name: string, options?: object): Promise<void>;
  };
}

const PODS = { group: '', version: 'v1', resource: 'pods', kind: 'Pod', namespaced: true };

/** Nodes that are not there, and pods that run on them all the same. */
export interface TestNodes {
  /** What happens to pods by themselves from now on; see `TestNodesOptions`. */
  auto: boolean;
  /** Says that a pod runs and is ready, or runs and is not. */
  run(namespace: string, name: string, options?: { readonly ready?: boolean }): Promise<void>;
  /** Says that all containers of a pod ended, with 0 or with another code. */
  finish(namespace: string, name: string, exitCode?: number): Promise<void>;
  /** Lets a pod that is being deleted go. */
  remove(namespace: string, name: string): Promise<void>;
  stop(): void;
}

/** How pods fare. */
export interface TestNodesOptions {
  readonly clock: Clock;
  /** Do pods run and go by themselves? Absent: yes. Else a test calls `run` and `remove`. */
  readonly auto?: boolean;
  /** Where new pods go, one after another, unless only one node will do; absent: `node-1`. */
  readonly nodes?: readonly string[];
}

/**
 * Begins to look after the pods of all namespaces. Call `settle` (or let the clock go on) to see what
 * it did.
 *
 * @param api - a test API
 */
export async function newTestNodes(
  api: { readonly admin: PodsClient },
  { clock, auto = true, nodes = ['node-1'] }: TestNodesOptions,
): Promise<TestNodes> {
  const { admin } = api;
  let bound = 0;
  const pods = (namespace: string) => admin.resource(PODS, namespace);
  const now = () => `${new Date(clock.now()).toISOString().slice(0, 19)}Z`;

  const bind = async (pod: Pod): Promise<void> => {
    const { name = '', namespace = '' } = pod.metadata ?? {};
    if (pod.spec?.nodeName) return;
    const target = { kind: 'Node', name: tiedTo(pod) ?? nodes[bound++ % nodes.length] };
    const binding = { kind: 'Binding', apiVersion: 'v1', metadata: { name }, target };
    await pods(namespace).create(binding as unknown as Pod, { subresource: 'binding' });
  };

  const run = async (namespace: string, name: string, { ready = true } = {}): Promise<void> => {
    await bind(await pods(namespace).get(name));
    const pod = await pods(namespace).get(name);
    const number = Number((pod.metadata?.uid ?? '').replace(/\D/g, '').slice(-5)) || 1;
    const ip = `10.244.${number % 200}.${(number % 250) + 1}`;
    const at = now();
    const condition = (type: string, status: string) => ({ type, status, lastTransitionTime: at });
    await pods(namespace).updateStatus({
      ...pod,
      status: {
        ...pod.status,
        phase: 'Running',
        podIP: pod.status?.podIP ?? ip,
        podIPs: pod.status?.podIPs ?? [{ ip }],
        hostIP: '192.0.2.10',
        startTime: pod.status?.startTime ?? (at as never),
        conditions: [
          condition('PodScheduled', 'True'),
          condition('Initialized', 'True'),
          condition('ContainersReady', ready ? 'True' : 'False'),
          condition('Ready', ready ? 'True' : 'False'),
        ] as never,
        containerStatuses: (pod.spec?.containers ?? []).map((container) => ({
          name: container.name,
          image: container.image ?? '',
          imageID: container.image ?? '',
          ready,
          started: true,
          restartCount: 0,
          state: { running: { startedAt: at as never } },
        })),
      },
    });
  };

  const finish = async (namespace: string, name: string, exitCode = 0): Promise<void> => {
    await bind(await pods(namespace).get(name));
    const pod = await pods(namespace).get(name);
    const at = now();
    const reason = exitCode === 0 ? 'Completed' : 'Error';
    await pods(namespace).updateStatus({
      ...pod,
      status: {
        ...pod.status,
        phase: exitCode === 0 ? 'Succeeded' : 'Failed',
        conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: at as never }],
        containerStatuses: (pod.spec?.containers ?? []).map((container) => ({
          name: container.name,
          image: container.image ?? '',
          imageID: container.image ?? '',
          ready: false,
          started: false,
          restartCount: 0,
          state: { terminated: { exitCode, reason, finishedAt: at as never } },
        })),
      },
    });
  };

  const remove = (namespace: string, name: string): Promise<void> =>
    pods(namespace).delete(name, { gracePeriodSeconds: 0 });

  let isStopped = false;
  let watch = await pods('').watch({ resourceVersion: '0' });
  const stop = (): void => {
    isStopped = true;
    watch.stop();
  };
  const testNodes: TestNodes = { auto, run, finish, remove, stop };
  const look = async (pod: Pod): Promise<void> => {
    const { name = '', namespace = '', deletionTimestamp } = pod.metadata ?? {};
    // Somebody may have been faster: then the next event says what there is to do.
    if (deletionTimestamp) await remove(namespace, name).catch(() => {});
    else if (pod.status?.phase === 'Pending') await run(namespace, name).catch(() => {});
  };
  const follow = async (): Promise<void> => {
    while (!isStopped) {
      for await (const { type, object } of watch) {
        if (!testNodes.auto || type === 'DELETED' || type === 'BOOKMARK') continue;
        await look(object as Pod);
      }
      // The server ends a watch that falls behind; the next one begins with what is there.
      if (!isStopped) watch = await pods('').watch({ resourceVersion: '0' });
    }
  };
  follow().catch((error) => {
    if (!isStopped) throw error;
  });
  return testNodes;
}

/** The only node that will do for the pod; a DaemonSet's pods are tied to theirs like this. */
function tiedTo({ spec }: Pod): string | undefined {
  const required = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const fields = required?.nodeSelectorTerms.flatMap(({ matchFields }) => matchFields ?? []);
  return fields?.find(({ key }) => key === 'metadata.name')?.values?.[0];
}
