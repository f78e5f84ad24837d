/**
 * The errors that come of asking webhooks: it could not be asked, or it refused. Given;
 * `call-webhook.ts` throws them.
 *
 * @see k8s.io/apiserver/pkg/admission/plugin/webhook/errors/statuserror.go (1.33)
 */

import { newBadRequest, newInternalError, StatusError } from '#apimachinery';
import type { WebhookResult } from './admission-review.ts';
import type { Webhook } from './webhook.ts';

/** 400 for a dry run that a webhook with side effects would have to be asked about. */
export function newDryRunUnsupported({ name }: Webhook): StatusError {
  return newBadRequest(`admission webhook ${JSON.stringify(name)} does not support dry run`);
}

/**
 * 500 for a call that failed: `failed calling webhook "NAME": ` and the message of `error`.
 *
 * @param error - what `failedTo` made
 */
export function newCallFailed({ name }: Webhook, error: unknown): StatusError {
  const why = `failed calling webhook ${JSON.stringify(name)}: ${messageOf(error)}`;
  return newInternalError(new Error(why));
}

/** The parts of a call that can fail, as messages name them. */
export type CallStep =
  | 'could not create admission objects'
  | 'failed to call webhook'
  | 'received invalid webhook response';

/** An error that says in which step it happened: `STEP: WHY`. */
export function failedTo(step: CallStep, error: unknown): Error {
  return new Error(`${step}: ${messageOf(error)}`, { cause: error });
}

/** The error of a call that did not succeed, with the URL: `Post "URL": WHY`. */
export function postFailed(url: string, error: unknown): Error {
  const why = `Post ${JSON.stringify(url)}: ${messageOf(error)}`;
  return failedTo('failed to call webhook', new Error(why, { cause: error }));
}

/**
 * What a webhook's refusal becomes.
 *
 * @remarks The code is 400 where the webhook tells none, or a lower one; the reason `''` where it
 * tells none. The message is `admission webhook "NAME" denied the request: ` and the webhook's
 * message, or else its reason; with neither it is `… denied the request without explanation`.
 */
export function newRefused({ name }: Webhook, result: WebhookResult): StatusError {
  const { code = 0, reason = '', message, details } = result;
  const why = message || reason;
  const title = `admission webhook ${JSON.stringify(name)} denied the request`;
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
