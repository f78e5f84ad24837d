/**
 * MutatingAdmissionWebhook and ValidatingAdmissionWebhook: programs outside the server that may
 * change or refuse what is to be written.
 *
 * Read `webhook-matching.ts` and `call-webhook.ts` first.
 */

import {
  deepCopy,
  type GroupVersionKind,
  newInternalError,
  type StatusError,
  semanticallyEqual,
} from '#apimachinery';
import type { AdmissionPlugin, AdmissionRequest } from '../admission/admission.ts';
import type { ApiObject, Json } from '../api-object.ts';
import { applyJsonPatch } from '../patch/json-patch.ts';
import { type CallOptions, callWebhook } from './call-webhook.ts';
import { isExempt } from './exemption.ts';
import type { RequestForm } from './request-form.ts';
import { type KnownWebhook, type Webhook, webhooksOf } from './webhook.ts';
import { type MatchingOptions, matchWebhook } from './webhook-matching.ts';

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
    const isChanged = applyPatch(answer?.patch, known.hook, request, form, options);
    if (isChanged) rounds.noteChange();
    rounds.noteAsked(known);
  }
}

/** @returns whether the object is another one now */
function applyPatch(
  text: string | undefined,
  hook: Webhook,
  request: AdmissionRequest,
  form: RequestForm,
  options: MutatingWebhookOptions,
): boolean {
  if (text === undefined) return false;
  const patch = orInternalError(() => JSON.parse(text) as Json);
  if (Array.isArray(patch) && patch.length === 0) return false;
  const { object } = request;
  if (!object) {
    const title = `admission webhook ${JSON.stringify(hook.name)} attempted to modify the object`;
    throw newInternalError(new Error(`${title}, which is not supported for this operation`));
  }
  const changed = orInternalError(() => {
    const patched = applyJsonPatch(form.show(object) as unknown as Json, patch);
    return form.read(options.decode(patched, form.kind));
  });
  request.object = changed;
  return !semanticallyEqual(object, changed);
}

function orInternalError<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw newInternalError(error instanceof Error ? error : new Error(String(error)));
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
