/** What Go calls the types of the API, for errors that say what was expected where. Given. */

import type { ObjectSchema, ScalarSchema, Schema } from '../schema/schema.ts';

/**
 * A type's name.
 *
 * @returns `int32`, `[]v1.Container`, `map[string]string`
 */
export function goTypeText(schema: Schema): string {
  switch (schema.type) {
    case 'object':
      return schema.name === undefined ? 'map[string]interface {}' : lastParts(schema.name, 2);
    case 'list':
      return `[]${goTypeText(schema.items)}`;
    case 'map':
      return `map[string]${goTypeText(schema.values)}`;
    case 'any':
      return 'interface {}';
    default:
      return scalarText(schema);
  }
}

function scalarText({ type, format }: ScalarSchema): string {
  switch (format) {
    case 'byte':
      return '[]uint8';
    // These read themselves, and complain about what they are written as.
    case 'date-time':
    case 'micro-time':
    case 'duration':
      return 'string';
    case 'quantity':
      return 'resource.Quantity';
    case 'int-or-string':
    case 'int32':
      return 'int32';
    default:
      return { string: 'string', integer: 'int64', number: 'float64', boolean: 'bool' }[type];
  }
}

/**
 * A field as Go's errors name it: the type it is a field of, then its path without keys and indices.
 *
 * ```text
 * spec, containers, 0, args, 1   Container.spec.containers.args
 * metadata, labels, app          ObjectMeta.metadata.labels
 * ```
 *
 * @param path - fields, map keys and indices, from the root
 */
export function goStructField(root: ObjectSchema, path: readonly (string | number)[]): string {
  let schema: Schema | undefined = root;
  let owner = root;
  const names: string[] = [];
  for (const step of path) {
    if (schema?.type === 'object') {
      owner = schema;
      names.push(String(step));
    }
    schema = childOf(schema, step);
  }
  return [lastParts(owner.name ?? '', 1), ...names].join('.');
}

function childOf(schema: Schema | undefined, step: string | number): Schema | undefined {
  switch (schema?.type) {
    case 'object':
      return schema.fields.get(String(step))?.schema;
    case 'list':
      return schema.items;
    case 'map':
      return schema.values;
    default:
      return undefined;
  }
}

function lastParts(name: string, count: number): string {
  return name.split('.').slice(-count).join('.');
}
