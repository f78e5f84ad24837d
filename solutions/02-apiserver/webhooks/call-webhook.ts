/**
 * Asks one webhook: makes the question, waits no longer than it may take, and reads the answer.
 *
 * Which webhooks are asked is `webhook-matching.ts`; what becomes of the answers,
 * `webhook-admission.ts`.
 */

import type { Clock, Random } from '#apimachinery';
import type { AdmissionRequest } from '../admission/admission.ts';
import { newAdmissionReview, readAdmissionReview, type WebhookAnswer } from './admission-review.ts';
import type { RequestForm } from './request-form.ts';
import type { Webhook } from './webhook.ts';
import { type ServiceResolver, webhookTarget, webhookUrl } from './webhook-address.ts';
import type { WebhookClient } from './webhook-client.ts';
import {
  failedTo,
  newCallFailed,
  newDryRunUnsupported,
  newRefused,
  postFailed,
} from './webhook-errors.ts';

/** What a call needs. */
export interface CallOptions {
  readonly client: WebhookClient;
  readonly resolveService: ServiceResolver;
  readonly clock: Clock;
  readonly random: Random;
}

/** How long a webhook may take that does not say. */
const DEFAULT_TIMEOUT_SECONDS = 10;

/**
 * Asks a webhook about a request.
 *
 * @remarks All errors are made by `webhook-errors.ts` (given).
 *
 * 1. A dry run must have no effects: a webhook whose `sideEffects` are neither `None` nor
 *    `NoneOnDryRun` is not called but refuses it, `newDryRunUnsupported`. `failurePolicy` does not
 *    matter.
 * 2. Given: the question is `newAdmissionReview` with a uid of `random.uuid()`; the URL
 *    `webhookUrl`; where the call goes, `webhookTarget`. The body is the question as JSON.
 * 3. After `timeoutSeconds` (10 if absent) on the clock it is over: the signal given to the client
 *    aborts, and nobody waits longer, whatever the client does. When the call is over sooner, no
 *    timer is left.
 * 4. The answer is read by `readAdmissionReview`. Each of its warnings goes to `request.warn`.
 * 5. An answer with `allowed: false` refuses the request: `newRefused` with its `result`.
 *
 * A call fails when something throws in the steps 2 to 4. With `failurePolicy: 'Ignore'` that is as
 * if the webhook had not been there. Else it is `newCallFailed` with
 *
 * - `failedTo('could not create admission objects', …)` when `newAdmissionReview` throws;
 * - `postFailed(url, …)` when `webhookTarget` or the client throws, the URL being that of
 *   `webhookUrl`; of a call that took too long the message is `context deadline exceeded`;
 * - `failedTo('received invalid webhook response', …)` when `readAdmissionReview` throws.
 *
 * Refusing is not failing: `failurePolicy` does not matter.
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
  const { sideEffects, failurePolicy } = hook;
  if (request.dryRun && sideEffects !== 'None' && sideEffects !== 'NoneOnDryRun') {
    throw newDryRunUnsupported(hook);
  }
  let answer: WebhookAnswer;
  try {
    const uid = options.random.uuid();
    const body = question(uid, hook, request, form);
    const text = await send(hook, body, options);
    answer = read(text, uid, mutating);
  } catch (error) {
    if (failurePolicy === 'Ignore') return undefined;
    throw newCallFailed(hook, error);
  }
  for (const warning of answer.warnings) request.warn(warning);
  if (!answer.allowed) throw newRefused(hook, answer.result);
  return answer;
}

function question(
  uid: string,
  hook: Webhook,
  request: AdmissionRequest,
  form: RequestForm,
): string {
  try {
    return JSON.stringify(newAdmissionReview(uid, hook, request, form));
  } catch (error) {
    throw failedTo('could not create admission objects', error);
  }
}

function read(text: string, uid: string, mutating: boolean): WebhookAnswer {
  try {
    return readAdmissionReview(text, uid, mutating);
  } catch (error) {
    throw failedTo('received invalid webhook response', error);
  }
}

async function send(hook: Webhook, body: string, options: CallOptions): Promise<string> {
  const { timeoutSeconds = DEFAULT_TIMEOUT_SECONDS } = hook;
  const url = webhookUrl(hook, timeoutSeconds);
  const abort = new AbortController();
  let onTimeout: (error: Error) => void = () => {};
  const late = new Promise<never>((_, reject) => (onTimeout = reject));
  const timer = options.clock.after(timeoutSeconds * 1000, () => {
    onTimeout(new Error('context deadline exceeded'));
    abort.abort();
  });
  const call = async (): Promise<string> => {
    const target = await webhookTarget(hook, url, options.resolveService);
    return options.client.call(target, body, abort.signal);
  };
  try {
    return await Promise.race([call(), late]);
  } catch (error) {
    throw postFailed(url, error);
  } finally {
    timer.cancel();
  }
}
