/**
 * ResourceQuota: what a namespace may use at most. Every request that uses more is charged before
 * it is written.
 *
 * What an object uses is `quota-usage.ts`; which quotas are about it, `quota-matching.ts`. What
 * became free again nobody notes here: a controller counts anew, now and then.
 */

import type { Clock } from '#apimachinery';
import type { ApiObject } from '../api-object.ts';
import type { AdmissionPlugin, AdmissionRequest } from './admission.ts';
import { type Amounts, addAmounts, amountTexts, excessAmounts, filterAmounts } from './amounts.ts';
import {
  checkCountable,
  hardOf,
  isAboutObject,
  newQuotaExceeded,
  usedOf,
} from './quota-matching.ts';
import { type QuotaEvaluator, quotaEvaluators } from './quota-usage.ts';
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

function chargeFor(quota: ApiObject, more: Amounts, request: AdmissionRequest): Charge | undefined {
  const hard = hardOf(quota);
  const requested = filterAmounts(more, (name, amount) => hard.has(name) && !amount.isZero());
  if (requested.size === 0) return undefined;
  const sum = addAmounts(usedOf(quota), requested);
  const excess = excessAmounts(
    filterAmounts(sum, (name) => requested.has(name)),
    hard,
  );
  const exceeded = filterAmounts(excess, (_, amount) => !amount.isZero());
  if (exceeded.size === 0) return { quota, used: amountTexts(sum) };
  throw newQuotaExceeded(request, quota, requested, new Set(exceeded.keys()));
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
  const turns = new Turns();
  const evaluators = quotaEvaluators(() => options.clock.now());
  const evaluatorOf = ({ resource }: AdmissionRequest) => evaluators(resource);
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
