/**
 * Is an applied configuration something that can be applied at all? Given.
 *
 * Server-side apply goes by the schema, so it must know every field before it does anything: what
 * is unknown or has the wrong type is refused here, not dropped as in other writes.
 */

import { groupVersionKindOf, newBadRequest } from '#apimachinery';
import type { ApiObject, Json } from '../api-object.ts';
import { isJsonObject, type JsonObject } from '../patch/json-value.ts';
import type { ListSchema, ScalarSchema, Schema } from '../schema/schema.ts';
import { goSyntax } from './go-syntax.ts';
import { fieldElement, type Path, pathText } from './path-element.ts';
import {
  type FieldsSchema,
  fieldSchema,
  isDeclared,
  itemElement,
  itemFault,
  structureOf,
} from './structure.ts';

/**
 * Checks a configuration.
 *
 * @param apiVersion - the version of the request
 * @throws StatusError 400 BadRequest: it is of another kind or version (`invalid object type: /v1,
 * Kind=Pod`, on one line), it has `metadata.managedFields` (`metadata.managedFields must be nil`),
 * or `failed to create typed patch object (NAMESPACE/NAME; apps/v1, Kind=Deployment): ` and what is
 * wrong: `.spec.x: field not declared in schema`, `.spec.replicas: expected numeric (int or float),
 * got &value.valueUnstructured{Value:"3"}`, `.spec.containers: duplicate entries for key
 * [name="web"]`
 * @see sigs.k8s.io/structured-merge-diff/v4/typed/validate.go
 */
export function checkConfig(
  live: ApiObject | undefined,
  config: ApiObject,
  { schema, apiVersion }: { readonly schema: Schema; readonly apiVersion: string },
): void {
  const type = typeText(config);
  if (config.apiVersion !== apiVersion || (live && live.kind !== config.kind)) {
    throw newBadRequest(`invalid object type: ${type}`);
  }
  const { managedFields, namespace = '', name = '' } = config.metadata;
  if (managedFields !== undefined && managedFields !== null) {
    throw newBadRequest('metadata.managedFields must be nil');
  }
  const faults: string[] = [];
  check(config as unknown as Json, schema, [], faults);
  if (faults.length === 0) return;
  const all = faults.length === 1 ? faults[0] : `errors:\n  ${faults.join('\n  ')}`;
  throw newBadRequest(
    `failed to create typed patch object (${namespace}/${name}; ${type}): ${all}`,
  );
}

/** `apps/v1, Kind=Deployment`; of the core group `/v1, Kind=Pod`. */
function typeText({ apiVersion = '', kind = '' }: ApiObject): string {
  const { group, version } = groupVersionKindOf({ apiVersion, kind });
  return `${group}/${version}, Kind=${kind}`;
}

function check(value: Json, schema: Schema, path: Path, faults: string[]): void {
  if (value === null || schema.type === 'any') return;
  const fault = (text: string) => faults.push(`${pathText(path)}: ${text}`);
  const got = () => `got &value.valueUnstructured{Value:${goSyntax(value)}}`;
  switch (schema.type) {
    case 'object':
    case 'map':
      if (isJsonObject(value)) checkFields(value, schema, path, faults);
      else fault(`expected map, ${got()}`);
      return;
    case 'list':
      if (Array.isArray(value)) checkItems(value, schema, path, faults);
      else fault(`expected list, ${got()}`);
      return;
    default: {
      const expected = expectedScalar(value, schema);
      if (expected !== undefined) fault(`expected ${expected}, ${got()}`);
    }
  }
}

function checkFields(object: JsonObject, schema: FieldsSchema, path: Path, faults: string[]): void {
  for (const [name, value] of Object.entries(object)) {
    const below = [...path, fieldElement(name)];
    const isKnown = isDeclared(schema, name) || schema.type !== 'object' || schema.preserveUnknown;
    if (isKnown) check(value, fieldSchema(schema, name), below, faults);
    else faults.push(`${pathText(below)}: field not declared in schema`);
  }
}

function checkItems(items: Json[], schema: ListSchema, path: Path, faults: string[]): void {
  const isBranch = structureOf(items, schema).kind === 'items';
  const seen = new Set<string>();
  for (const [i, item] of items.entries()) {
    const fault = isBranch ? itemFault(schema, item) : undefined;
    const element = isBranch ? itemElement(schema, item) : `i:${i}`;
    if (element === undefined) faults.push(`${pathText(path)}: element ${i}: ${fault}`);
    else if (seen.has(element)) {
      faults.push(`${pathText(path)}: duplicate entries for key ${pathText([element])}`);
    } else check(item, schema.items, [...path, element], faults);
    seen.add(element ?? '');
  }
}

/** What a scalar should have been; `undefined` when it is. */
function expectedScalar(value: Json, { type, format }: ScalarSchema): string | undefined {
  if (typeof value === 'object') return 'scalar';
  if (format === 'int-or-string' || format === 'quantity') return undefined;
  if (type === 'string') return typeof value === 'string' ? undefined : 'string';
  if (type === 'boolean') return typeof value === 'boolean' ? undefined : 'boolean';
  return typeof value === 'number' ? undefined : 'numeric (int or float)';
}
