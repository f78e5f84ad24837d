/**
 * Asks one webhook: makes the question, waits no longer than it may take, and reads the answer.
 *
 * Which webhooks are asked is `webhook-matching.ts`; what becomes of the answers,
 * `webhook-admission.ts`.
 */

import {
  type Clock,
  newBadRequest,
  newInternalError,
  type Random,
  StatusError,
} from '#apimachinery';
import type { AdmissionRequest } from '../admission/admission.ts';
import { newAdmissionReview, readAdmissionReview, type WebhookAnswer } from './admission-review.ts';
import type { RequestForm } from './request-form.ts';
import type { Webhook } from './webhook.ts';
import { type ServiceResolver, webhookTarget, webhookUrl } from './webhook-address.ts';
import type { WebhookClient } from './webhook-client.ts';

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
  const name = JSON.stringify(hook.name);
  const { sideEffects, failurePolicy } = hook;
  if (request.dryRun && sideEffects !== 'None' && sideEffects !== 'NoneOnDryRun') {
    throw newBadRequest(`admission webhook ${name} does not support dry run`);
  }
  let answer: WebhookAnswer;
  try {
    answer = await exchange(hook, request, form, mutating, options);
  } catch (error) {
    if (failurePolicy === 'Ignore') return undefined;
    throw newInternalError(new Error(`failed calling webhook ${name}: ${messageOf(error)}`));
  }
  for (const warning of answer.warnings) request.warn(warning);
  if (!answer.allowed) throw refusal(name, answer);
  return answer;
}

/** One question and its answer; throws an Error that says why there is none. */
async function exchange(
  hook: Webhook,
  request: AdmissionRequest,
  form: RequestForm,
  mutating: boolean,
  options: CallOptions,
): Promise<WebhookAnswer> {
  const uid = options.random.uuid();
  const review = explain('could not create admission objects', () =>
    newAdmissionReview(uid, hook, request, form),
  );
  const text = await send(hook, JSON.stringify(review), options);
  return explain('received invalid webhook response', () =>
    readAdmissionReview(text, uid, mutating),
  );
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
    const why = `Post ${JSON.stringify(url)}: ${messageOf(error)}`;
    throw new Error(`failed to call webhook: ${why}`, { cause: error });
  } finally {
    timer.cancel();
  }
}

function explain<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new Error(`${what}: ${messageOf(error)}`, { cause: error });
  }
}

function refusal(name: string, { result }: WebhookAnswer): StatusError {
  const { code = 0, reason = '', message, details } = result;
  const why = message || reason;
  const title = `admission webhook ${name} denied the request`;
  return new StatusError({
    code: Math.max(code, 400),
    reason,
    message: why ? `${title}: ${why}` : `${title} without explanation`,
    details,
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
