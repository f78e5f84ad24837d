/**
 * From nothing to a cluster that answers: who needs which certificate, what of it is there already,
 * and in which order things start.
 *
 * Everything here can be done again at any time and does nothing where nothing is to be done. How
 * certificates are made is `pki.ts`; the objects a new cluster gets are `system-objects.ts`.
 */

import {
  type Clock,
  type FileSystem,
  isAlreadyExists,
  isConflict,
  isNotFound,
  type KubernetesObject,
} from '#apimachinery';
import type { Client, ResourceType } from '#client';
import { untilAborted } from '../assembly/until-aborted.ts';
import { type ClusterShape, serverHost } from './cluster-shape.ts';
import { CredentialFiles, PUBLIC_MODE, SECRET_MODE } from './credential-files.ts';
import { kubeconfigText } from './kubeconfig.ts';
import { hasFields, withFields } from './overlay.ts';
import { checkParts, type Part } from './part.ts';
import {
  type CertificateRequest,
  isAsWanted,
  type KeyPair,
  newCertificateRequest,
  type Pki,
} from './pki.ts';
import { READY_TIMEOUT_MS, untilReady } from './until-ready.ts';

/**
 * The certificates a cluster needs, besides its authority's, in this order:
 *
 * | name | common name | organizations | usage | hosts |
 * |---|---|---|---|---|
 * | `apiserver` | `kube-apiserver` | | server | `kubernetes`, `kubernetes.default`, `kubernetes.default.svc`, `kubernetes.default.svc.DOMAIN`, `localhost`, `127.0.0.1`, `serviceIp`, and the host of `server`; each once |
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
 * Given are `serverHost` (`cluster-shape.ts`), the host of `server`, and `newCertificateRequest` (`pki.ts`).
 *
 * @see cmd/kubeadm/app/phases/certs/certlist.go (1.33)
 * @exercise cluster/bootstrap
 */
export function certificatesFor(shape: ClusterShape): CertificateRequest[] {
  const service = 'kubernetes.default.svc';
  const hosts = new Set([
    ...['kubernetes', 'kubernetes.default', service, `${service}.${shape.domain}`],
    ...['localhost', '127.0.0.1', shape.serviceIp],
    serverHost(shape),
  ]);
  return [
    newCertificateRequest('apiserver', 'kube-apiserver', { usage: 'server', hosts: [...hosts] }),
    newCertificateRequest('apiserver-kubelet-client', 'kube-apiserver-kubelet-client'),
    newCertificateRequest('admin', 'kubernetes-admin', { organizations: ['system:masters'] }),
    newCertificateRequest('controller-manager', 'system:kube-controller-manager'),
    newCertificateRequest('scheduler', 'system:kube-scheduler'),
    newCertificateRequest('kube-proxy', 'system:kube-proxy'),
    ...shape.nodes.flatMap(({ name, ip }) => {
      const [user, organizations] = [`system:node:${name}`, ['system:nodes']];
      const serving = { organizations, usage: 'server', hosts: [name, ip] } as const;
      return [
        newCertificateRequest(`kubelet-${name}`, user, { organizations }),
        newCertificateRequest(`kubelet-${name}-server`, user, serving),
      ];
    }),
  ];
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
 * Files of the directory, in this order: `ca.key`, `ca.crt`; `sa.key`; then for each of
 * {@link certificatesFor} `NAME.key` and `NAME.crt`, and for each client but `apiserver-kubelet-client` a
 * kubeconfig `NAME.conf`, whose user is called by the common name. A key comes before its certificate. Keys and kubeconfigs have the mode `0o600`,
 * certificates `0o644`. {@link CredentialFiles} reads and writes them.
 *
 * What is good is kept, and its file not written again:
 * - an authority that `pki.readAuthority` knows, and that ends more than {@link RENEW_BEFORE_MS} from
 *   now; a new one is called `kubernetes`
 * - a signing key that is not empty
 * - a certificate that `pki.read` knows, that ends later than that, and {@link isAsWanted}
 * - a kubeconfig whose text is exactly {@link kubeconfigText} of what is kept or made
 *
 * Of a pair that is not good both files are written. So with a new authority everything is made anew
 * but the signing key, as nothing is good that only the old one vouches for. Files that nobody asked for
 * are left alone. After a crash at any moment the next call makes good what was left undone.
 *
 * Given are `CredentialFiles` (`credential-files.ts`), `isAsWanted` (`pki.ts`) and `kubeconfigText`
 * (`kubeconfig.ts`).
 *
 * ```text
 * first time      written: ca.key ca.crt sa.key apiserver.key apiserver.crt … admin.key admin.crt admin.conf …
 * again           written: nothing
 * one node more   written: kubelet-node-4.key .crt .conf, kubelet-node-4-server.key .crt
 * another port    written: *.conf, as `server` is in them
 * ```
 *
 * @exercise cluster/bootstrap
 */
export async function ensureCredentials(
  shape: ClusterShape,
  { files, directory, pki, clock }: CredentialsWorld,
): Promise<Credentials> {
  const folder = new CredentialFiles(files, directory);
  const lasts = (one: { readonly notAfter: number } | undefined): boolean =>
    one !== undefined && one.notAfter - clock.now() > RENEW_BEFORE_MS;

  const authority = await ensurePair(folder, 'ca', {
    isGood: (pair) => lasts(pki.readAuthority(pair)),
    make: () => pki.newAuthority('kubernetes'),
  });
  if (folder.read('sa.key') === '') folder.write('sa.key', pki.newSigningKey(), SECRET_MODE);
  const pairs = new Map<string, KeyPair>();
  for (const request of certificatesFor(shape)) {
    const { name, commonName, usage } = request;
    const pair = await ensurePair(folder, name, {
      isGood: (kept) => {
        const facts = pki.read(authority, kept);
        return facts !== undefined && lasts(facts) && isAsWanted(facts, request);
      },
      make: () => pki.issue(authority, request),
    });
    pairs.set(name, pair);
    if (usage === 'server' || name === 'apiserver-kubelet-client') continue;
    const text = kubeconfigText(shape.server, commonName, authority, pair);
    if (folder.read(`${name}.conf`) !== text) folder.write(`${name}.conf`, text, SECRET_MODE);
  }
  return { authority, signingKey: folder.read('sa.key'), pairs, written: folder.written };
}

async function ensurePair(
  folder: CredentialFiles,
  name: string,
  how: { isGood(kept: KeyPair): boolean; make(): Promise<KeyPair> },
): Promise<KeyPair> {
  const kept = { certificate: folder.read(`${name}.crt`), key: folder.read(`${name}.key`) };
  if (kept.certificate !== '' && kept.key !== '' && how.isGood(kept)) return kept;
  const made = await how.make();
  // The key first: a crash in between leaves two that do not belong together, and that is noticed.
  folder.write(`${name}.key`, made.key, SECRET_MODE);
  folder.write(`${name}.crt`, made.certificate, PUBLIC_MODE);
  return made;
}

/** What came of {@link ensureObject}. */
export type Ensured = 'created' | 'updated' | 'unchanged';

/** How often {@link ensureObject} begins before somebody else's being faster is an error. */
export const ENSURE_ATTEMPTS = 5;

/**
 * Makes sure that an object is there and has what `wanted` says; what else it has stays.
 *
 * @remarks
 * 1. It is got by name.
 * 2. Not there (404): it is created as `wanted` says.
 * 3. There, and {@link hasFields} finds all that is wanted: nothing is written.
 * 4. There, but something differs: what was got, with the fields of `wanted` over it
 *    ({@link withFields}), is the update. Its resourceVersion goes along, so that nobody's change in
 *    between is lost.
 * 5. Somebody was faster (`AlreadyExists` at the creation, `Conflict` at either): it begins again at
 *    1. The {@link ENSURE_ATTEMPTS}th time that error goes to the caller. Every other error does so at
 *    once.
 *
 * Given are `hasFields` and `withFields` (`overlay.ts`).
 *
 * @param wanted - with `metadata.name`, and `metadata.namespace` of a namespaced kind; without a
 *   `metadata.resourceVersion`
 * @exercise cluster/bootstrap
 */
export async function ensureObject(
  client: Client,
  type: ResourceType,
  wanted: KubernetesObject,
): Promise<Ensured> {
  const { name = '', namespace } = wanted.metadata ?? {};
  const objects = client.resource(type, namespace);
  for (let attempt = 1; ; attempt++) {
    const found = await objects.get(name).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
    if (found && hasFields(found, wanted)) return 'unchanged';
    try {
      if (found) await objects.update(withFields(found, wanted));
      else await objects.create(wanted);
      return found ? 'updated' : 'created';
    } catch (error) {
      const wasFaster = isAlreadyExists(error) || isConflict(error);
      if (!wasFaster || attempt === ENSURE_ATTEMPTS) throw error;
    }
  }
}

/** What {@link runParts} needs. */
export interface PartsWorld {
  readonly clock: Clock;
  /** Told of each part when it is ready. It does not throw. */
  readonly onReady?: (name: string) => void;
}

/**
 * Starts the parts in order, and stops them the other way round.
 *
 * @remarks
 * 1. First of all, before anything starts and whatever `signal` says: {@link checkParts}. What it throws
 *    is the rejection.
 * 2. A part starts when all that it needs are ready; what does not need each other starts together.
 *    {@link untilReady} asks it from its start on.
 * 3. It fails when a part rejects (`NAME failed: MESSAGE`) or resolves (`NAME ended`) before it was told
 *    to stop, whether it was ready or not, or when it is late (`NAME is not ready after 60 s`).
 *    MESSAGE is the error's, or the text of what was thrown. What `run` throws rather than rejects with
 *    is the same.
 * 4. After a failure, or when `signal` aborts, nothing starts any more, nobody is asked any more and
 *    `onReady` is silent. What was started is stopped: a part is told (its own signal aborts) when all
 *    parts that need it, directly or through others, have ended. What has ended by itself counts as ended
 *    (its own signal may abort or not), but not for those that need it in turn: kubelets that still use a dead API server end before etcd is
 *    told.
 * 5. When all have ended (at once, if there are no parts): it rejects with the first failure, or resolves
 *    if there was none. A part that rejects after it was told to stop has failed too (`NAME failed:
 *    MESSAGE`). The others still stop in order.
 * 6. A signal that has aborted before: nothing starts, and it resolves. At the end no timer is left on
 *    the clock, and no listener on `signal`.
 *
 * ```text
 * etcd <- apiserver <- controller-manager, scheduler, kubelet
 * start             etcd; apiserver; the three together
 * stop              the three together; apiserver; etcd
 * apiserver fails   the three together; etcd
 * ```
 *
 * Given are `checkParts` (`part.ts`), `untilReady` (`until-ready.ts`) and `untilAborted`
 * (`assembly/until-aborted.ts`).
 *
 * @throws Error, as a rejection, as said
 * @exercise cluster/bootstrap
 */
export async function runParts(
  parts: readonly Part[],
  world: PartsWorld,
  signal: AbortSignal,
): Promise<void> {
  checkParts(parts);
  const running = new RunningParts(parts, world);
  const stop = (): void => running.stop();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    await running.run();
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

class RunningParts {
  readonly #parts: ReadonlyMap<string, Part>;
  readonly #world: PartsWorld;
  readonly #stopping = new AbortController();
  readonly #stopped = untilAborted(this.#stopping.signal);
  readonly #ready = new Map<string, Promise<boolean>>();
  readonly #lives = new Map<string, Promise<void>>();
  #failure: Error | undefined;

  constructor(parts: readonly Part[], world: PartsWorld) {
    this.#parts = new Map(parts.map((part) => [part.name, part]));
    this.#world = world;
  }

  stop(): void {
    this.#stopping.abort();
  }

  async run(): Promise<void> {
    await Promise.all([...this.#parts.keys()].map((name) => this.#isUp(name)));
    await Promise.all(this.#lives.values());
    if (this.#failure) throw this.#failure;
  }

  /** Starts a part, once, after all that it needs; `false` when it will not be ready any more. */
  #isUp(name: string): Promise<boolean> {
    const known = this.#ready.get(name) ?? this.#start(name);
    this.#ready.set(name, known);
    return known;
  }

  async #start(name: string): Promise<boolean> {
    const part = this.#parts.get(name);
    const needed = await Promise.all((part?.needs ?? []).map((other) => this.#isUp(other)));
    if (part === undefined || needed.includes(false) || this.#stopping.signal.aborted) return false;
    this.#lives.set(name, this.#live(part));
    return this.#becomesReady(part);
  }

  async #live(part: Part): Promise<void> {
    const own = new AbortController();
    const ended = this.#watch(part, own.signal);
    await this.#stopped;
    const users = [...this.#parts.values()].filter(({ needs }) => needs.includes(part.name));
    await Promise.all(users.map(({ name }) => this.#lives.get(name)));
    own.abort();
    await ended;
  }

  async #watch(part: Part, signal: AbortSignal): Promise<void> {
    try {
      await part.run(signal);
      if (!signal.aborted) this.#fail(`${part.name} ended`);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#fail(`${part.name} failed: ${message}`);
    }
  }

  async #becomesReady(part: Part): Promise<boolean> {
    const verdict = await untilReady(part, this.#world.clock, this.#stopping.signal);
    if (verdict === 'late')
      this.#fail(`${part.name} is not ready after ${READY_TIMEOUT_MS / 1000} s`);
    if (verdict !== 'ready' || this.#stopping.signal.aborted) return false;
    this.#world.onReady?.(part.name);
    return true;
  }

  #fail(message: string): void {
    this.#failure ??= new Error(message);
    this.stop();
  }
}
