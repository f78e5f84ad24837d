/**
 * ResourceQuota: what a namespace may use at most. Every request that uses more is charged before
 * it is written.
 *
 * What an object uses is `quota-usage.ts`; which quotas are about it, `quota-matching.ts`. What
 * became free again nobody notes here: a controller counts anew, now and then.
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
 * @remarks Given are what measures an object (`evaluator`, of `quota-usage.ts`), sums and
 * differences of amounts (`amounts.ts`), and in `quota-matching.ts` what a quota says and which
 * ones are about `request.object` (`isAboutObject`). Without an object none is.
 *
 * 1. First each quota that is about it, in the order given, must be able to count it
 *    (`checkCountable`). Only then are they looked at again, in the same order:
 * 2. What the request uses more: when the quota was about `oldObject`, too, what
 *    `evaluator.usage(object)` is more than that of `oldObject` (`excessAmounts`); else all the
 *    usage of `object`. Of that, only what is not zero and has a name in `hardOf(quota)`. Nothing
 *    left: this quota is not touched.
 * 3. `usedOf(quota)` and that together must not be more than `hardOf(quota)`, in none of the names
 *    that the request uses more of, else `newQuotaExceeded`. What was too much already and is not
 *    asked for does not matter.
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
 * @throws StatusError 403, of `checkCountable` and `newQuotaExceeded`
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
 * namespaces themselves (kind `Namespace` of group `''`), of a resource for which `quotaEvaluators`
 * (given) knows an evaluator that handles the request. It only refuses (`validate`), and is last of
 * all plugins: nobody pays for what another refuses.
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
