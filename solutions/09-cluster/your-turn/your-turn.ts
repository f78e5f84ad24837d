/**
 * A controller for a kind of one's own: makes a Deployment and a Service of each `Website`, lists it in
 * its namespace's directory, and says how it is.
 *
 * The kind is `website.ts`; what calls `reconcileWebsite`, and again after every change and failure, is
 * `website-controller.ts`.
 */

import type { Deployment } from 'kubernetes-types/apps/v1.js';
import type { ConfigMap, Service } from 'kubernetes-types/core/v1.js';
import { type Clock, isControlledBy, isNotFound, newControllerRef, timestamp } from '#apimachinery';
import { type Client, CONFIG_MAPS, DEPLOYMENTS, type Lister, SERVICES } from '#client';
import {
  DIRECTORY,
  WEBSITE_FINALIZER,
  WEBSITES,
  type Website,
  type WebsiteCondition,
  type WebsiteStatus,
} from './website.ts';

/** What a reconcile sees and may use. Cached objects are shared: copy before changing. */
export interface WebsiteWorld {
  readonly client: Client;
  /** Caches of all namespaces, by `namespace/name`. They may be behind. */
  readonly websites: Pick<Lister<Website>, 'get'>;
  readonly deployments: Pick<Lister<Deployment>, 'get'>;
  readonly services: Pick<Lister<Service>, 'get'>;
  readonly configMaps: Pick<Lister<ConfigMap>, 'get'>;
  readonly clock: Clock;
}

/**
 * The Deployment a Website wants, under its own name and namespace.
 *
 * @remarks Labels `app: NAME` on it, as selector and on its pods; an owner reference to the Website
 * (`controller` and `blockOwnerDeletion` true), so that the garbage collector takes it along; the
 * Website's replicas; one container `web` with the image and the port (`containerPort`).
 *
 * @exercise cluster/your-turn
 */
export function websiteDeployment(website: Website): Deployment {
  const { name = '' } = website.metadata ?? {};
  const { image, replicas, port } = website.spec;
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: ownedBy(website),
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: 'web', image, ports: [{ containerPort: port }] }] },
      },
    },
  };
}

/**
 * The Service a Website wants, under its own name and namespace: labels and owner reference as of the
 * Deployment, selector `app: NAME`, and one port, 80, to the Website's port (`targetPort`).
 *
 * @exercise cluster/your-turn
 */
export function websiteService(website: Website): Service {
  const { name = '' } = website.metadata ?? {};
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: ownedBy(website),
    spec: { selector: { app: name }, ports: [{ port: 80, targetPort: website.spec.port }] },
  };
}

function ownedBy(website: Website): NonNullable<Deployment['metadata']> {
  const { name = '', namespace } = website.metadata ?? {};
  const owner = newControllerRef(website, WEBSITES);
  return { name, ...(namespace && { namespace }), labels: { app: name }, ownerReferences: [owner] };
}

/**
 * What a Website's status is now.
 *
 * @remarks `observedGeneration` is the Website's generation; `readyReplicas` the Deployment's, 0 when it
 * says nothing; `url` is {@link websiteUrl}. One condition `Ready`:
 *
 * | when | status | reason | message |
 * |---|---|---|---|
 * | the Deployment has seen its own generation (`observedGeneration`), and as many of its replicas are updated and ready as the Website wants, or more | `True` | `AllReplicasReady` | `N of N replicas are ready` |
 * | else | `False` | `ReplicasNotReady` | `M of N replicas are ready` |
 *
 * N is what the Website wants, M is `readyReplicas`. `lastTransitionTime` stays while `status` stays the
 * same, else it is now.
 *
 * @param deployment - absent: there is none yet, so M is 0
 * @param now - as {@link timestamp} writes it
 * @exercise cluster/your-turn
 */
export function websiteStatus(
  website: Website,
  deployment: Deployment | undefined,
  now: string,
): WebsiteStatus {
  const { replicas } = website.spec;
  const seen = deployment?.status ?? {};
  const { readyReplicas = 0, updatedReplicas = 0, observedGeneration = 0 } = seen;
  const isCurrent =
    deployment !== undefined && observedGeneration >= (deployment.metadata?.generation ?? 0);
  const isReady = isCurrent && readyReplicas >= replicas && updatedReplicas >= replicas;
  const ready = isReady ? Math.min(readyReplicas, replicas) : readyReplicas;
  return {
    observedGeneration: website.metadata?.generation ?? 0,
    readyReplicas,
    url: websiteUrl(website),
    conditions: [
      condition(website, now, {
        status: isReady ? 'True' : 'False',
        reason: isReady ? 'AllReplicasReady' : 'ReplicasNotReady',
        message: `${ready} of ${replicas} replicas are ready`,
      }),
    ],
  };
}

function condition(
  { status }: Website,
  now: string,
  next: Pick<WebsiteCondition, 'status' | 'reason' | 'message'>,
): WebsiteCondition {
  const before = status?.conditions?.find(({ type }) => type === 'Ready');
  const isSame = before?.status === next.status;
  return { type: 'Ready', ...next, lastTransitionTime: isSame ? before.lastTransitionTime : now };
}

/** Where a Website is reached inside the cluster: `http://blog.default.svc`. */
export function websiteUrl({ metadata }: Website): string {
  return `http://${metadata?.name}.${metadata?.namespace}.svc`;
}

/**
 * Makes one Website right.
 *
 * @remarks
 * 1. It is not in the cache: nothing to do, what it had is the garbage collector's.
 * 2. It is being deleted: without our finalizer there is nothing to do. With it, its key goes out of the
 *    directory (other keys stay; nothing is written where it is not there), and then the finalizer goes
 *    (an update; other finalizers stay). A Website that is gone meanwhile (404) is fine.
 * 3. It lacks our finalizer: it gets it (an update), and nothing else happens before that has come back
 *    through the cache. Nothing may be made whose end nobody would see to.
 * 4. A Deployment or a Service of its name is there that this Website does not control (by uid): none of
 *    the steps below but the status: `Ready` is `False`, `NameTaken`, `KIND NAME is not this Website's`
 *    (the Deployment counts first), with `readyReplicas` 0.
 * 5. Deployment and Service: missing ones are created. Those that are there keep what others have said,
 *    but these are put right by an update if they differ: replicas, and of the container `web` (the
 *    first one, if none is called so) the image and the ports; the Service's selector and ports, where
 *    of a port only `port` and `targetPort` count.
 * 6. The directory: key NAME is `url`. The ConfigMap {@link DIRECTORY} is created if it is not there; it
 *    is nobody's, as all Websites of the namespace share it.
 * 7. The status, by `updateStatus`, if it differs from what {@link websiteStatus} says.
 *
 * When all is right, nothing is written. Caches may be behind: what the API server then refuses
 * (409, whether because it exists or because it changed) is thrown, and it is tried again.
 *
 * ```text
 * Website blog is new   finalizer
 * it comes back         Deployment, Service, directory {blog: http://blog.default.svc}, status 0 of 2
 * pods become ready     status 2 of 2, Ready
 * somebody scales the Deployment to 5   replicas 2
 * kubectl delete        directory {}, finalizer; then the garbage collector
 * ```
 *
 * @param key - `namespace/name`
 * @throws what the API server refused
 * @exercise cluster/your-turn
 */
export async function reconcileWebsite(key: string, world: WebsiteWorld): Promise<void> {
  const website = world.websites.get(key);
  if (website === undefined) return;
  const { namespace, finalizers = [], deletionTimestamp } = website.metadata ?? {};
  const websites = world.client.resource(WEBSITES, namespace);
  const isHeld = finalizers.includes(WEBSITE_FINALIZER);
  if (deletionTimestamp !== undefined) {
    if (!isHeld) return;
    await setDirectoryEntry(website, undefined, world);
    const others = finalizers.filter((one) => one !== WEBSITE_FINALIZER);
    await websites.update(withFinalizers(website, others)).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
    return;
  }
  if (!isHeld) {
    await websites.update(withFinalizers(website, [...finalizers, WEBSITE_FINALIZER]));
    return;
  }
  const deployment = world.deployments.get(key);
  const service = world.services.get(key);
  const taken = [deployment, service].findIndex((one) => one && !isControlledBy(one, website));
  const now = timestamp(world.clock.now());
  if (taken >= 0) {
    const kind = taken === 0 ? 'Deployment' : 'Service';
    const message = `${kind} ${website.metadata?.name} is not this Website's`;
    const status = websiteStatus(website, undefined, now);
    const refused = condition(website, now, { status: 'False', reason: 'NameTaken', message });
    return writeStatus(website, { ...status, conditions: [refused] }, world);
  }
  await ensureDeployment(website, deployment, world);
  await ensureService(website, service, world);
  await setDirectoryEntry(website, websiteUrl(website), world);
  await writeStatus(website, websiteStatus(website, deployment, now), world);
}

function withFinalizers(website: Website, finalizers: string[]): Website {
  return { ...website, metadata: { ...website.metadata, finalizers } };
}

async function ensureDeployment(
  website: Website,
  found: Deployment | undefined,
  { client }: WebsiteWorld,
): Promise<void> {
  const deployments = client.resource(DEPLOYMENTS, website.metadata?.namespace);
  const wanted = websiteDeployment(website);
  if (found === undefined) {
    await deployments.create(wanted);
    return;
  }
  const { image, replicas, port } = website.spec;
  const next = structuredClone(found);
  const containers = next.spec?.template?.spec?.containers ?? [];
  const web = containers.find(({ name }) => name === 'web') ?? containers[0];
  if (next.spec === undefined || web === undefined)
    throw new Error('a Deployment has no container');
  const ports = (web.ports ?? []).map(({ containerPort }) => containerPort);
  const isRight =
    next.spec.replicas === replicas && web.image === image && ports.join() === String(port);
  if (isRight) return;
  next.spec.replicas = replicas;
  web.image = image;
  if (ports.join() !== String(port)) web.ports = [{ containerPort: port }];
  await deployments.update(next);
}

async function ensureService(
  website: Website,
  found: Service | undefined,
  { client }: WebsiteWorld,
): Promise<void> {
  const services = client.resource(SERVICES, website.metadata?.namespace);
  const wanted = websiteService(website);
  if (found === undefined) {
    await services.create(wanted);
    return;
  }
  const portsOf = ({ spec }: Service): string =>
    (spec?.ports ?? []).map(({ port, targetPort }) => `${port}:${targetPort}`).join();
  const selectorOf = ({ spec }: Service): string =>
    Object.entries(spec?.selector ?? {})
      .map((pair) => pair.join('='))
      .sort()
      .join();
  if (portsOf(found) === portsOf(wanted) && selectorOf(found) === selectorOf(wanted)) return;
  const next = structuredClone(found);
  next.spec = { ...next.spec, ...wanted.spec };
  await services.update(next);
}

/** @param url - absent: the Website has no entry any more */
async function setDirectoryEntry(
  { metadata }: Website,
  url: string | undefined,
  { client, configMaps }: WebsiteWorld,
): Promise<void> {
  const { name = '', namespace = '' } = metadata ?? {};
  const directory = configMaps.get(`${namespace}/${DIRECTORY}`);
  if (directory?.data?.[name] === url) return;
  const objects = client.resource(CONFIG_MAPS, namespace);
  const { [name]: _, ...others } = directory?.data ?? {};
  const data = url === undefined ? others : { ...others, [name]: url };
  if (directory === undefined) {
    await objects.create({ metadata: { name: DIRECTORY, namespace }, data });
  } else {
    await objects.update({ ...directory, data });
  }
}

async function writeStatus(
  website: Website,
  status: WebsiteStatus,
  { client }: WebsiteWorld,
): Promise<void> {
  if (isSame(website.status, status)) return;
  const websites = client.resource(WEBSITES, website.metadata?.namespace);
  await websites.updateStatus({ ...website, status });
}

function isSame(one: WebsiteStatus | undefined, other: WebsiteStatus): boolean {
  const text = ({ observedGeneration, readyReplicas, url, conditions = [] }: WebsiteStatus) =>
    JSON.stringify([
      observedGeneration,
      readyReplicas,
      url,
      conditions.map((each) => [each.status, each.reason, each.message]),
    ]);
  return one !== undefined && text(one) === text(other);
}
