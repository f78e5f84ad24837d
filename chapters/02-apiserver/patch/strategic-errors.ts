/** What is wrong with a strategic merge patch, in the API's words. Given: all are 400 BadRequest. */

import { newBadRequest, type StatusError } from '#apimachinery';
import type { Json } from '../api-object.ts';
import { type JsonObject, valueText } from './json-value.ts';

/** `map: map[image:nginx] does not contain declared merge key: name` */
export function noMergeKey(item: JsonObject, mergeKey: string): StatusError {
  return newBadRequest(`map: ${valueText(item)} does not contain declared merge key: ${mergeKey}`);
}

/** `unknown patch type: drop in map: map[$patch:drop name:web]` */
export function unknownPatchType(directive: Json, patch: JsonObject): StatusError {
  return newBadRequest(`unknown patch type: ${valueText(directive)} in map: ${valueText(patch)}`);
}

/** Of an item `{"$patch": "merge"}` in a list. */
export function mergingListsUnsupported(): StatusError {
  return newBadRequest('merging lists cannot yet be specified in the patch');
}

/** `list element types are not identical: [[a 1]]` */
export function mixedList(items: Json[]): StatusError {
  return newBadRequest(`list element types are not identical: ${valueText([items])}`);
}

/** Of a `$retainKeys` that is no list, or lacks a field that the patch sets. */
export function badRetainKeys(): StatusError {
  return newBadRequest('invalid patch format of retainKeys');
}

/** Of a `$deleteFromPrimitiveList/…` that is no list. */
export function badPrimitiveList(): StatusError {
  return newBadRequest('invalid patch format of primitive list');
}

/** Of a `$setElementOrder/…` that is no list. */
export function badSetElementOrder(): StatusError {
  return newBadRequest('invalid patch format of setElementOrder list');
}

/** Of a `$setElementOrder/…` that says another order than the patch's own list. */
export function orderMismatch(items: Json[], order: Json[]): StatusError {
  return newBadRequest(
    `The order in patch list:\n${valueText(items)}\n doesn't match $setElementOrder list:\n${valueText(order)}\n`,
  );
}
