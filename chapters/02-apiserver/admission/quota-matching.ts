/**
 * Which quotas are about an object, and whether it can be counted at all. Given.
 *
 * What a request uses and whether there is room is `resource-quota.ts`.
 *
 * @see k8s.io/apiserver/pkg/admission/plugin/resourcequota/controller.go (1.33), CheckRequest
 */

import type { ResourceQuota } from 'kubernetes-types/core/v1.js';
import type { StatusError } from '#apimachinery';
import type { ApiObject } from '../api-object.ts';
import type { AdmissionRequest } from './admission.ts';
import { type Amounts, amountsOf, amountsText, filterAmounts } from './amounts.ts';
import { newAdmissionForbidden } from './forbidden.ts';
import { scopesOf } from './quota-scopes.ts';
import type { QuotaEvaluator } from './quota-usage.ts';

/** What may be used at most: `status.hard`. */
export function hardOf(quota: ApiObject): Amounts {
  return amountsOf((quota as ResourceQuota).status?.hard);
}

/** What is used: `status.used`. */
export function usedOf(quota: ApiObject): Amounts {
  return amountsOf((quota as ResourceQuota).status?.used);
}

/**
 * Is a quota about an object?
 *
 * @returns true when `status.hard` has a name that the evaluator counts, and the object is in all
 * the quota's scopes
 */
export function isAboutObject(
  quota: ApiObject,
  object: ApiObject,
  evaluator: QuotaEvaluator,
): boolean {
  return (
    [...hardOf(quota).keys()].some((name) => evaluator.counts(name)) &&
    scopesOf(quota as ResourceQuota).every((scope) => evaluator.isInScope(object, scope))
  );
}

/**
 * Refuses an object that a quota cannot count: it does not say how much it wants, or the quota's
 * controller has not counted yet what is there.
 *
 * @throws StatusError 403, `failed quota: NAME: ` and what is missing; or `status unknown for
 * quota: NAME, resources: a,b` when `status.used` does not have all of the names that count
 */
export function checkCountable(
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

/**
 * The 403 for what is too much: `exceeded quota: NAME, requested: …, used: …, limited: …`.
 *
 * @param requested - what the request uses more
 * @param exceeded - those of its names of which it is too much; the others are not told
 */
export function newQuotaExceeded(
  request: AdmissionRequest,
  quota: ApiObject,
  requested: Amounts,
  exceeded: ReadonlySet<string>,
): StatusError {
  const only = (amounts: Amounts) =>
    amountsText(filterAmounts(amounts, (name) => exceeded.has(name)));
  const amounts = `requested: ${only(requested)}, used: ${only(usedOf(quota))}`;
  const why = `exceeded quota: ${quota.metadata.name}, ${amounts}, limited: ${only(hardOf(quota))}`;
  return newAdmissionForbidden(request, why);
}
