/**
 * A controller for a kind of one's own: makes a Deployment and a Service of each `Website`, lists it in
 * its namespace's directory, and says how it is.
 *
 * The kind is `website.ts`; what calls `reconcileWebsite`, and again after every change and failure, is
 * `website-controller.ts`.
 */

import type { Deployment } from 'kubernetes-types/apps/v1.js';
import type { ConfigMap, Service } from 'kubernetes-types/core/v1.js';
import type { Clock } from '#apimachinery';
import type { Client, Lister } from '#client';
import { NotImplemented } from '#not-implemented';
import type { Website, WebsiteStatus } from './website.ts';

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
  throw new NotImplemented('cluster/your-turn', 'websiteDeployment');
}

/**
 * The Service a Website wants, under its own name and namespace: labels and owner reference as of the
 * Deployment, selector `app: NAME`, and one port, 80, to the Website's port (`targetPort`).
 *
 * @exercise cluster/your-turn
 */
export function websiteService(website: Website): Service {
  throw new NotImplemented('cluster/your-turn', 'websiteService');
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
  throw new NotImplemented('cluster/your-turn', 'websiteStatus');
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
  throw new NotImplemented('cluster/your-turn', 'reconcileWebsite');
}
