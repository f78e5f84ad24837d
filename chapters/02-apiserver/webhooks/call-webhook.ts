/**
 * Asks one webhook: makes the question, waits no longer than it may take, and reads the answer.
 *
 * Which webhooks are asked is `webhook-matching.ts`; what becomes of the answers,
 * `webhook-admission.ts`.
 */

import type { Clock, Random } from '#apimachinery';
import { NotImplemented } from '#not-implemented';
import type { AdmissionRequest } from '../admission/admission.ts';
import type { WebhookAnswer } from './admission-review.ts';
import type { RequestForm } from './request-form.ts';
import type { Webhook } from './webhook.ts';
import type { ServiceResolver } from './webhook-address.ts';
import type { WebhookClient } from './webhook-client.ts';

/** What a call needs. */
export interface CallOptions {
  readonly client: WebhookClient;
  readonly resolveService: ServiceResolver;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Asks a webhook about a request.
 *
 * @remarks
 *
 * 1. A dry run must have no effects: a webhook whose `sideEffects` are neither `None` nor
 *    `NoneOnDryRun` is not called; 400 `newBadRequest`, `admission webhook "NAME" does not support
 *    dry run`. `failurePolicy` does not matter.
 * 2. Given: the question is `newAdmissionReview` with a uid of `random.uuid()`; the URL
 *    `webhookUrl`; where the call goes, `webhookTarget`. The body is the question as JSON.
 * 3. After `timeoutSeconds` (10 if absent) on the clock it is over: the signal given to the client
 *    aborts, and nobody waits longer, whatever the client does. When the call is over sooner, no
 *    timer is left.
 * 4. The answer is read by `readAdmissionReview`. Each of its warnings goes to `request.warn`.
 * 5. An answer with `allowed: false` refuses the request: a StatusError with the `code`, `reason`
 *    and `details` of `result`; the code is 400 where it is absent or less, the reason `''` where
 *    it is absent. The message is `admission webhook "NAME" denied the request: ` and the result's
 *    message, or else its reason; with neither (absent or `''`), `admission webhook "NAME" denied
 *    the request without explanation`.
 *
 * A call fails when something throws in the steps 2 to 4. With `failurePolicy: 'Ignore'` that is as
 * if the webhook had not been there. Else 500 `newInternalError` with `failed calling webhook
 * "NAME": ` and
 *
 * - `could not create admission objects: WHY` when `newAdmissionReview` throws;
 * - `failed to call webhook: Post "URL": WHY` when `webhookTarget` or the client throws, the URL
 *   being that of `webhookUrl`; `context deadline exceeded` is the reason of a call that took too
 *   long;
 * - `received invalid webhook response: WHY` when `readAdmissionReview` throws.
 *
 * WHY is the error's message. Refusing is not failing: `failurePolicy` does not matter.
 *
 * @param mutating - may the answer have a patch?
 * @returns an answer with `allowed: true`; `undefined` when the call failed and that is to be
 * ignored
 * @throws StatusError, as a rejection, as above
 * @see k8s.io/apiserver/pkg/admission/plugin/webhook/mutating/dispatcher.go (1.33),
 * callAttrMutatingHook
 * @exercise apiserver/webhooks
 */
export async function callWebhook(
  hook: Webhook,
  request: AdmissionRequest,
  form: RequestForm,
  mutating: boolean,
  options: CallOptions,
): Promise<WebhookAnswer | undefined> {
  throw new NotImplemented('apiserver/webhooks', 'callWebhook');
}
