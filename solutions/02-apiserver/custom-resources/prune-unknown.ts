/**
 * Taking away what a schema does not know. Next: `schema-defaults.ts`.
 */

import {
  additionalOf,
  childPath,
  isFields,
  type JsonFields,
  type JsonSchema,
  META_FIELDS,
  propertyOf,
} from './json-schema.ts';

/**
 * Removes the fields that a custom resource's schema does not know.
 *
 * @remarks A field is known when `properties` has it, or when the schema has `additionalProperties`
 * (`true`, `false` or a schema). What it holds is looked at by its schema in turn: fields of
 * objects, and each item of a list by `items`. Three cases need care:
 *
 * - `apiVersion`, `kind` and `metadata` of the whole resource stay as they are, and everything in
 *   them. So it is with the value of a schema that says `x-kubernetes-embedded-resource`. Elsewhere
 *   they are fields like all others.
 * - With `x-kubernetes-preserve-unknown-fields` nothing unknown is removed: not here, and not
 *   further in. But what *is* known (`properties`, a schema in `additionalProperties`) is pruned by
 *   its own schema, as everywhere; and a list's items are preserved, too, with `items` saying what
 *   is known of them.
 * - Where nothing says what a value is (no `items`, `additionalProperties: true` or `false`), its
 *   objects lose every field.
 *
 * ```text
 * schema: properties: {spec: {properties: {size: {…}, raw: {x-kubernetes-preserve-unknown-fields}}}}
 *
 * {apiVersion, kind, metadata: {name, anything}, spec: {size: 1, sise: 2, raw: {a: 1}}, extra: {}}
 * → {apiVersion, kind, metadata: {name, anything}, spec: {size: 1, raw: {a: 1}}}, ['extra', 'spec.sise']
 * ```
 *
 * @param object - the whole resource; is changed
 * @param schema - its version's schema
 * @returns the paths of what was removed (`spec.items[0].nmae`), sorted; of a field, not of what
 * was in it
 * @see k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning/algorithm.go (1.33)
 * @exercise apiserver/custom-resources
 */
export function pruneUnknown(object: JsonFields, schema: JsonSchema): string[] {
  const removed: string[] = [];
  prune(object, { ...schema, 'x-kubernetes-embedded-resource': true }, '', false, removed);
  return removed.sort();
}

/** @param preserving - does a schema further out preserve what is unknown? */
function prune(
  value: unknown,
  schema: JsonSchema | undefined,
  path: string,
  preserving: boolean,
  removed: string[],
): void {
  const preserve = preserving || schema?.['x-kubernetes-preserve-unknown-fields'] === true;
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) {
      prune(item, schema?.items, `${path}[${i}]`, preserve, removed);
    }
  } else if (isFields(value)) {
    pruneFields(value, schema ?? {}, path, preserve, removed);
  }
}

function pruneFields(
  fields: JsonFields,
  schema: JsonSchema,
  path: string,
  preserve: boolean,
  removed: string[],
): void {
  for (const name of Object.keys(fields)) {
    if (schema['x-kubernetes-embedded-resource'] && META_FIELDS.has(name)) continue;
    const known = propertyOf(schema, name);
    const at = childPath(path, name);
    if (known || schema.additionalProperties !== undefined) {
      // What is known is pruned by its own schema, even amid what is preserved.
      prune(fields[name], known ?? additionalOf(schema), at, false, removed);
    } else if (!preserve) {
      delete fields[name];
      removed.push(at);
    }
  }
}
