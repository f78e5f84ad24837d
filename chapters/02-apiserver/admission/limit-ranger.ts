/**
 * LimitRanger: what containers ask for when they say nothing, and how much they may ask for at all.
 *
 * How amounts are compared is in `limit-constraints.ts`. What all pods of a namespace use together
 * is another plugin's business: `resource-quota.ts`.
 */

import { NotImplemented } from '#not-implemented';
import type { ApiObject } from '../api-object.ts';
import type { AdmissionPlugin } from './admission.ts';

/** What the plugin asks. */
export interface LimitRangerOptions {
  /** The LimitRanges of a namespace. */
  limitRanges(namespace: string): Promise<readonly ApiObject[]> | readonly ApiObject[];
}

/**
 * Makes the plugin, named `LimitRanger`.
 *
 * @remarks It `handles` the CREATE of a Pod, and CREATE and UPDATE of a PersistentVolumeClaim
 * (resources `pods` and `persistentvolumeclaims` of group `''`), not their subresources. A claim
 * that is being deleted (its `oldObject` has a `deletionTimestamp`) is let through.
 *
 * *Defaults* (`admit`, pods alone). For each LimitRange in turn: its items of type `Container` have
 * `default` (limits) and `defaultRequest` (requests), maps from resource to amount; where two items
 * name a resource, the later one counts. Each container, then each init container, gets those it
 * does not have in `resources.limits` and `resources.requests`; nothing else changes, and no empty
 * map is added. When something was set, the pod says so in the annotation
 * `kubernetes.io/limit-ranger` (a later LimitRange that sets something overwrites it): `LimitRanger
 * plugin set: ` and for each container an entry for the requests it got, if any, then one for the
 * limits. Entries are joined by `; `, the resources of an entry, in alphabetical order, by `, `.
 *
 * ```text
 * default {cpu: 500m, memory: 256Mi}    defaultRequest {cpu: 100m}
 * container web, limits {memory: 1Gi}   init container setup, nothing
 * → web:   limits {memory: 1Gi, cpu: 500m}       requests {cpu: 100m}
 *   setup: limits {cpu: 500m, memory: 256Mi}     requests {cpu: 100m}
 * LimitRanger plugin set: cpu request for container web; cpu limit for container web;
 *   cpu request for init container setup; cpu, memory limit for init container setup      (on one line)
 * ```
 *
 * *Limits* (`validate`). For each LimitRange in turn the faults are what `podLimitFaults` or
 * `claimLimitFaults` of `limit-constraints.ts` (given) tells. The first LimitRange with any refuses
 * the request.
 *
 * @throws StatusError from `validate`, as a rejection: 403, `newAdmissionForbidden` with the
 * `aggregateText` of the faults (both of `forbidden.ts`)
 * @see plugin/pkg/admission/limitranger/admission.go (1.33)
 * @exercise apiserver/admission
 */
export function limitRanger(options: LimitRangerOptions): AdmissionPlugin {
  throw new NotImplemented('apiserver/admission', 'limitRanger');
}
