/**
 * Nodes come and go: a machine joins a cluster, is emptied, leaves, and comes back.
 *
 * All of it can be begun again at any point. What a node works with is `join-world.ts`; the options and
 * errors of a drain are `drain.ts`.
 */

import type { Node, Pod } from '#apimachinery';
import type { Client } from '#client';
import { NotImplemented } from '#not-implemented';
import type { DrainOptions, NodeWorld } from './drain.ts';
import type { JoinOptions, JoinWorld } from './join-world.ts';

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
  throw new NotImplemented('cluster/node-join', 'joinNode');
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
  throw new NotImplemented('cluster/node-join', 'drainVerdict');
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
  throw new NotImplemented('cluster/node-join', 'setUnschedulable');
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
  throw new NotImplemented('cluster/node-join', 'drainNode');
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
  throw new NotImplemented('cluster/node-join', 'leaveCluster');
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
  throw new NotImplemented('cluster/node-join', 'readmitNode');
}
