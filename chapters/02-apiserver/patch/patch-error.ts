/** What is answered to a patch that makes no sense, or not for this object. Given. */

import { newBadRequest, StatusError } from '#apimachinery';
import type { Json } from '../api-object.ts';
import { jsonTypeName } from './json-value.ts';

/**
 * 422 Invalid: the patch can be read, but what it asks for cannot be done.
 *
 * @param why - for whoever debugs the server, as the error's `cause`; the API does not tell it
 * @see k8s.io/apiserver/pkg/endpoints/handlers/patch.go (1.33), applyJSPatch
 */
export function newUnprocessablePatch(why: string): StatusError {
  const error = new StatusError({
    code: 422,
    reason: 'Invalid',
    message: 'the server rejected our request due to an error in our request',
    details: {},
  });
  error.cause = new Error(why);
  return error;
}

/**
 * 400 BadRequest: a patch that should be an object is none.
 *
 * @param prefix - what the message begins with: `error decoding patch: `
 */
export function newPatchNotAnObject(patch: Json, prefix = ''): StatusError {
  const type = jsonTypeName(patch);
  return newBadRequest(
    `${prefix}json: cannot unmarshal ${type} into Go value of type map[string]interface {}`,
  );
}
