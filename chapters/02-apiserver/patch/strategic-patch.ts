/**
 * Strategic merge patch: a merge patch that knows which lists are really sets of things with names.
 *
 * What `kubectl edit` and client-side `kubectl apply` send for built-in kinds. Which list merges by
 * which field is in the schema (`patchStrategy`, `patchMergeKey`), and is not what server-side
 * apply goes by. Directives are read in `strategic-directives.ts`, errors are in
 * `strategic-errors.ts`.
 */

import { NotImplemented } from '#not-implemented';
import type { Json } from '../api-object.ts';
import type { ObjectSchema } from '../schema/schema.ts';
import type { JsonObject } from './json-value.ts';

/**
 * Applies a strategic merge patch.
 *
 * @remarks Fields merge as in a JSON Merge Patch (null takes away, objects merge, the rest
 * replaces) with these additions. Lists and objects know their schema: an object's from `fields`, a
 * map's and a list's from `values` and `items`; a field that the schema does not know is merged as
 * by a JSON Merge Patch.
 *
 * **Lists.** A list whose field has the strategy `merge` is merged with the list that is there; any
 * other list is replaced. (An object whose field has the strategy `replace` is replaced as well.)
 *
 * - Of objects: an item with the same value in `patchMergeKey` as one that is there is merged into
 *   it (into the first of several); others are added. `{"$patch": "delete", KEY: value}` deletes
 *   all items with that key. `{"$patch": "replace"}` anywhere in the list makes the list's other
 *   items (those with a `$patch` left out) the new list.
 * - Of scalars: what is not there yet is added; nothing is there twice.
 * - Order: the items the patch names come in the patch's order, the others in the order they had.
 *   The two are woven: of the next of each, the other one goes first if both were in the old list
 *   and it stood before; else the patch's goes first.
 *
 * ```text
 * [a, b, c]  with  [c, new]   gives  [a, b, c, new]
 * [a, b, c]  with  [new, a]   gives  [new, a, b, c]
 * ```
 *
 * **Directives**, beside an object's fields:
 *
 * - `"$patch": "replace"`: the rest of this patch is the object, nothing of the old one stays.
 *   `"delete"`: the object becomes empty.
 * - `"$retainKeys": [names]`: of the old object only these fields stay, then the patch is merged.
 *   Every field the patch sets (not to null) must be among them.
 * - `"$deleteFromPrimitiveList/FIELD": [values]`: these are taken out of a list of scalars, after
 *   all else.
 * - `"$setElementOrder/FIELD": [order]`: the order of the list afterwards. `order` has scalars, or
 *   objects with the merge key. The items in it come in its order, and are woven with the others as
 *   above. It stands with or without a list `FIELD` in the patch; the items of such a list, but
 *   those with `$patch`, must be in `order`, and in the same order (an empty `order` asks nothing
 *   of them). With no list anywhere it does nothing.
 *
 * What is added where nothing was (or another type of value) is cleaned first: no nulls of objects,
 * no directives, no items and no fields that are objects with a `$patch`. So is an object taken by
 * `replace`, and a list that is replaced. No directive is ever in the result.
 *
 * ```text
 * containers: [{name: a, image: x}, {name: b}]     merge, merge key name
 * patch       [{name: a, image: y}, {name: c}, {name: b, $patch: delete}]
 * gives       [{name: a, image: y}, {name: c}]
 * ```
 *
 * @param document - is not changed
 * @param patch - is not changed, and the result shares nothing with it
 * @param schema - of the document's kind
 * @returns the new document
 * @throws StatusError 400 BadRequest: `newPatchNotAnObject` without prefix; the errors of
 * `strategic-errors.ts`: an item of objects to be merged lacks the merge key (`noMergeKey`, of the
 * patch's items and of `$setElementOrder`'s); `$patch` has a value unknown where it stands; a
 * merged list (old and new items together) has objects beside other values; a directive is not a
 * list or names no field, or contradicts the patch. `newUnprocessablePatch` (422) for a merged list
 * with lists in it
 * @see k8s.io/apimachinery/pkg/util/strategicpatch/patch.go (1.33)
 * @exercise apiserver/strategic-patch
 */
export function applyStrategicPatch(document: Json, patch: Json, schema: ObjectSchema): JsonObject {
  throw new NotImplemented('apiserver/strategic-patch', 'applyStrategicPatch');
}
