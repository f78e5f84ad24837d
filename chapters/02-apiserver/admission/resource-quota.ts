/**
 * ResourceQuota: what a namespace may use at most. Every request that uses more is charged before
 * it is written.
 *
 * What an object uses is `quota-usage.ts`. What became free again nobody notes here: a controller
 * counts anew, now and then.
 */

import type { Clock } from '#apimachinery';
import { NotImplemented } from '#not-implemented';
import type { ApiObject } from '../api-object.ts';
import type { AdmissionPlugin, AdmissionRequest } from './admission.ts';
import type { QuotaEvaluator } from './quota-usage.ts';

/** What the plugin asks. */
export interface ResourceQuotaOptions {
  /** The quotas of a namespace, as they are now. */
  quotas(namespace: string): Promise<readonly ApiObject[]>;
  /**
   * Writes a quota's `status.used`.
   *
   * @param quota - as `quotas` gave it
   * @param used - all of it
   * @throws as a rejection, when the quota has changed since it was read, or cannot be written
   */
  charge(quota: ApiObject, used: Readonly<Record<string, string>>): Promise<void>;
  readonly clock: Clock;
}

/** A quota and what is used of it once the request is through. */
export interface Charge {
  readonly quota: ApiObject;
  /** The whole new `status.used`. */
  readonly used: Readonly<Record<string, string>>;
}

/**
 * Checks a request against quotas.
 *
 * @remarks `evaluator` (given, `quota-usage.ts`) knows the request's resource. A quota is about the
 * request when `status.hard` has a name that `evaluator.counts`, and `request.object` is in all its
 * scopes (`scopesOf`, `evaluator.isInScope`). Without `request.object` no quota is.
 *
 * First, for each quota that is about it, in the order given, with the names of `status.hard` that
 * the evaluator counts:
 *
 * 1. `evaluator.missing` must find nothing missing, else `failed quota: NAME: ` and what it said;
 * 2. each of the names must be in `status.used`, or it has not been counted yet: `status unknown
 *    for quota: NAME, resources: a,b` with all the names, sorted.
 *
 * Then, again for each of them in order:
 *
 * 3. What the request uses more: on UPDATE, when the quota was about `oldObject` too (its scopes),
 *    what the usage of `object` is more than that of `oldObject` (`excessAmounts`); else all the
 *    usage of `object`. Of that, only what is not zero and has a name in `status.hard`. Nothing
 *    left: this quota is not touched.
 * 4. `status.used` and that together must not be more than `status.hard`, in none of the names that
 *    the request uses more of: `exceeded quota: NAME, requested: …, used: …, limited: …`, each
 *    the `amountsText` of those names alone that are too much; what is used is what was used
 *    before.
 *
 * ```text
 * quota q: hard {pods: 2, requests.cpu: 1}    used {pods: 1, requests.cpu: 800m}
 * create a pod that asks for 100m → [{ quota: q, used: {pods: '2', requests.cpu: '900m'} }]
 * create a pod that asks for 300m → 403 … is forbidden: exceeded quota: q, requested: requests.cpu=300m,
 *                                   used: requests.cpu=800m, limited: requests.cpu=1       (on one line)
 * ```
 *
 * @param quotas - not changed
 * @returns what is to be charged, in the order of `quotas`: nothing for those that are not touched
 * @throws StatusError 403 (`newAdmissionForbidden` of `forbidden.ts`) with the texts above
 * @see k8s.io/apiserver/pkg/admission/plugin/resourcequota/controller.go (1.33), CheckRequest
 * @exercise apiserver/admission
 */
export function checkQuotas(
  quotas: readonly ApiObject[],
  request: AdmissionRequest,
  evaluator: QuotaEvaluator,
): Charge[] {
  throw new NotImplemented('apiserver/admission', 'checkQuotas');
}

/**
 * Makes the plugin, named `ResourceQuota`.
 *
 * @remarks It `handles` requests in a namespace (`request.namespace` not `''`), not about
 * namespaces themselves (kind `Namespace` of group `''`), of a resource for which there is a
 * `quotaEvaluator` that handles the request. It only refuses (`validate`), and is last of all
 * plugins: nobody pays for what another refuses.
 *
 * `validate` reads the quotas, checks (`checkQuotas`) and charges each that is touched, one after
 * the other. A dry run is checked and not charged.
 *
 * Two requests at once must not both take what is left. So the requests of one namespace take turns
 * (`Turns` of `turns.ts`, given; those of different namespaces do not wait for each other). And
 * where `charge` fails, because somebody else wrote the quota, the others are charged all the same;
 * then it goes again from the start with those quotas alone that could not be charged (by name,
 * read anew; one that is gone is left out). After three more tries it gives up, with what the last
 * `charge` threw.
 *
 * @throws StatusError from `validate`, as a rejection: what `checkQuotas` and `charge` throw
 * @see k8s.io/apiserver/pkg/admission/plugin/resourcequota/controller.go (1.33), checkQuotas
 * @exercise apiserver/admission
 */
export function resourceQuota(options: ResourceQuotaOptions): AdmissionPlugin {
  throw new NotImplemented('apiserver/admission', 'resourceQuota');
}
