/**
 * Is a webhook asked about a request? Its rules, its selectors, and the versions of an object.
 *
 * How it is asked is `call-webhook.ts`; what is made of the answers, `webhook-admission.ts`.
 */

import { NotImplemented } from '#not-implemented';
import type { AdmissionRequest } from '../admission/admission.ts';
import type { ApiObject } from '../api-object.ts';
import type { RequestForm } from './request-form.ts';
import type { Webhook, WebhookRule } from './webhook.ts';

/** What matching asks. */
export interface MatchingOptions {
  /** The namespace as it is now; `undefined` when there is none. */
  namespace(name: string): Promise<ApiObject | undefined> | ApiObject | undefined;
  /** The request in the other versions its resource is served in; absent: there are none. */
  equivalents?(request: AdmissionRequest): readonly RequestForm[];
  /**
   * Do the webhook's `matchConditions` hold? Absent: nobody can tell.
   *
   * @throws StatusError 403 when that cannot be worked out and `failurePolicy` is not `Ignore`
   */
  conditionsMatch?(hook: Webhook, request: AdmissionRequest, form: RequestForm): boolean;
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
 *   both. Namespaces themselves (`isAboutNamespaces` of `webhook-selectors.ts`, given) are
 *   `Cluster`, whatever `request.namespace` says.
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
  throw new NotImplemented('apiserver/webhooks', 'ruleMatches');
}

/**
 * Tells whether, and in which version, a webhook is asked about a request.
 *
 * @remarks In this order:
 *
 * 1. The namespace must fit: `namespaceFits` (given, with the next one in `webhook-selectors.ts`).
 *    A namespace that is not there is an error, but only if the webhook would be asked otherwise
 *    (step 4).
 * 2. `objectSelector`, as `webhookSelector` makes it, against the labels of `request.object` and of
 *    `request.oldObject`: one of them must fit. What is absent does not; without a selector
 *    everything does.
 * 3. `rules` (`ruleMatches`): the request as it is. When no rule fits and `matchPolicy` is not
 *    `Exact`: the first rule that fits one of `options.equivalents(request)`; the form is the first
 *    one that it fits.
 * 4. The error of step 1, if there was one.
 * 5. `matchConditions`, when it has any: `options.conditionsMatch`, with the form, tells whether they
 *    hold; otherwise it is not asked. Without that function such a webhook refuses the request,
 *    rather than not be asked by mistake.
 *
 * @returns the form in which it is asked, `ownForm(request)` for the request as it is; `undefined`
 * when it is not asked
 * @throws StatusError, as a rejection: the error of step 1; 403 `newAdmissionForbidden`, `webhook
 * "NAME" has matchConditions, which this server does not evaluate`, on one line; what
 * `webhookSelector` and `options.conditionsMatch` throw
 * @see k8s.io/apiserver/pkg/admission/plugin/webhook/generic/webhook.go (1.33), ShouldCallHook
 * @exercise apiserver/webhooks
 */
export async function matchWebhook(
  hook: Webhook,
  request: AdmissionRequest,
  options: MatchingOptions,
): Promise<RequestForm | undefined> {
  throw new NotImplemented('apiserver/webhooks', 'matchWebhook');
}
