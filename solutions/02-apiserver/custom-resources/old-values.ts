/**
 * What stood in the place of a field or an item before. Given; `validate-by-schema.ts` asks.
 *
 * @see k8s.io/apiextensions-apiserver/pkg/apiserver/validation/ratcheting.go (1.33)
 */

import { isFields, type JsonSchema, ownField } from './json-schema.ts';
import { itemKeys } from './list-types.ts';

/**
 * A field's old value: that of the same name.
 *
 * @param old - the old value of the object that the field is in, if there is one
 * @param path - the object's; `''` for the whole resource, whose `apiVersion` and `kind` have no old
 * values, for they are always the same
 */
export function oldField(old: unknown, name: string, path: string): unknown {
  if (path === '' && (name === 'apiVersion' || name === 'kind')) return undefined;
  return isFields(old) ? ownField(old, name) : undefined;
}

/**
 * Finds items' old values: each is the one with the same keys.
 *
 * @param old - the old value of the list that the items are in, if there is one
 * @param schema - the list's; when its type is not `map`, nothing tells which item is which, and
 * none has an old value
 * @returns a function from an item to its old value
 */
export function oldItems(old: unknown, schema: JsonSchema): (item: unknown) => unknown {
  if (schema['x-kubernetes-list-type'] !== 'map' || !Array.isArray(old)) return () => undefined;
  const byKeys = new Map(old.map((item) => [itemKeys(item, schema), item as unknown]));
  return (item) => byKeys.get(itemKeys(item, schema));
}
