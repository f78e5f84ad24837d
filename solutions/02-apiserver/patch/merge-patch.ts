/**
 * JSON Merge Patch: a piece of the object as it should be; null takes a field away.
 *
 * It knows nothing of lists: they are replaced. Next: `../registry/patch.ts`, and what does know of
 * lists, `strategic-patch.ts`.
 */

import { deepCopy, newBadRequest } from '#apimachinery';
import type { Json } from '../api-object.ts';
import { isJsonObject, type JsonObject, ownValue, setOwn } from './json-value.ts';
import { newPatchNotAnObject } from './patch-error.ts';

/**
 * Applies a JSON Merge Patch.
 *
 * @remarks Field by field: null takes the field away, if it is there; an object is merged into the
 * field's object, or into an empty one when the field has none; anything else is the field's new
 * value, an array as it is, with all that is in it. So no null of an object comes to be in the
 * result unless it is in an array.
 *
 * ```text
 * {"a": 1, "b": {"c": 2, "d": [1, 2]}}  with  {"a": null, "b": {"d": [3], "e": {"f": 4, "g": null}}}
 * gives  {"b": {"c": 2, "d": [3], "e": {"f": 4}}}
 * ```
 *
 * A key may be any text, as in `applyJsonPatch`.
 *
 * @param document - is not changed; what is no object counts as an empty one
 * @param patch - is not changed, and the result shares nothing with it
 * @returns the new document
 * @throws StatusError 400 BadRequest when the patch is no object: `Invalid JSON Patch` for null,
 * else `newPatchNotAnObject` with the prefix `error decoding patch: `
 * @see RFC 7386; k8s.io/apiserver/pkg/endpoints/handlers/patch.go (1.33), applyJSPatch
 * @exercise apiserver/patch
 */
export function applyMergePatch(document: Json, patch: Json): JsonObject {
  if (patch === null) throw newBadRequest('Invalid JSON Patch');
  if (!isJsonObject(patch)) throw newPatchNotAnObject(patch, 'error decoding patch: ');
  return merge(document, patch);
}

function merge(document: Json | undefined, patch: JsonObject): JsonObject {
  const result = isJsonObject(document) ? { ...document } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else if (isJsonObject(value)) setOwn(result, key, merge(ownValue(result, key), value));
    else setOwn(result, key, deepCopy(value));
  }
  return result;
}
