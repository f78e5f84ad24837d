/**
 * Lays one object over another, field by field: what server-side apply does with the applied
 * configuration and the object that is there. Next: `apply.ts`, which says who may.
 */

import type { Json } from '../api-object.ts';
import { isJsonObject, type JsonObject, ownValue, setOwn } from '../patch/json-value.ts';
import type { ListSchema, Schema } from '../schema/schema.ts';
import type { PathElement } from './path-element.ts';
import {
  type FieldsSchema,
  fieldSchema,
  itemElement,
  itemsByElement,
  structureOf,
} from './structure.ts';

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
  const structure = structureOf(config, schema);
  const hasBranch = live !== undefined && structureOf(live, schema).kind === structure.kind;
  const there = hasBranch && structure.kind !== 'leaf' ? live : undefined;
  if (config === null || structure.kind === 'leaf') return config ?? there;
  return structure.kind === 'fields'
    ? mergeObjects(there, config, structure.schema)
    : mergeItems(there, config, structure.schema);
}

function mergeObjects(live: Json | undefined, config: Json, schema: FieldsSchema): JsonObject {
  const result: JsonObject = isJsonObject(live) ? { ...live } : {};
  if (!isJsonObject(config)) return result;
  for (const [name, value] of Object.entries(config)) {
    const merged = mergeFields(ownValue(result, name), value, fieldSchema(schema, name));
    if (merged === undefined) delete result[name];
    else setOwn(result, name, merged);
  }
  return result;
}

function mergeItems(live: Json | undefined, config: Json, schema: ListSchema): Json[] {
  const old = Array.isArray(live) ? live : [];
  const liveItems = itemsByElement(schema, old);
  const items = itemsByElement(schema, config as Json[]);
  const order = [...items.keys()];
  const shared = order.filter((element) => liveItems.has(element));
  const result: Json[] = [];
  /** How many of the configuration's items have come; how many of those both have. */
  const come = { all: 0, shared: 0 };
  const takeNext = () => {
    const element = order[come.all++] as PathElement;
    const [counterpart, another] = liveItems.get(element) ?? [];
    const [item] = items.get(element) as [Json];
    const under = another === undefined ? counterpart : undefined;
    result.push(mergeFields(under, item, schema.items) as Json);
    return element;
  };
  for (const item of old) {
    const element = itemElement(schema, item);
    if (element === undefined || !items.has(element)) result.push(item);
    else if (element === shared[come.shared]) {
      come.shared++;
      while (takeNext() !== element) {
        // Only the configuration has it.
      }
    }
  }
  while (come.all < order.length) takeNext();
  return result;
}
