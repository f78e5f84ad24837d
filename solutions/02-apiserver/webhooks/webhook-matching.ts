/**
 * Is a webhook asked about a request? Its rules, its selectors, and the versions of an object.
 *
 * How it is asked is `call-webhook.ts`; what is made of the answers, `webhook-admission.ts`.
 */

import { newInternalError, newNotFound, selectorFromObject } from '#apimachinery';
import type { AdmissionRequest } from '../admission/admission.ts';
import { newAdmissionForbidden } from '../admission/forbidden.ts';
import type { ApiObject } from '../api-object.ts';
import { ownForm, type RequestForm } from './request-form.ts';
import type { Webhook, WebhookRule } from './webhook.ts';

/** What matching asks. */
export interface MatchingOptions {
  /** The namespace as it is now; `undefined` when there is none. */
  namespace(name: string): Promise<ApiObject | undefined> | ApiObject | undefined;
  /** The request in the other versions its resource is served in; absent: there are none. */
  equivalents?(request: AdmissionRequest): readonly RequestForm[];
}

/**
 * Tells whether a rule is about a request.
 *
 * @remarks All five must fit:
 *
 * - `operations`, `apiGroups`, `apiVersions`: one of them is the request's, or `*`;
 * - `resources`: one of them fits. It is `RESOURCE` or `RESOURCE/SUBRESOURCE`, where either part
 *   may be `*`. Without a slash it is about no subresource (the backslashes below are this
 *   comment's, not the rule's):
 *
 *   ```text
 *   pods           pods, not pods/status       *       every resource, no subresource
 *   pods/status    pods/status alone           *\/*    everything
 *   pods/*         pods and all of pods/…      *\/scale   …/scale
 *   ```
 *
 * - `scope`: `Namespaced` for what is in a namespace, `Cluster` for what is not, `*` or absent for
 *   both. Namespaces themselves (`namespaces` of the core group, v1) are `Cluster`, whatever
 *   `request.namespace` says.
 *
 * @param resource - the request's, or the same in another version
 * @see k8s.io/apiserver/pkg/admission/plugin/webhook/predicates/rules/rules.go (1.33)
 * @exercise apiserver/webhooks
 */
export function ruleMatches(
  rule: WebhookRule,
  request: AdmissionRequest,
  resource: AdmissionRequest['resource'] = request.resource,
): boolean {
  return (
    scopeMatches(rule.scope, request) &&
    hasOrStar(rule.operations, request.operation) &&
    hasOrStar(rule.apiGroups, resource.group) &&
    hasOrStar(rule.apiVersions, resource.version) &&
    (rule.resources ?? []).some((each) => {
      const [name = '', subresource = ''] = each.split('/', 2);
      return (
        (name === '*' || name === resource.resource) &&
        (subresource === '*' || subresource === request.subresource)
      );
    })
  );
}

function hasOrStar(items: readonly string[] | undefined, item: string): boolean {
  return items?.some((each) => each === '*' || each === item) ?? false;
}

function scopeMatches(scope: string | undefined, request: AdmissionRequest): boolean {
  if (scope === undefined || scope === '*') return true;
  const isInNamespace = request.namespace !== '' && !isNamespace(request);
  return scope === (isInNamespace ? 'Namespaced' : 'Cluster');
}

function isNamespace({ resource }: AdmissionRequest): boolean {
  return resource.group === '' && resource.resource === 'namespaces';
}

/**
 * Tells whether, and in which version, a webhook is asked about a request.
 *
 * @remarks In this order:
 *
 * 1. `namespaceSelector` against the labels of the request's namespace. For a request about a
 *    namespace itself (resource `namespaces` of the core group) they are those of `request.object`
 *    on CREATE and UPDATE without a subresource, else those of the namespace `request.name`. What
 *    is in no namespace and is none always fits, and so does everything when the selector is absent
 *    or has no requirements. A namespace that is not there is an error, but only if the webhook
 *    would be asked otherwise (step 4).
 * 2. `objectSelector` against the labels of `request.object` and of `request.oldObject`: one of
 *    them must fit. Absent or without requirements it fits.
 * 3. `rules` (`ruleMatches`): the request as it is. When no rule fits and `matchPolicy` is not
 *    `Exact`: the first rule that fits one of `options.equivalents(request)`; the form is the first
 *    one that it fits.
 * 4. The error of step 1, if there was one.
 * 5. `matchConditions` are not evaluated by this server: a webhook that has any refuses the
 *    request, rather than not be asked by mistake.
 *
 * @returns the form in which it is asked, `ownForm(request)` for the request as it is; `undefined`
 * when it is not asked
 * @throws StatusError, as a rejection: 404 `newNotFound` for `namespaces`; 403
 * `newAdmissionForbidden`, `webhook "NAME" has matchConditions, which this server does not
 * evaluate`, on one line; 500 `newInternalError` of what `selectorFromObject` throws
 * @see k8s.io/apiserver/pkg/admission/plugin/webhook/generic/webhook.go (1.33), ShouldCallHook
 * @exercise apiserver/webhooks
 */
export async function matchWebhook(
  hook: Webhook,
  request: AdmissionRequest,
  options: MatchingOptions,
): Promise<RequestForm | undefined> {
  const namespace = await namespaceMatches(hook, request, options);
  if (namespace === false || !objectMatches(hook, request)) return undefined;
  const form = formFor(hook, request, options);
  if (form === undefined) return undefined;
  if (namespace instanceof Error) throw namespace;
  if (hook.matchConditions?.length) {
    const why = `webhook ${JSON.stringify(hook.name)} has matchConditions, which this server does not evaluate`;
    throw newAdmissionForbidden(request, why);
  }
  return form;
}

async function namespaceMatches(
  { namespaceSelector }: Webhook,
  request: AdmissionRequest,
  options: MatchingOptions,
): Promise<boolean | Error> {
  const isAboutNamespace = isNamespace(request);
  if (request.namespace === '' && !isAboutNamespace) return true;
  const selector = selectorOf(namespaceSelector);
  if (selector === undefined) return true;
  const { operation, subresource, object } = request;
  const isWrite = (operation === 'CREATE' || operation === 'UPDATE') && subresource === '';
  if (isAboutNamespace && isWrite) return selector.matches(object?.metadata.labels);
  const name = isAboutNamespace ? request.name : request.namespace;
  const found = await options.namespace(name);
  if (found) return selector.matches(found.metadata.labels);
  return newNotFound({ group: '', resource: 'namespaces' }, name);
}

function objectMatches({ objectSelector }: Webhook, request: AdmissionRequest): boolean {
  const selector = selectorOf(objectSelector);
  if (selector === undefined) return true;
  const objects = [request.object, request.oldObject];
  return objects.some((object) => object && selector.matches(object.metadata.labels));
}

/** `undefined` for one that everything fits. */
function selectorOf(selector: Webhook['objectSelector']) {
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {};
  if (Object.keys(matchLabels).length + matchExpressions.length === 0) return undefined;
  try {
    return selectorFromObject(selector);
  } catch (error) {
    throw newInternalError(error instanceof Error ? error : new Error(String(error)));
  }
}

function formFor(
  { rules = [], matchPolicy }: Webhook,
  request: AdmissionRequest,
  options: MatchingOptions,
): RequestForm | undefined {
  if (rules.some((rule) => ruleMatches(rule, request))) return ownForm(request);
  if (matchPolicy === 'Exact') return undefined;
  const forms = options.equivalents?.(request) ?? [];
  for (const rule of rules) {
    const form = forms.find(({ resource }) => ruleMatches(rule, request, resource));
    if (form) return form;
  }
  return undefined;
}
