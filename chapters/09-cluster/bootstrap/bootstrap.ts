/**
 * From nothing to a cluster that answers: who needs which certificate, what of it is there already,
 * and in which order things start.
 *
 * Everything here can be done again at any time and does nothing where nothing is to be done. How
 * certificates are made is `pki.ts`; the objects a new cluster gets are `system-objects.ts`.
 */

import type { Clock, FileSystem, KubernetesObject } from '#apimachinery';
import type { Client, ResourceType } from '#client';
import { NotImplemented } from '#not-implemented';
import type { ClusterShape } from './cluster-shape.ts';
import type { CertificateRequest, KeyPair, Pki } from './pki.ts';

/**
 * The certificates a cluster needs, besides its authority's, in this order:
 *
 * | name | common name | organizations | usage | hosts |
 * |---|---|---|---|---|
 * | `apiserver` | `kube-apiserver` | | server | `kubernetes`, `kubernetes.default`, `kubernetes.default.svc`, `kubernetes.default.svc.DOMAIN`, `localhost`, `127.0.0.1`, `serviceIp`, and the host of `server` if it is none of them |
 * | `apiserver-kubelet-client` | `kube-apiserver-kubelet-client` | | client | |
 * | `admin` | `kubernetes-admin` | `system:masters` | client | |
 * | `controller-manager` | `system:kube-controller-manager` | | client | |
 * | `scheduler` | `system:kube-scheduler` | | client | |
 * | `kube-proxy` | `system:kube-proxy` | | client | |
 * | `kubelet-NAME` | `system:node:NAME` | `system:nodes` | client | |
 * | `kubelet-NAME-server` | `system:node:NAME` | `system:nodes` | server | the node's name and address |
 *
 * The last two for each node, node after node. An API server knows its clients by these names: the node
 * authorizer lets `system:node:NAME` do what a kubelet of that node must, and nothing else.
 *
 * @see cmd/kubeadm/app/phases/certs/certlist.go (1.33)
 * @exercise cluster/bootstrap
 */
export function certificatesFor(shape: ClusterShape): CertificateRequest[] {
  throw new NotImplemented('cluster/bootstrap', 'certificatesFor');
}

/** What has less left is made anew: a cluster may run for a month before it looks again. */
export const RENEW_BEFORE_MS = 30 * 24 * 3_600_000;

/** Where credentials are kept, and who makes them. */
export interface CredentialsWorld {
  readonly files: FileSystem;
  /** Made if it is not there, for its owner only (`0o700`). */
  readonly directory: string;
  readonly pki: Pki;
  readonly clock: Clock;
}

/** Everything a cluster shows and believes. */
export interface Credentials {
  readonly authority: KeyPair;
  /** For the tokens of service accounts, in PEM. */
  readonly signingKey: string;
  /** By the name of their request. */
  readonly pairs: ReadonlyMap<string, KeyPair>;
  /** The files that were written, by name, in order. */
  readonly written: readonly string[];
}

/**
 * Makes sure that all credentials are there.
 *
 * @remarks
 * Files of the directory: `ca.crt`, `ca.key`; `sa.key`; for each of {@link certificatesFor} `NAME.crt`
 * and `NAME.key`; for each client, but not for `apiserver-kubelet-client`, a kubeconfig `NAME.conf`.
 * A key comes before its certificate, so that a crash in between leaves nothing that looks whole. Keys
 * and kubeconfigs have the mode `0o600`, certificates `0o644`.
 *
 * What is good is kept, and its file not written again:
 * - an authority that is one and ends later than {@link RENEW_BEFORE_MS} from now; a new one is called
 *   `kubernetes`
 * - a signing key that is not empty
 * - a certificate that `pki.read` knows, that ends later than that, and says what was asked for: common
 *   name, organizations and usage are the same, and all hosts are among its hosts (more do no harm;
 *   order does not count)
 * - a kubeconfig whose text is exactly {@link kubeconfigText}
 *
 * What is there twice in a directory is there no more: with a new authority nothing is good that the old
 * one vouched for. Files that nobody asked for are left alone.
 *
 * ```text
 * first time   written: ca.key ca.crt sa.key apiserver.key apiserver.crt … admin.key admin.crt admin.conf …
 * again        written: nothing
 * one node more      written: kubelet-node-4.key .crt .conf, kubelet-node-4-server.key .crt
 * another port       written: *.conf, as `server` is in them
 * ```
 *
 * @exercise cluster/bootstrap
 */
export async function ensureCredentials(
  shape: ClusterShape,
  { files, directory, pki, clock }: CredentialsWorld,
): Promise<Credentials> {
  throw new NotImplemented('cluster/bootstrap', 'ensureCredentials');
}

/**
 * A kubeconfig with everything in it, as JSON (which is YAML) with two spaces and a newline at the end.
 *
 * ```json
 * {
 *   "apiVersion": "v1",
 *   "kind": "Config",
 *   "clusters": [{ "name": "kubernetes", "cluster": { "server": …, "certificate-authority-data": … } }],
 *   "users": [{ "name": USER, "user": { "client-certificate-data": …, "client-key-data": … } }],
 *   "contexts": [{ "name": "USER@kubernetes", "context": { "cluster": "kubernetes", "user": USER } }],
 *   "current-context": "USER@kubernetes"
 * }
 * ```
 *
 * Keys in this order; data is the PEM text in base64 (`btoa`: PEM is ASCII).
 *
 * @exercise cluster/bootstrap
 */
export function kubeconfigText(
  server: string,
  user: string,
  authority: Pick<KeyPair, 'certificate'>,
  client: KeyPair,
): string {
  throw new NotImplemented('cluster/bootstrap', 'kubeconfigText');
}

/** What came of {@link ensureObject}. */
export type Ensured = 'created' | 'updated' | 'unchanged';

/**
 * Makes sure that an object is there and has what `wanted` says; what else it has stays.
 *
 * @remarks
 * Got by name: not there, it is created (there after all, as somebody else was faster: begin again).
 * There, it is compared: an object has what `wanted` says if for every field of `wanted` it has a field
 * that does, at any depth; lists and plain values must be equal (of an object in a list, too, only the
 * fields that `wanted` has count; lists of another length differ). What does not is updated with what
 * is there and the fields of `wanted` over it, lists as a whole; nothing is written when nothing
 * differs. Errors other than 404 at the get and 409 `AlreadyExists` at the creation go to the caller.
 *
 * @param wanted - with `metadata.name`, and `metadata.namespace` of a namespaced kind
 * @exercise cluster/bootstrap
 */
export async function ensureObject(
  client: Client,
  type: ResourceType,
  wanted: KubernetesObject,
): Promise<Ensured> {
  throw new NotImplemented('cluster/bootstrap', 'ensureObject');
}

/** How often a part is asked whether it is ready. */
export const READY_POLL_MS = 50;
/** A part that is not ready after so long has failed. */
export const READY_TIMEOUT_MS = 30_000;

/** Something of a cluster that runs. */
export interface Part {
  readonly name: string;
  /** Names of the parts that must be ready before this one starts. */
  readonly needs: readonly string[];
  /** Runs until the signal aborts, and has cleaned up when it resolves. */
  run(signal: AbortSignal): Promise<void>;
  /** Rejecting counts as not ready. */
  isReady(): Promise<boolean>;
}

/** What {@link runParts} needs. */
export interface PartsWorld {
  readonly clock: Clock;
  /** Told of each part when it is ready. */
  readonly onReady?: (name: string) => void;
}

/**
 * Starts the parts in order, and stops them the other way round.
 *
 * @remarks
 * 1. First of all, before anything starts: `NAME needs OTHER, which is not there`, or `NAME needs
 *    itself: NAME -> … -> NAME` for a ring (from the first of its parts in `parts`).
 * 2. A part starts when all that it needs are ready; what does not need each other starts together. It
 *    is asked at once, then every {@link READY_POLL_MS}, whether it is ready.
 * 3. Something fails: a part that rejects (`NAME failed: MESSAGE`) or resolves (`NAME ended`) before it
 *    was told to stop, or that is not ready {@link READY_TIMEOUT_MS} after its start (`NAME is not ready
 *    after 30 s`). The first failure counts.
 * 4. After a failure, or when `signal` aborts, nothing starts any more, and what was started is stopped:
 *    a part is told when all parts that need it have ended.
 * 5. When all have ended: it rejects with the failure, or resolves. What goes wrong while a part stops
 *    is a failure as well, if it is the first (`NAME failed: MESSAGE`); the others still stop.
 *
 * ```text
 * etcd <- apiserver <- controller-manager, scheduler, kubelet
 * start   etcd; apiserver; the three together
 * stop    the three together; apiserver; etcd
 * ```
 *
 * @throws Error, as a rejection, as said
 * @exercise cluster/bootstrap
 */
export async function runParts(
  parts: readonly Part[],
  { clock, onReady }: PartsWorld,
  signal: AbortSignal,
): Promise<void> {
  throw new NotImplemented('cluster/bootstrap', 'runParts');
}
