/**
 * A controller for a kind of one's own: makes a Deployment and a Service of each `Website`, lists it in
 * its namespace's directory, and says how it is.
 *
 * The kind is `website.ts`; what calls `reconcileWebsite`, and again after every change and failure, is
 * `website-controller.ts`.
 */

import type { Deployment } from 'kubernetes-types/apps/v1.js';
import type { ConfigMap, Service } from 'kubernetes-types/core/v1.js';
import {
  addFinalizer,
  type Clock,
  deepCopy,
  findCondition,
  hasFinalizer,
  isControlledBy,
  isNotFound,
  type KubernetesObject,
  newControllerRef,
  removeFinalizer,
  semanticallyEqual,
  timestamp,
} from '#apimachinery';
import {
  type Client,
  CONFIG_MAPS,
  DEPLOYMENTS,
  type Lister,
  type ResourceClient,
  SERVICES,
} from '#client';
import { rightDeployment, rightService } from './put-right.ts';
import {
  DIRECTORY,
  WEBSITE_FINALIZER,
  WEBSITES,
  type Website,
  type WebsiteStatus,
  websiteUrl,
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
 * Website's replicas; one container `web` with the image and the port (`containerPort`). It may say
 * `apiVersion` and `kind` or leave them out, as may the Service.
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
 * says nothing; `url` is {@link websiteUrl}. One condition `Ready`, by the first row that fits:
 *
 * | when | status | reason | message |
 * |---|---|---|---|
 * | there is `taken` | `False` | `NameTaken` | `KIND NAME is not this Website's` |
 * | the Deployment has seen its own generation (its `observedGeneration` is not less), and at least as many of its replicas are updated and at least as many ready as the Website wants | `True` | `AllReplicasReady` | `N of N replicas are ready` |
 * | else | `False` | `ReplicasNotReady` | `M of N replicas are ready` |
 *
 * KIND is `taken`, NAME the Website's name, N is what the Website wants, M is `readyReplicas`.
 * `lastTransitionTime` stays while `status` stays the same and had one, else it is now.
 *
 * @param deployment - absent: there is none of this Website's
 * @param now - as {@link timestamp} writes it
 * @param taken - which of the two kinds has an object of that name that is somebody else's
 * @exercise cluster/your-turn
 */
export function websiteStatus(
  website: Website,
  deployment: Deployment | undefined,
  now: string,
  taken?: 'Deployment' | 'Service',
): WebsiteStatus {
  const { replicas } = website.spec;
  const {
    readyReplicas = 0,
    updatedReplicas = 0,
    observedGeneration = 0,
  } = deployment?.status ?? {};
  const isSeen = observedGeneration >= (deployment?.metadata?.generation ?? 0);
  const isReady =
    deployment !== undefined && isSeen && Math.min(readyReplicas, updatedReplicas) >= replicas;
  const [status, reason, count] =
    isReady && taken === undefined
      ? (['True', 'AllReplicasReady', replicas] as const)
      : (['False', taken ? 'NameTaken' : 'ReplicasNotReady', readyReplicas] as const);
  const message = taken
    ? `${taken} ${website.metadata?.name} is not this Website's`
    : `${count} of ${replicas} replicas are ready`;
  const before = findCondition(website.status?.conditions, 'Ready');
  const since = before?.status === status ? before.lastTransitionTime : undefined;
  return {
    observedGeneration: website.metadata?.generation ?? 0,
    readyReplicas,
    url: websiteUrl(website),
    conditions: [{ type: 'Ready', status, reason, message, lastTransitionTime: since ?? now }],
  };
}

/**
 * Makes one Website right.
 *
 * @remarks
 * 1. It is not in the cache: nothing to do, what it had is the garbage collector's.
 * 2. It is being deleted: without our finalizer there is nothing to do. With it, its key goes out of the
 *    directory (other keys stay; nothing is written where it is not there), and then the finalizer goes
 *    (an update; other finalizers stay). Here the directory is got from the API server: a cache that is
 *    behind may not have the key yet, and once the finalizer is gone nobody looks again. A Website that
 *    is gone meanwhile (404) is fine, and so is a directory.
 * 3. It lacks our finalizer: it gets it, behind the others (an update), and nothing else happens before
 *    that has come back through the cache. Nothing may be made whose end nobody would see to.
 * 4. A Deployment or a Service of its name is there that this Website does not control (by uid): nothing
 *    is done but the status, as of 7, with what is taken (the Deployment counts first) and without a
 *    Deployment.
 * 5. Deployment and Service: missing ones are created (one that is being deleted is not missing). Those
 *    that are there keep what others have said, but
 *    what matters is put right by an update if it differs: {@link rightDeployment} and
 *    {@link rightService} say what they are then.
 * 6. The directory: key NAME is `url`; other keys stay. The ConfigMap {@link DIRECTORY} is created if it
 *    is not there; it has no owner, as all Websites of the namespace share it.
 * 7. The status, by `updateStatus`, if it differs from what {@link websiteStatus} says of the Deployment as
 *    5 left it: what the API server answered if it was written, for the one in the cache does not know that
 *    it has changed, and its replicas are ready for what was wanted before.
 *
 * When all is right, nothing is written. Caches may be behind: what the API server then refuses
 * (409, whether because it exists or because it changed) is thrown, and it is tried again. So every
 * update goes out with the resourceVersion of what it was made from.
 *
 * Given are `rightDeployment` and `rightService` (`put-right.ts`).
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
  const cached = world.websites.get(key);
  if (cached === undefined) return;
  const website = deepCopy(cached);
  const { name = '', namespace = '', deletionTimestamp } = website.metadata ?? {};
  const { client } = world;
  const websites = client.resource(WEBSITES, namespace);
  if (deletionTimestamp !== undefined) {
    if (hasFinalizer(website, WEBSITE_FINALIZER)) await letGo(website, client);
    return;
  }
  if (addFinalizer(website, WEBSITE_FINALIZER)) {
    await websites.update(website);
    return;
  }
  const found = world.deployments.get(key);
  const service = world.services.get(key);
  const taken = takenBy(found, service, website);
  let deployment: Deployment | undefined;
  if (taken === undefined) {
    const directory = world.configMaps.get(`${namespace}/${DIRECTORY}`);
    const deployments = client.resource(DEPLOYMENTS, namespace);
    const right = rightDeployment(found, websiteDeployment(website));
    deployment = await ensure(deployments, found, right);
    const services = client.resource(SERVICES, namespace);
    await ensure(services, service, rightService(service, websiteService(website)));
    const data = { ...directory?.data, [name]: websiteUrl(website) };
    const metadata = { name: DIRECTORY, namespace, ...directory?.metadata };
    await ensure(client.resource(CONFIG_MAPS, namespace), directory, {
      ...directory,
      metadata,
      data,
    });
  }
  const now = timestamp(world.clock.now());
  const status = websiteStatus(website, deployment, now, taken);
  if (!semanticallyEqual(website.status, status)) {
    await websites.updateStatus({ ...website, status });
  }
}

function takenBy(
  deployment: Deployment | undefined,
  service: Service | undefined,
  website: Website,
): 'Deployment' | 'Service' | undefined {
  const isStrange = (one: KubernetesObject | undefined): boolean =>
    one !== undefined && !isControlledBy(one, website);
  if (isStrange(deployment)) return 'Deployment';
  return isStrange(service) ? 'Service' : undefined;
}

async function ensure<T extends KubernetesObject>(
  objects: ResourceClient<T>,
  found: T | undefined,
  right: T,
): Promise<T> {
  if (found === undefined) return objects.create(right);
  return semanticallyEqual(found, right) ? found : objects.update(right);
}

async function letGo(website: Website, client: Client): Promise<void> {
  const { name = '', namespace } = website.metadata ?? {};
  const ifThere = (error: unknown): undefined => {
    if (!isNotFound(error)) throw error;
    return undefined;
  };
  const configMaps = client.resource(CONFIG_MAPS, namespace);
  const directory = await configMaps.get(DIRECTORY).catch(ifThere);
  if (directory?.data?.[name] !== undefined) {
    delete directory.data[name];
    await configMaps.update(directory).catch(ifThere);
  }
  removeFinalizer(website, WEBSITE_FINALIZER);
  await client.resource(WEBSITES, namespace).update(website).catch(ifThere);
}
