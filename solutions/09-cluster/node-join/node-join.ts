/**
 * Nodes come and go: a machine joins a cluster, is emptied, leaves, and comes back.
 *
 * All of it can be begun again at any point. What a node works with is `join-world.ts`; the options and
 * errors of a drain are `drain.ts`.
 */

import {
  controllerOf,
  isConditionTrue,
  isNotFound,
  isTooManyRequests,
  keyOf,
  type Node,
  type Pod,
} from '#apimachinery';
import { type Client, DAEMON_SETS, NODES, PODS } from '#client';
import { goDuration } from '#scheduler';
import { CredentialFiles, SECRET_MODE } from '../bootstrap/credential-files.ts';
import { kubeconfigText } from '../bootstrap/kubeconfig.ts';
import { isAsWanted, newCertificateRequest } from '../bootstrap/pki.ts';
import { requestNodeCertificate } from './certificate-request.ts';
import { CertificateRefusedError, waitForCertificate } from './certificate-waiting.ts';
import { clusterOf, type NamedCluster, readClusterInfo } from './cluster-info.ts';
import {
  DrainError,
  type DrainOptions,
  EVICTION_RETRY_MS,
  evict,
  evictionFault,
  MIRROR_ANNOTATION,
  type NodeWorld,
  planDrain,
  timeoutFault,
} from './drain.ts';
import type { JoinOptions, JoinWorld } from './join-world.ts';
import { clientIn, clustersIn } from './kubeconfig-reader.ts';
import { LOOK_AGAIN_MS, poll } from './poll.ts';

/** The node's kubeconfig, in the folder of its credentials. */
export const KUBELET_CONF = 'kubelet.conf';
/** The private key of a request that waits. */
export const WAITING_KEY = 'kubelet-client.key.tmp';

/**
 * Joins a cluster: believes the right one, and gets the credentials of its kubelet.
 *
 * @remarks
 * 1. Its kubeconfig ({@link KUBELET_CONF}) is good: nothing is asked, nothing written. It is good if it
 *    names one cluster, one of the hashes of whose authority is among `authorityHashes`, and its client
 *    certificate is the node's: `pki.read` knows it as one of that authority; it is a client's, for
 *    `system:node:NAME` in `system:nodes` and nothing else ({@link isAsWanted}); and it has not ended.
 * 2. The cluster. {@link readClusterInfo} reads what `cluster-info` says twice: as nobody, believing
 *    whoever answers at `server`; then, once its authority is known, at `server` again as nobody who believes
 *    only that authority. {@link clusterOf} says which cluster it is. In between, one of its authority's
 *    hashes must be among `authorityHashes`: `cluster CA found in cluster-info ConfigMap is invalid: none of the
 *    public keys "HASH:HASH" are pinned`; and the second text must be the first: `the second kubeconfig
 *    from the cluster-info ConfigMap (using validated TLS) was different from the first`.
 * 3. {@link requestNodeCertificate}, with the token, at the server that cluster-info names, believing its
 *    authority. The private key is that in {@link WAITING_KEY}; is there none, a new one is written there
 *    first (mode `0o600`). With the same key who begins again finds the request that waits.
 * 4. {@link waitForCertificate}. Is it refused ({@link CertificateRefusedError}), the waiting key is
 *    removed, as nobody will ever sign it; after any other error it stays, for the next time.
 * 5. The kubeconfig is written, {@link kubeconfigText} for the user `system:node:NAME`, and then the
 *    waiting key removed. A certificate that is not the node's, in the sense of 1, is not written: `the
 *    certificate of node NAME is not what was asked for`; the key is removed.
 *
 * kubeadm also checks a signature that the token makes over cluster-info; here the hash must do.
 *
 * Given are `CredentialFiles`, `kubeconfigText`, `newCertificateRequest` and `isAsWanted`
 * (`../bootstrap/`), `clustersIn` and `clientIn` (`kubeconfig-reader.ts`), `readClusterInfo` and `clusterOf` (`cluster-info.ts`),
 * `requestNodeCertificate` (`certificate-request.ts`), and `waitForCertificate`
 * (`certificate-waiting.ts`).
 *
 * @returns whether there was anything to do
 * @throws Error as said, and what the API server refused
 * @see cmd/kubeadm/app/discovery/token/token.go, pkg/kubelet/certificate/bootstrap/bootstrap.go (1.33)
 * @exercise cluster/node-join
 */
export async function joinNode(
  options: JoinOptions,
  world: JoinWorld,
): Promise<'joined' | 'unchanged'> {
  const { pki, files, directory } = world;
  const user = `system:node:${options.name}`;
  const folder = new CredentialFiles(files, directory);
  const wanted = newCertificateRequest(options.name, user, { organizations: ['system:nodes'] });
  const isNodes = (authority: string, certificate: string, key: string): boolean => {
    const facts = pki.read(authority, { certificate, key });
    return facts !== undefined && isAsWanted(facts, wanted) && facts.notAfter > world.clock.now();
  };
  const config = folder.read(KUBELET_CONF);
  const [known] = clustersIn(config);
  const { certificate: kept, key: keptKey } = clientIn(config);
  if (known && isPinned(known, options, world) && isNodes(known.authority, kept, keptKey)) {
    return 'unchanged';
  }
  const cluster = await discover(options, world);
  const key = folder.read(WAITING_KEY) || pki.newKey();
  if (folder.read(WAITING_KEY) === '') folder.write(WAITING_KEY, key, SECRET_MODE);
  const forget = (): void => files.remove(`${directory}/${WAITING_KEY}`);
  const client = world.connect({ ...cluster, token: options.token });
  const request = await requestNodeCertificate(client, options.name, key, pki);
  const waiting = { clock: world.clock, timeoutMs: options.timeoutMs };
  const certificate = await waitForCertificate(client, request, waiting).catch((error: unknown) => {
    if (error instanceof CertificateRefusedError) forget();
    throw error;
  });
  if (!isNodes(cluster.authority, certificate, key)) {
    forget();
    throw new Error(`the certificate of node ${options.name} is not what was asked for`);
  }
  const { server, authority } = cluster;
  const text = kubeconfigText(server, user, { certificate: authority }, { certificate, key });
  folder.write(KUBELET_CONF, text, SECRET_MODE);
  forget();
  return 'joined';
}

function isPinned(
  { authority }: NamedCluster,
  { authorityHashes }: JoinOptions,
  { pki }: JoinWorld,
): boolean {
  return pki.authorityHashes(authority).some((hash) => authorityHashes.includes(hash));
}

async function discover(options: JoinOptions, world: JoinWorld): Promise<NamedCluster> {
  const { server } = options;
  const polling = { clock: world.clock, timeoutMs: options.timeoutMs };
  const text = await readClusterInfo(world.connect({ server }), polling);
  const cluster = clusterOf(text);
  const { authority } = cluster;
  if (!isPinned(cluster, options, world)) {
    const hashes = world.pki.authorityHashes(authority).join(':');
    throw new Error(
      `cluster CA found in cluster-info ConfigMap is invalid: none of the public keys "${hashes}" are pinned`,
    );
  }
  if ((await readClusterInfo(world.connect({ server, authority }), polling)) !== text) {
    throw new Error(
      'the second kubeconfig from the cluster-info ConfigMap (using validated TLS) was different from the first',
    );
  }
  return cluster;
}

/**
 * What a drain does to a pod.
 *
 * @remarks The first row that fits:
 *
 * | the pod | what becomes of it |
 * |---|---|
 * | is a mirror pod ({@link MIRROR_ANNOTATION}) | `stay` |
 * | has finished (`Succeeded`, `Failed`) | `evict` |
 * | is controlled by a DaemonSet that is there | `stay` |
 * | is controlled by a DaemonSet that is gone, without `force` | `daemonsets.apps "NAME" not found` |
 * | has an `emptyDir`, without `deleteEmptyDirData` | `Pods with local storage (use --delete-emptydir-data to override)` |
 * | has a controller, or `force` is set | `evict` |
 * | else | `cannot delete Pods that declare no controller (use --force to override)` (word for word kubectl's) |
 *
 * @param daemonSets - the keys of those that are there, `namespace/name`
 * @returns `stay`, `evict`, or why the node cannot be drained
 * @see k8s.io/kubectl/pkg/drain/filters.go (1.33)
 * @exercise cluster/node-join
 */
export function drainVerdict(
  pod: Pod,
  daemonSets: ReadonlySet<string>,
  { force, deleteEmptyDirData }: DrainOptions,
): string {
  if (pod.metadata?.annotations?.[MIRROR_ANNOTATION] !== undefined) return 'stay';
  if (['Succeeded', 'Failed'].includes(pod.status?.phase ?? '')) return 'evict';
  const owner = controllerOf(pod);
  if (owner?.kind === 'DaemonSet') {
    if (daemonSets.has(`${pod.metadata?.namespace}/${owner.name}`)) return 'stay';
    if (!force) return `daemonsets.apps "${owner.name}" not found`;
  }
  if (!deleteEmptyDirData && pod.spec?.volumes?.some(({ emptyDir }) => emptyDir)) {
    return 'Pods with local storage (use --delete-emptydir-data to override)';
  }
  if (owner || force) return 'evict';
  return 'cannot delete Pods that declare no controller (use --force to override)';
}

/**
 * Says whether new pods may come to a node: `spec.unschedulable`, where `false` and absent are the same.
 *
 * @remarks The Node is got; nothing is written when that is so already. Else a patch of that field alone, so
 * that it cannot conflict with what others write at the same time, nor undo it.
 *
 * @throws StatusError 404 when there is no such node
 * @exercise cluster/node-join
 */
export async function setUnschedulable(
  name: string,
  unschedulable: boolean,
  client: Client,
): Promise<void> {
  const nodes = client.resource(NODES);
  const { spec } = await nodes.get(name);
  if ((spec?.unschedulable ?? false) === unschedulable) return;
  await nodes.patch(name, 'strategic-merge-patch', { spec: { unschedulable } });
}

/**
 * Empties a node.
 *
 * @remarks
 * 1. It is cordoned: {@link setUnschedulable}.
 * 2. Its pods are listed, of all namespaces, by `spec.nodeName`, and once the DaemonSets of all namespaces;
 *    {@link planDrain} of {@link drainVerdict}. With refusals nobody is evicted: {@link DrainError} with all of them. The node stays cordoned, then and ever after.
 * 3. All pods of the plan go at the same time, each so: it is got. It is gone when it is not there, or
 *    another has its name (by uid). Is it being deleted, it is looked at again {@link LOOK_AGAIN_MS}
 *    later. Else it is evicted ({@link evict}); then it is looked at again at once. A budget that does
 *    not allow it answers 429: it is tried again
 *    {@link EVICTION_RETRY_MS} later, and all begins with the look. 404 is fine.
 *    Never is a pod deleted in another way: budgets count evictions only.
 * 4. It is over when all are gone; what becomes of one does not stop the others. {@link DrainError} says
 *    what went wrong, in the order of the plan: {@link evictionFault} for whatever else an eviction or a
 *    look is refused with, {@link timeoutFault} for a pod that is still there `timeoutMs` after the
 *    beginning of 3. At that moment nobody is evicted any more; whether it is looked at once more is yours.
 *
 * Given are `planDrain`, `evict`, `evictionFault`, `timeoutFault` and `DrainError` (`drain.ts`).
 *
 * @returns the keys of the pods of the plan, `namespace/name`, in its order
 * @see k8s.io/kubectl/pkg/drain/drain.go (1.33)
 * @exercise cluster/node-join
 */
export async function drainNode(
  name: string,
  options: DrainOptions,
  { client, clock }: NodeWorld,
): Promise<string[]> {
  await setUnschedulable(name, true, client);
  const selection = { fieldSelector: `spec.nodeName=${name}` };
  const pods = (await client.resource(PODS).list(selection)).items;
  const daemonSets = (await client.resource(DAEMON_SETS).list()).items;
  const there = new Set(daemonSets.map(keyOf));
  const plan = planDrain(pods, (pod) => drainVerdict(pod, there, options));
  if (plan.refusals.length > 0) throw new DrainError(plan.refusals);
  const { timeoutMs = Number.POSITIVE_INFINITY } = options;
  const endsAt = clock.monotonic() + timeoutMs;
  const faults = await Promise.all(
    plan.evict.map((pod) => evictPod(pod, options, { client, clock }, endsAt)),
  );
  const reasons = faults.filter((fault) => fault !== undefined);
  if (reasons.length > 0) throw new DrainError(reasons);
  return plan.evict.map(keyOf);
}

/** @returns what went wrong; `undefined` when the pod is gone */
async function evictPod(
  pod: Pod,
  options: DrainOptions,
  { client, clock }: NodeWorld,
  endsAt: number,
): Promise<string | undefined> {
  const { name = '', namespace = '', uid } = pod.metadata ?? {};
  const pods = client.resource(PODS, namespace);
  let isGoing = false;
  const step = async (): Promise<number | 'gone'> => {
    const found = await pods.get(name);
    if (found.metadata?.uid !== uid) return 'gone';
    isGoing ||= found.metadata?.deletionTimestamp !== undefined;
    if (isGoing) return LOOK_AGAIN_MS;
    try {
      await evict(client, pod, options);
      isGoing = true;
      return 0;
    } catch (error) {
      if (isTooManyRequests(error)) return EVICTION_RETRY_MS;
      throw error;
    }
  };
  while (true) {
    try {
      const waitMs = await step();
      if (waitMs === 'gone') return undefined;
      await clock.sleep(Math.min(waitMs, endsAt - clock.monotonic()));
    } catch (error) {
      return isNotFound(error) ? undefined : evictionFault(pod, error);
    }
    if (clock.monotonic() >= endsAt) return timeoutFault(pod, isGoing, options.timeoutMs ?? 0);
  }
}

/**
 * Takes a node out of the cluster: it is drained, and then its Node deleted.
 *
 * @remarks A node that is not there, or is gone meanwhile, has left. One that cannot be drained stays. It is
 * deleted by name, whatever its uid.
 *
 * @throws DrainError, and what the API server refused
 * @exercise cluster/node-join
 */
export async function leaveCluster(
  name: string,
  options: DrainOptions,
  world: NodeWorld,
): Promise<void> {
  try {
    await drainNode(name, options, world);
    await world.client.resource(NODES).delete(name);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/**
 * Lets a node have pods again that was drained, or that left and has joined again.
 *
 * @remarks It is looked at every {@link LOOK_AGAIN_MS} until it is there and its condition `Ready` is
 * true; then it is uncordoned ({@link setUnschedulable}). Nothing of its past counts: under the same name
 * it may have another uid, another pod range, another address. Given is `poll` (`poll.ts`).
 *
 * @param timeoutMs - then: `node NAME is not ready after DURATION` (`goDuration` of `#scheduler`)
 * @returns the Node, as it is after it was uncordoned
 * @throws what the API server refused; 404 only of a node that goes again after it was ready
 * @exercise cluster/node-join
 */
export async function readmitNode(
  name: string,
  timeoutMs: number,
  { client, clock }: NodeWorld,
): Promise<Node> {
  const nodes = client.resource(NODES);
  const ready = await poll({ clock, intervalMs: LOOK_AGAIN_MS, timeoutMs }, async () => {
    const node = await nodes.get(name).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
    return isConditionTrue(node?.status?.conditions, 'Ready') ? node : undefined;
  });
  if (!ready) throw new Error(`node ${name} is not ready after ${goDuration(timeoutMs)}`);
  await setUnschedulable(name, false, client);
  return nodes.get(name);
}
