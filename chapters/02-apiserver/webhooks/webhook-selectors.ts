/**
 * The selectors of a webhook, and the labels its `namespaceSelector` looks at. Given;
 * `webhook-matching.ts` asks.
 *
 * @see k8s.io/apiserver/pkg/admission/plugin/webhook/predicates/namespace/matcher.go (1.33)
 */

import {
  newInternalError,
  newNotFound,
  type Selector,
  type StatusError,
  selectorFromObject,
} from '#apimachinery';
import type { AdmissionRequest } from '../admission/admission.ts';
import type { ApiObject } from '../api-object.ts';
import type { Webhook } from './webhook.ts';

/** Finds a namespace as it is now; `undefined` when there is none. */
export type NamespaceLookup = (
  name: string,
) => Promise<ApiObject | undefined> | ApiObject | undefined;

/**
 * A webhook's selector.
 *
 * @returns `undefined` for one that everything fits: it is absent, or has no requirements
 * @throws StatusError 500 when it cannot be parsed
 */
export function webhookSelector(selector: Webhook['objectSelector']): Selector | undefined {
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {};
  if (Object.keys(matchLabels).length + matchExpressions.length === 0) return undefined;
  try {
    return selectorFromObject(selector);
  } catch (error) {
    throw newInternalError(error instanceof Error ? error : new Error(String(error)));
  }
}

/** Is a request about namespaces themselves (`namespaces` of the core group, v1)? */
export function isAboutNamespaces({ resource }: AdmissionRequest): boolean {
  return resource.group === '' && resource.resource === 'namespaces';
}

/**
 * Does a webhook's `namespaceSelector` fit the labels of the request's namespace?
 *
 * @remarks What is in no namespace, and is none, always fits. A namespace is in itself: on CREATE
 * and UPDATE without a subresource its labels are those of `request.object`, else those it has now.
 *
 * @returns the error when the namespace is not there (404): whether that matters, only the caller
 * knows
 * @throws StatusError, as a rejection, as `webhookSelector`
 */
export async function namespaceFits(
  { namespaceSelector }: Webhook,
  request: AdmissionRequest,
  namespace: NamespaceLookup,
): Promise<boolean | StatusError> {
  const isNamespace = isAboutNamespaces(request);
  if (request.namespace === '' && !isNamespace) return true;
  const selector = webhookSelector(namespaceSelector);
  if (selector === undefined) return true;
  const { operation, subresource, object } = request;
  const isWrite = (operation === 'CREATE' || operation === 'UPDATE') && subresource === '';
  if (isNamespace && isWrite) return selector.matches(object?.metadata.labels);
  const name = isNamespace ? request.name : request.namespace;
  const found = await namespace(name);
  if (found) return selector.matches(found.metadata.labels);
  return newNotFound({ group: '', resource: 'namespaces' }, name);
}
