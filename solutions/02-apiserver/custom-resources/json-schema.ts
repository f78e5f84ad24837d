/**
 * The OpenAPI v3 schema in a CustomResourceDefinition, as it is written there. Given.
 *
 * Pruning, defaults and validation read it as it is; `to-schema.ts` makes of it the form that the
 * rest of the server reads.
 *
 * @see k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1/types_jsonschema.go (1.33)
 */

/** What is known of a value. Every keyword may be left out. */
export interface JsonSchema {
  /** `object`, `array`, `string`, `integer`, `number` or `boolean`; left out: any. */
  readonly type?: string;
  readonly format?: string;
  readonly title?: string;
  readonly description?: string;
  /** The value where there is none; null counts as left out. */
  readonly default?: unknown;
  readonly nullable?: boolean;
  readonly enum?: readonly unknown[];

  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  /** For an object whose keys are data; `true`: whatever is in it. */
  readonly additionalProperties?: boolean | JsonSchema;
  readonly minProperties?: number;
  readonly maxProperties?: number;

  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly maxItems?: number;

  /** In characters, not bytes. */
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;

  readonly minimum?: number;
  readonly exclusiveMinimum?: boolean;
  readonly maximum?: number;
  readonly exclusiveMaximum?: boolean;
  readonly multipleOf?: number;

  readonly allOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly not?: JsonSchema;

  /** Fields that are not named here are kept, here and further in. */
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  /** The value is a whole object of the API, with apiVersion, kind and metadata of its own. */
  readonly 'x-kubernetes-embedded-resource'?: boolean;
  /** Both a whole number and a text are fine. */
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-list-type'?: string;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-map-type'?: string;
  readonly 'x-kubernetes-validations'?: readonly ValidationRule[];
}

/** A rule in CEL about one value. */
export interface ValidationRule {
  /** An expression about `self`, and about `oldSelf` if it is a rule about changes. */
  readonly rule: string;
  readonly message?: string;
  /** An expression that makes the message. */
  readonly messageExpression?: string;
  readonly reason?: string;
  /** Where in the value the fault is told: `.spec.name`. */
  readonly fieldPath?: string;
  readonly optionalOldSelf?: boolean;
}

/** An object or a map, as JSON has them. */
export type JsonFields = Record<string, unknown>;

export function isFields(value: unknown): value is JsonFields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * A field of an object.
 *
 * @returns `undefined` when it has none of that name; what all objects inherit (`constructor`) is
 * no field
 */
export function ownField(fields: JsonFields | undefined, name: string): unknown {
  return fields !== undefined && Object.hasOwn(fields, name) ? fields[name] : undefined;
}

/** The schema of an object's field, when `properties` has it. */
export function propertyOf(schema: JsonSchema, name: string): JsonSchema | undefined {
  const { properties } = schema;
  return properties !== undefined && Object.hasOwn(properties, name) ? properties[name] : undefined;
}

/** The schema of a map's values; `undefined` when there is none, or it only says yes or no. */
export function additionalOf({ additionalProperties }: JsonSchema): JsonSchema | undefined {
  return isFields(additionalProperties) ? (additionalProperties as JsonSchema) : undefined;
}

/** Has it a default? Null is none. */
export function hasDefault(schema: JsonSchema): boolean {
  return schema.default !== undefined && schema.default !== null;
}

/** Of every embedded object and of the whole resource: always kept, and not the schema's business. */
export const META_FIELDS: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata']);

/** A field's path: `spec` and `replicas` make `spec.replicas`; at the top the path is `''`. */
export function childPath(path: string, field: string): string {
  return path === '' ? field : `${path}.${field}`;
}
