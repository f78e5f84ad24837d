/**
 * Tables of custom resources: the name, then the columns that the definition asks for. Given.
 *
 * @see k8s.io/apiextensions-apiserver/pkg/registry/customresource/tableconvertor/tableconvertor.go
 * (1.33)
 */

import type { ApiObject, Json } from '../api-object.ts';
import type { PrinterColumn } from '../kinds/kind.ts';
import { age } from './age.ts';
import { type JsonPath, parseJsonPath } from './json-path.ts';
import { type Column, columnsOf, type TableConvertor } from './table-convertor.ts';

const AGE: readonly PrinterColumn[] = [
  {
    name: 'Age',
    type: 'date',
    jsonPath: '.metadata.creationTimestamp',
    description: 'How long the object has been there.',
  },
];

/**
 * What makes rows of a custom resource's objects.
 *
 * @param printerColumns - as the definition has them; none: the age
 */
export function customConvertor(printerColumns?: readonly PrinterColumn[]): TableConvertor {
  const given = printerColumns && printerColumns.length > 0 ? printerColumns : AGE;
  const [columns, paths] = readable(given);
  return {
    columns: [...columnsOf('Name'), ...columns.map(headOf)],
    cells: (object, nowMs) => [
      object.metadata.name ?? '',
      ...paths.map((path, index) => cell(path, columns[index]?.type ?? '', object, nowMs)),
    ],
  };
}

/** Up to the first column whose path cannot be read, as the real server does. */
function readable(columns: readonly PrinterColumn[]): [readonly PrinterColumn[], JsonPath[]] {
  const paths: JsonPath[] = [];
  try {
    for (const { jsonPath } of columns) paths.push(parseJsonPath(jsonPath));
  } catch {
    return [columns.slice(0, paths.length), paths];
  }
  return [columns, paths];
}

function headOf({ name, type, format, description, jsonPath, priority }: PrinterColumn): Column {
  const standard = `Custom resource definition column (in JSONPath format): ${jsonPath}`;
  return {
    name,
    type,
    format: format ?? '',
    description: description || standard,
    priority: priority ?? 0,
  };
}

function cell(path: JsonPath, type: string, object: ApiObject, nowMs: number): Json {
  const value = firstFound(path, object);
  if (value === undefined) return null;
  switch (type) {
    case 'string':
      return cellText(value);
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null;
    case 'number':
      return typeof value === 'number' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date':
      return typeof value === 'string' ? dateText(value, nowMs) : null;
    default:
      return null;
  }
}

/** A path that leads nowhere is an empty cell. */
function firstFound(path: JsonPath, object: ApiObject): Json | undefined {
  try {
    return path(object as unknown as Json)[0];
  } catch {
    return undefined;
  }
}

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([.,]\d+)?(Z|[+-]\d\d:\d\d)$/;

function dateText(text: string, nowMs: number): string {
  if (text === '' || text === 'null') return age(undefined, nowMs);
  const isTime = RFC_3339.test(text) && !Number.isNaN(Date.parse(text));
  return isTime ? age(text, nowMs) : '<invalid>';
}

/** Objects and lists as Go writes JSON: keys in order, and nothing in it that HTML could take for a tag. */
function cellText(value: Json): string {
  if (value === null) return '<no value>';
  if (typeof value !== 'object') return `${value}`;
  return JSON.stringify(sorted(value)).replace(/[<>&\u2028\u2029]/g, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inside]) => [key, sorted(inside)]));
}
