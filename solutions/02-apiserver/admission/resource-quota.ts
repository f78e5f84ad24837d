/**
 * ResourceQuota: what a namespace may use at most. Every request that uses more is charged before
 * it is written.
 *
 * What an object uses is `quota-usage.ts`. What became free again nobody notes here: a controller
 * counts anew, now and then.
 */

import type { ResourceQuota } from 'kubernetes-types/core/v1.js';
import type { Clock, Quantity } from '#apimachinery';
import type { ApiObject } from '../api-object.ts';
import type { AdmissionPlugin, AdmissionRequest } from './admission.ts';
import {
  type Amounts,
  addAmounts,
  amountsOf,
  amountsText,
  amountTexts,
  excessAmounts,
  filterAmounts,
} from './amounts.ts';
import { newAdmissionForbidden } from './forbidden.ts';
import { scopesOf } from './quota-scopes.ts';
import { type QuotaEvaluator, quotaEvaluator } from './quota-usage.ts';
import { Turns } from './turns.ts';

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

/** How often charging is tried again. */
const MAX_RETRIES = 3;

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
  const { object, oldObject } = request;
  if (!object) return [];
  const matching = quotas.filter((quota) => isAboutObject(quota, object, evaluator));
  for (const quota of matching) checkCountable(quota, object, request, evaluator);
  return matching.flatMap((quota) => {
    const usage = evaluator.usage(object);
    const isDelta = oldObject && isAboutObject(quota, oldObject, evaluator);
    const more = isDelta ? excessAmounts(usage, evaluator.usage(oldObject)) : usage;
    const charge = chargeFor(quota, more, request);
    return charge ? [charge] : [];
  });
}

function hardOf(quota: ApiObject): Amounts {
  return amountsOf((quota as ResourceQuota).status?.hard);
}

function usedOf(quota: ApiObject): Amounts {
  return amountsOf((quota as ResourceQuota).status?.used);
}

function isAboutObject(quota: ApiObject, object: ApiObject, evaluator: QuotaEvaluator): boolean {
  return (
    [...hardOf(quota).keys()].some((name) => evaluator.counts(name)) &&
    scopesOf(quota as ResourceQuota).every((scope) => evaluator.isInScope(object, scope))
  );
}

function checkCountable(
  quota: ApiObject,
  object: ApiObject,
  request: AdmissionRequest,
  evaluator: QuotaEvaluator,
): void {
  const title = quota.metadata.name;
  const names = [...hardOf(quota).keys()].filter((name) => evaluator.counts(name)).sort();
  const missing = evaluator.missing(object, names);
  if (missing !== undefined) {
    throw newAdmissionForbidden(request, `failed quota: ${title}: ${missing}`);
  }
  const used = usedOf(quota);
  if (names.every((name) => used.has(name))) return;
  const why = `status unknown for quota: ${title}, resources: ${names.join(',')}`;
  throw newAdmissionForbidden(request, why);
}

function chargeFor(quota: ApiObject, more: Amounts, request: AdmissionRequest): Charge | undefined {
  const hard = hardOf(quota);
  const used = usedOf(quota);
  const requested = filterAmounts(more, (name, amount) => hard.has(name) && !amount.isZero());
  if (requested.size === 0) return undefined;
  const sum = addAmounts(used, requested);
  const isTooMuch = (name: string): boolean => isAbove(sum.get(name), hard.get(name));
  const exceeded = filterAmounts(requested, isTooMuch);
  if (exceeded.size === 0) return { quota, used: amountTexts(sum) };
  const only = (amounts: Amounts) => amountsText(filterAmounts(amounts, (n) => exceeded.has(n)));
  const why = `exceeded quota: ${quota.metadata.name}, requested: ${only(requested)}, used: ${only(used)}, limited: ${only(hard)}`;
  throw newAdmissionForbidden(request, why);
}

function isAbove(amount: Quantity | undefined, most: Quantity | undefined): boolean {
  return amount !== undefined && most !== undefined && amount.compare(most) > 0;
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
  const turns = new Turns();
  const evaluatorOf = ({ resource }: AdmissionRequest) =>
    quotaEvaluator(resource, () => options.clock.now());
  return {
    name: 'ResourceQuota',
    handles: (request) => {
      const { kind, namespace } = request;
      if (namespace === '' || (kind.kind === 'Namespace' && kind.group === '')) return false;
      return evaluatorOf(request)?.handles(request) ?? false;
    },
    async validate(request) {
      const evaluator = evaluatorOf(request);
      if (!evaluator) return;
      await turns.take(request.namespace, () => checkAndCharge(request, evaluator, options));
    },
  };
}

async function checkAndCharge(
  request: AdmissionRequest,
  evaluator: QuotaEvaluator,
  options: ResourceQuotaOptions,
): Promise<void> {
  let quotas = await options.quotas(request.namespace);
  for (let retries = 0; ; retries += 1) {
    const charges = checkQuotas(quotas, request, evaluator);
    if (request.dryRun) return;
    const failed = new Set<string | undefined>();
    let lastError: unknown;
    for (const { quota, used } of charges) {
      try {
        await options.charge(quota, used);
      } catch (error) {
        failed.add(quota.metadata.name);
        lastError = error;
      }
    }
    if (failed.size === 0) return;
    if (retries === MAX_RETRIES) throw lastError;
    const read = await options.quotas(request.namespace);
    quotas = read.filter(({ metadata }) => failed.has(metadata.name));
  }
}
