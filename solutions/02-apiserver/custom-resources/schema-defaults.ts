/**
 * Filling in what was left out. Next: `validate-by-schema.ts`.
 */

import { deepCopy } from '#apimachinery';
import type { Json } from '../api-object.ts';
import { type JsonObject, setOwn } from '../patch/json-value.ts';
import {
  additionalOf,
  hasDefault,
  isFields,
  type JsonFields,
  type JsonSchema,
  propertyOf,
} from './json-schema.ts';

/**
 * Sets the defaults of a custom resource's schema.
 *
 * @remarks A field of `properties` that is not there gets its schema's `default`; then the fields
 * that are there are looked at in turn, those just set included. So a default further in is only
 * set when what it is in is there, or has a default itself.
 *
 * Null is a value only where the schema says `nullable`. A field (of `properties`, or of a map with
 * a schema in `additionalProperties`) that is null without being nullable counts as left out: it
 * gets its default, and without one it is removed. A null in a list gets the default of `items`,
 * and without one it stays. What no schema is known of stays as it is. A `default` of null is none
 * (`hasDefault` of `json-schema.ts`, given).
 *
 * ```text
 * spec: {properties: {size: {default: 1}, disk: {properties: {kind: {default: ssd}}}}}
 *
 * {}                        → {}                     spec has no default
 * {spec: {}}                → {spec: {size: 1}}      disk has no default
 * {spec: {disk: {}}}        → {spec: {size: 1, disk: {kind: ssd}}}
 * {spec: {size: null}}      → {spec: {size: 1}}
 * {spec: {disk: null}}      → {spec: {size: 1}}
 * ```
 *
 * @param object - is changed; what is set is a copy: the schema's own default is never part of an
 * object
 * @see k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting/algorithm.go, prunenulls.go
 * (1.33)
 * @exercise apiserver/custom-resources
 */
export function setSchemaDefaults(object: JsonFields, schema: JsonSchema): void {
  setDefaults(object, schema);
}

function setDefaults(value: unknown, schema: JsonSchema): void {
  if (Array.isArray(value)) setItems(value, schema.items);
  else if (isFields(value)) setFields(value, schema);
}

function setItems(items: unknown[], schema: JsonSchema | undefined): void {
  if (schema === undefined) return;
  for (const [i, item] of items.entries()) {
    if (isLeftOut(item, schema) && hasDefault(schema)) items[i] = deepCopy(schema.default);
    setDefaults(items[i], schema);
  }
}

function setFields(fields: JsonFields, schema: JsonSchema): void {
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (!Object.hasOwn(fields, name) && hasDefault(property)) {
      setOwn(fields as JsonObject, name, deepCopy(property.default) as Json);
    }
  }
  for (const [name, value] of Object.entries(fields)) {
    const known = propertyOf(schema, name) ?? additionalOf(schema);
    if (known === undefined) continue;
    if (!isLeftOut(value, known)) setDefaults(value, known);
    else if (!hasDefault(known)) delete fields[name];
    else {
      const set = deepCopy(known.default) as Json;
      setOwn(fields as JsonObject, name, set);
      setDefaults(set, known);
    }
  }
}

function isLeftOut(value: unknown, { nullable }: JsonSchema): boolean {
  return value === null && !nullable;
}
