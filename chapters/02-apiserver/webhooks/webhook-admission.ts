/**
 * MutatingAdmissionWebhook and ValidatingAdmissionWebhook: programs outside the server that may
 * change or refuse what is to be written.
 *
 * Read `webhook-matching.ts` and `call-webhook.ts` first.
 */

import type { GroupVersionKind } from '#apimachinery';
import { NotImplemented } from '#not-implemented';
import type { AdmissionPlugin, AdmissionRequest } from '../admission/admission.ts';
import type { ApiObject, Json } from '../api-object.ts';
import type { CallOptions } from './call-webhook.ts';
import type { MatchingOptions } from './webhook-matching.ts';

/** What both plugins need. */
export interface WebhookOptions extends MatchingOptions, CallOptions {
  /** The configurations that hold the webhooks, in any order. */
  configurations(): readonly ApiObject[];
}

/** What the plugin that changes things needs beside. */
export interface MutatingWebhookOptions extends WebhookOptions {
  /**
   * Reads an object that a webhook changed, as if it had been sent: types are checked, unknown
   * fields go, defaults come in.
   *
   * @throws Error when it is no object of this kind
   */
  decode(json: Json, kind: GroupVersionKind): ApiObject;
  /** Lets the server's plugins change the request once more, after webhooks did; absent: none do. */
  askPluginsAgain?(request: AdmissionRequest): Promise<void>;
}

/**
 * Makes the plugin that lets webhooks change requests, named `MutatingAdmissionWebhook`.
 *
 * @remarks It `handles` everything that is not exempt (`isExempt` of `exemption.ts`, given).
 * `admit` goes through the webhooks in the order of `webhooksOf` (given), one after the other: each
 * that `matchWebhook` finds to be asked, looking at the request as it then is, is asked by
 * `callWebhook`. An answer with a patch (JSON as text) changes the object:
 *
 * 1. It is applied (`applyJsonPatch`) to the object in the form that matched (`form.show`).
 * 2. `options.decode` makes an object of the form's kind of it, and `form.read` the new
 *    `request.object`. The old one is left as it was.
 * 3. The webhook *changed* the request when the two objects are not `semanticallyEqual`.
 *
 * A patch that is an empty list does nothing. What cannot be parsed, applied or decoded is 500
 * `newInternalError` with the error's message. A patch (not an empty one) without an object to
 * apply it to (DELETE) is 500 with `admission webhook "NAME" attempted to modify the object, which
 * is not supported for this operation`, on one line.
 *
 * *Once more.* A webhook has not seen what later ones changed. When any changed the request, there
 * is a second round:
 *
 * 1. `options.askPluginsAgain` is asked.
 * 2. The webhooks are gone through once more, in the same way and order, but only those are asked
 *    that are
 *    *marked* when their turn comes.
 *
 * Marked are webhooks with `reinvocationPolicy: 'IfNeeded'` that have been asked, when afterwards
 * another webhook (in either round) or `askPluginsAgain` changed the request. There is no third
 * round.
 *
 * ```text
 * a (IfNeeded)  b (changes)  c (IfNeeded, changes)      round 1: a b c      round 2: a
 * and when a changes something in round 2:              round 1: a b c      round 2: a c
 * ```
 *
 * The answer to a webhook's second call changes the object as the first one did.
 *
 * @throws StatusError from `admit`, as a rejection
 * @see k8s.io/apiserver/pkg/admission/plugin/webhook/mutating/dispatcher.go, reinvocationcontext.go
 * (1.33)
 * @exercise apiserver/webhooks
 */
export function mutatingWebhooks(options: MutatingWebhookOptions): AdmissionPlugin {
  throw new NotImplemented('apiserver/webhooks', 'mutatingWebhooks');
}

/**
 * Makes the plugin that lets webhooks refuse requests, named `ValidatingAdmissionWebhook`.
 *
 * @remarks It `handles` everything that is not exempt (`isExempt` of `exemption.ts`, given).
 * `validate` first finds out which webhooks are asked (`matchWebhook`, in the order of
 * `webhooksOf`), and only then asks them (`callWebhook`), all at once: none waits for another. It
 * waits for all of them; when several refuse, the error is that of the first in order.
 *
 * @throws StatusError from `validate`, as a rejection
 * @see k8s.io/apiserver/pkg/admission/plugin/webhook/validating/dispatcher.go (1.33)
 * @exercise apiserver/webhooks
 */
export function validatingWebhooks(options: WebhookOptions): AdmissionPlugin {
  throw new NotImplemented('apiserver/webhooks', 'validatingWebhooks');
}
