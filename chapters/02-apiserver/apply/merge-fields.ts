/**
 * Lays one object over another, field by field: what server-side apply does with the applied
 * configuration and the object that is there. Next: `apply.ts`, which says who may.
 */

import { NotImplemented } from '#not-implemented';
import type { Json } from '../api-object.ts';
import type { Schema } from '../schema/schema.ts';

/**
 * Lays a configuration over an object.
 *
 * @remarks By the configuration's structure (`structureOf`, given):
 *
 * - A leaf replaces what is there. Null takes a leaf away, and leaves a branch that is there as it
 *   is.
 * - A branch is merged into the branch that is there: what only one of the two has is as it was,
 *   what both have is merged in turn. (Fields of the configuration that have nothing to be merged
 *   with are merged with nothing, so a null below them is no field either.) When what is there is
 *   no such branch, or nothing, the configuration's is merged with nothing.
 * - Items of a list are the same when `itemElement` gives the same step. An item of the live list
 *   that has no step, or shares it with others of that list, is merged with nothing: such items
 *   stay when the configuration has none with their step, else all of them give way to the
 *   configuration's.
 *
 * The order of a merged list: the configuration's items come in the configuration's order. Go
 * through the live list: an item that only it has stays where it is. An item that both have either
 * is the next one of those in the configuration's order that both have and that has not come yet;
 * then all the configuration's items up to it come now, itself included; or it is passed over. What
 * is left of the configuration comes last.
 *
 * ```text
 * live [a, b, c]   configuration [a, n, c]   gives [a, b, n, c]
 * live [a, b, c]   configuration [c, a]      gives [b, c, a]
 * ```
 *
 * @param live - `undefined` when there is nothing; is not changed
 * @param config - is not changed
 * @returns the merged value, which may share parts with both; `undefined` when there is nothing
 * left
 * @see sigs.k8s.io/structured-merge-diff/v4/typed/merge.go
 * @exercise apiserver/apply
 */
export function mergeFields(
  live: Json | undefined,
  config: Json,
  schema: Schema,
): Json | undefined {
  throw new NotImplemented('apiserver/apply', 'mergeFields');
}
