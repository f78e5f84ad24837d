/**
 * Whether the defaults in a definition's schema are values that the schema would take. Given.
 *
 * @see k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting/validation.go (1.33)
 */

import { deepCopy, type FieldError, fieldInvalid } from '#apimachinery';
import { validateEmbedded } from './embedded-objects.ts';
import { type JsonSchema, META_FIELDS } from './json-schema.ts';
import { pruneUnknown } from './prune-unknown.ts';
import { validateBySchema } from './validate-by-schema.ts';

/** Faults of all defaults; those in metadata are only parts of what is checked, and let be. */
export function validateDefaults(schema: JsonSchema, path: string): FieldError[] {
  return validate(schema, path, true);
}

function validate(schema: JsonSchema, path: string, isObject: boolean): FieldError[] {
  const { properties = {}, items } = schema;
  const isEmbedded = (one: JsonSchema) => one['x-kubernetes-embedded-resource'] === true;
  return [
    ...validateDefault(schema, `${path}.default`),
    ...(items ? validate(items, `${path}.items`, isEmbedded(items)) : []),
    ...Object.entries(properties).flatMap(([name, property]) =>
      isObject && META_FIELDS.has(name)
        ? []
        : validate(property, `${path}.properties[${name}]`, isEmbedded(property)),
    ),
  ];
}

function validateDefault(schema: JsonSchema, path: string): FieldError[] {
  const { default: value } = schema;
  if (value === undefined || value === null) return [];
  const faults: FieldError[] = [];
  // A field, not the root: there a field `kind` would be let through.
  const whole = { value: deepCopy(value) };
  if (pruneUnknown(whole, { properties: { value: schema } }).length > 0) {
    faults.push(fieldInvalid(path, value, 'must not have unknown fields'));
  }
  const embedded = validateEmbedded(value, schema, path);
  return [...faults, ...(embedded.length > 0 ? embedded : validateBySchema(value, schema, path))];
}
