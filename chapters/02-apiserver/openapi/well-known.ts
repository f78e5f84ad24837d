/**
 * Types whose JSON is no object, and JSON in general: what OpenAPI says of them. Given.
 */

import type { Json } from '../api-object.ts';
import type { ScalarFormat } from '../schema/schema.ts';

export type JsonObject = { [key: string]: Json };

const MACHINERY = 'io.k8s.apimachinery.pkg';
export const META = `${MACHINERY}.apis.meta.v1`;
export const VERSION_INFO = `${MACHINERY}.version.Info`;
const EXTENSIONS = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1';

/** Formats that have a definition of their own. */
export const FORMAT_DEFINITIONS: Readonly<Partial<Record<ScalarFormat, string>>> = {
  'date-time': `${META}.Time`,
  'micro-time': `${META}.MicroTime`,
  duration: `${META}.Duration`,
  quantity: `${MACHINERY}.api.resource.Quantity`,
  'int-or-string': `${MACHINERY}.util.intstr.IntOrString`,
};

/** Those definitions, and that of a patch's body. */
export const WELL_KNOWN: ReadonlyMap<string, JsonObject> = new Map<string, JsonObject>([
  [`${META}.Time`, { type: 'string', format: 'date-time' }],
  [`${META}.MicroTime`, { type: 'string', format: 'date-time' }],
  [`${META}.Duration`, { type: 'string' }],
  [`${META}.FieldsV1`, { type: 'object' }],
  [`${META}.Patch`, { type: 'object' }],
  [`${MACHINERY}.runtime.RawExtension`, { type: 'object' }],
  [`${EXTENSIONS}.JSON`, {}],
  [`${MACHINERY}.api.resource.Quantity`, { oneOf: [{ type: 'string' }, { type: 'number' }] }],
  [
    `${MACHINERY}.util.intstr.IntOrString`,
    { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] },
  ],
]);

/** The definition of a field of a type that may be any JSON. */
export function anyDefinition(owner: string, field: string): string {
  if (field === 'fieldsV1') return `${META}.FieldsV1`;
  return owner.startsWith(EXTENSIONS) ? `${EXTENSIONS}.JSON` : `${MACHINERY}.runtime.RawExtension`;
}

const REF_PREFIX = '#/components/schemas/';

export function refTo(name: string): JsonObject {
  return { $ref: `${REF_PREFIX}${name}` };
}

/** The names of all definitions that a piece of a document refers to. */
export function namesReferredTo(json: Json): Set<string> {
  const names = new Set<string>();
  const look = (value: Json): void => {
    if (Array.isArray(value)) value.forEach(look);
    else if (typeof value === 'object' && value !== null) {
      const { $ref } = value;
      if (typeof $ref === 'string') names.add($ref.slice(REF_PREFIX.length));
      Object.values(value).forEach(look);
    }
  };
  look(json);
  return names;
}
