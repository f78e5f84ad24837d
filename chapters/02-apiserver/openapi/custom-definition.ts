/**
 * A custom resource's schema as OpenAPI tells it: what its definition says, and metadata. Given.
 *
 * @see k8s.io/apiextensions-apiserver/pkg/controller/openapi/builder/builder.go (0.33)
 */

import type { Json } from '../api-object.ts';
import type { Kind } from '../kinds/kind.ts';
import type { Schema } from '../schema/schema.ts';
import type { Descriptions } from './descriptions.ts';
import { type JsonObject, META, refTo } from './well-known.ts';

/** `stable.example.com` v1 CronTab: `com.example.stable.v1.CronTab`. */
export function customName(group: string, version: string, kind: string): string {
  return [...group.split('.').reverse(), version, kind].join('.');
}

/** The definition of a custom resource. */
export function customDefinition(kind: Kind, descriptions: Descriptions): JsonObject {
  const given = kind.openApiSchema === undefined ? plainSchema(kind.schema) : kind.openApiSchema;
  const { group, version } = kind;
  return {
    ...withMetadata(asObject(given), `${META}.ObjectMeta`, descriptions),
    'x-kubernetes-group-version-kind': [{ group, kind: kind.kind, version }],
  };
}

/** The three fields every object has, in front of those of its own. */
function withMetadata(
  schema: JsonObject,
  metadata: string,
  descriptions: Descriptions,
): JsonObject {
  // Any built-in kind's own words will do: they are the same for all.
  const said = (field: string): JsonObject => {
    const description = descriptions.field('io.k8s.api.core.v1.Pod', field);
    return description === undefined ? {} : { description };
  };
  return {
    ...schema,
    type: 'object',
    properties: {
      ...asObject(schema.properties ?? {}),
      apiVersion: { type: 'string', ...said('apiVersion') },
      kind: { type: 'string', ...said('kind') },
      metadata: { allOf: [refTo(metadata)], ...said('metadata') },
    },
  };
}

function asObject(json: Json): JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json) ? json : {};
}

/** Where a definition does not say more: the types alone. */
function plainSchema(schema: Schema): JsonObject {
  switch (schema.type) {
    case 'object': {
      const fields = [...schema.fields].map(([key, { schema }]) => [key, plainSchema(schema)]);
      return {
        type: 'object',
        ...(fields.length > 0 && { properties: Object.fromEntries(fields) as JsonObject }),
        ...(schema.preserveUnknown && { 'x-kubernetes-preserve-unknown-fields': true }),
      };
    }
    case 'map':
      return { type: 'object', additionalProperties: plainSchema(schema.values) };
    case 'list':
      return { type: 'array', items: plainSchema(schema.items) };
    case 'any':
      return { 'x-kubernetes-preserve-unknown-fields': true };
    default:
      return { type: schema.type, ...(schema.format && { format: schema.format }) };
  }
}
