/**
 * MutatingAdmissionWebhook and ValidatingAdmissionWebhook: programs outside the server that may
 * change or refuse what is to be written.
 *
 * Read `webhook-matching.ts` and `call-webhook.ts` first.
 */

import { NotImplemented } from '#not-implemented';
import type { AdmissionPlugin, AdmissionRequest } from '../admission/admission.ts';
import type { ApiObject } from '../api-object.ts';
import type { ObjectReader } from './apply-answer.ts';
import type { CallOptions } from './call-webhook.ts';
import type { MatchingOptions } from './webhook-matching.ts';

/** What both plugins need. */
export interface WebhookOptions extends MatchingOptions, CallOptions {
  /** The configurations that hold the webhooks, in any order. */
  configurations(): readonly ApiObject[];
}

/** What the plugin that changes things needs beside. */
export interface MutatingWebhookOptions extends WebhookOptions, ObjectReader {
  /** Lets the server's plugins change the request once more, after webhooks did; absent: none do. */
  askPluginsAgain?(request: AdmissionRequest): Promise<void>;
}

/**
 * Makes the plugin that lets webhooks change requests, named `MutatingAdmissionWebhook`.
 *
 * @remarks It `handles` everything that is not exempt (`isExempt` of `exemption.ts`, given).
 * `admit` goes through the webhooks in the order of `webhooksOf` (given), one after the other: each
 * that `matchWebhook` finds to be asked, looking at the request as it then is, is asked by
 * `callWebhook`. Its answer, if there is one, goes to `applyAnswer` of `apply-answer.ts` (given),
 * which puts a new object into the request when there is a patch, and tells whether that *changed*
 * it.
 *
 * *Once more.* A webhook has not seen what later ones changed. When any changed the request, there
 * is a second round:
 *
 * 1. `options.askPluginsAgain` is asked. It may change `request.object` in place, or put another
 *    one there; it changed the request when what was and what is are not `semanticallyEqual`.
 * 2. The webhooks are gone through once more, in the same way and order. But asked are only those
 *    that are *marked* when their turn comes.
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
