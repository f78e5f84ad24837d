/**
 * MutatingAdmissionWebhook and ValidatingAdmissionWebhook: programs outside the server that may
 * change or refuse what is to be written.
 *
 * Read `webhook-matching.ts` and `call-webhook.ts` first.
 */

import { deepCopy, type StatusError, semanticallyEqual } from '#apimachinery';
import type { AdmissionPlugin, AdmissionRequest } from '../admission/admission.ts';
import type { ApiObject } from '../api-object.ts';
import { applyAnswer, type ObjectReader } from './apply-answer.ts';
import { type CallOptions, callWebhook } from './call-webhook.ts';
import { isExempt } from './exemption.ts';
import { type KnownWebhook, webhooksOf } from './webhook.ts';
import { type MatchingOptions, matchWebhook } from './webhook-matching.ts';

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
  return {
    name: 'MutatingAdmissionWebhook',
    handles: (request) => !isExempt(request),
    async admit(request) {
      const hooks = webhooksOf(options.configurations());
      const rounds = new Rounds();
      await askAll(hooks, request, options, rounds);
      if (!rounds.hasChanged) return;
      const before = deepCopy(request.object);
      await options.askPluginsAgain?.(request);
      if (!semanticallyEqual(before, request.object)) rounds.noteChange();
      const isMarked = ({ id }: KnownWebhook) => rounds.marked.has(id);
      await askAll(hooks, request, options, rounds, isMarked);
    },
  };
}

/** Who has been asked, and who is to be asked once more. */
class Rounds {
  hasChanged = false;
  readonly marked = new Set<string>();
  readonly #asked = new Set<string>();

  /** Whoever has been asked so far has not seen this. */
  noteChange(): void {
    this.hasChanged = true;
    for (const id of this.#asked) this.marked.add(id);
  }

  noteAsked({ id, hook }: KnownWebhook): void {
    if (hook.reinvocationPolicy === 'IfNeeded') this.#asked.add(id);
  }
}

async function askAll(
  hooks: readonly KnownWebhook[],
  request: AdmissionRequest,
  options: MutatingWebhookOptions,
  rounds: Rounds,
  isDue: (known: KnownWebhook) => boolean = () => true,
): Promise<void> {
  for (const known of hooks) {
    if (!isDue(known)) continue;
    const form = await matchWebhook(known.hook, request, options);
    if (form === undefined) continue;
    const answer = await callWebhook(known.hook, request, form, true, options);
    const isChanged = answer && applyAnswer(answer, known.hook, request, form, options);
    if (isChanged) rounds.noteChange();
    rounds.noteAsked(known);
  }
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
  return {
    name: 'ValidatingAdmissionWebhook',
    handles: (request) => !isExempt(request),
    async validate(request) {
      const calls: (() => Promise<unknown>)[] = [];
      for (const { hook } of webhooksOf(options.configurations())) {
        const form = await matchWebhook(hook, request, options);
        if (form) calls.push(() => callWebhook(hook, request, form, false, options));
      }
      const outcomes = await Promise.allSettled(calls.map((call) => call()));
      const failed = outcomes.find(({ status }) => status === 'rejected');
      if (failed?.status === 'rejected') throw failed.reason as StatusError;
    },
  };
}
