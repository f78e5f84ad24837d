/**
 * What a webhook's patch makes of a request's object. Given; `webhook-admission.ts` calls.
 *
 * @see k8s.io/apiserver/pkg/admission/plugin/webhook/mutating/dispatcher.go (1.33),
 * callAttrMutatingHook
 */

import { type GroupVersionKind, newInternalError, semanticallyEqual } from '#apimachinery';
import type { AdmissionRequest } from '../admission/admission.ts';
import type { ApiObject, Json } from '../api-object.ts';
import { applyJsonPatch } from '../patch/json-patch.ts';
import type { WebhookAnswer } from './admission-review.ts';
import type { RequestForm } from './request-form.ts';
import type { Webhook } from './webhook.ts';

/** Reads objects that webhooks changed. */
export interface ObjectReader {
  /**
   * Reads an object that a webhook changed, as if it had been sent: types are checked, unknown
   * fields go, defaults come in.
   *
   * @throws Error when it is no object of this kind
   */
  decode(json: Json, kind: GroupVersionKind): ApiObject;
}

/**
 * Puts a new object into the request when the answer has a patch; the old one stays as it is.
 *
 * @remarks The patch is applied to the object in the form that the webhook was asked in. A patch
 * that is an empty list does nothing.
 *
 * @returns did the webhook change the object? Not when both are `semanticallyEqual`.
 * @throws StatusError 500 when the patch cannot be parsed, applied or decoded, and when there is no
 * object to apply it to (DELETE)
 */
export function applyAnswer(
  { patch: text }: WebhookAnswer,
  hook: Webhook,
  request: AdmissionRequest,
  form: RequestForm,
  reader: ObjectReader,
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
    return form.read(reader.decode(patched, form.kind));
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
