/**
 * LimitRanger: what containers ask for when they say nothing, and how much they may ask for at all.
 *
 * How amounts are compared is in `limit-constraints.ts`, how defaults are told of in
 * `limit-defaults.ts`. What all pods of a namespace use together
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
 * *Defaults* (`admit`, pods alone). For each LimitRange in turn: `containerDefaults` (given, like
 * `noteDefaults`, in `limit-defaults.ts`) are its amounts for containers. Each container, then each
 * init container, gets those it does not have in `resources.requests` and `resources.limits`;
 * nothing else changes, and no empty map is added. Then `noteDefaults` writes down in an annotation
 * what was set, in this order, of each container the requests before the limits; the note of a
 * later LimitRange that sets something overwrites it.
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
