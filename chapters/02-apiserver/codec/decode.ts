/**
 * From a parsed body to an object of the API: types checked, values made canonical, fields that
 * nobody knows dropped and reported. Given.
 *
 * What happens to the reported fields is in `strict-fields.ts`; defaults and validation come later.
 */

import {
  apiVersionOf,
  type GroupVersionKind,
  newBadRequest,
  type StatusError,
} from '#apimachinery';
import type { ApiObject } from '../api-object.ts';
import type {
  ListSchema,
  MapSchema,
  ObjectSchema,
  ScalarSchema,
  Schema,
} from '../schema/schema.ts';
import { goStructField, goTypeText } from './go-types.ts';
import { setOwn } from './own-property.ts';
import { readScalar, valueText, WRONG_TYPE, zeroScalar } from './scalars.ts';
import { ValueError } from './value-error.ts';

/** Deeper bodies are refused: whatever reads them calls itself for each level. */
const MAX_DEPTH = 500;
const TOO_DEEP = 'exceeded max depth';
/** More unknown fields than this are not listed, as in Kubernetes. */
const MAX_UNKNOWN = 100;

/** What decoding yields. */
export interface Decoded {
  /** A copy of its own; the fields stand as `kind`, `apiVersion`, `metadata`, then as they were sent. */
  readonly object: ApiObject;
  /** The fields that were dropped, as paths: `spec.containers[0].foo`; at most 100. */
  readonly unknownFields: string[];
}

type Fields = Record<string, unknown>;

/**
 * Decodes an object.
 *
 * @remarks
 * - `null` means that a field is not there; in a list it means the empty value: `{}`, `''`, `0`.
 * - Quantities, times and durations are written anew: `1024Mi` is `1Gi`, an offset becomes UTC.
 * - Names are compared as they are: `Spec` is an unknown field.
 * - In metadata an empty list or map is as one that is not there.
 * - A missing `kind` or `apiVersion` is that of the endpoint.
 *
 * @param value - what a parser made of the body; it is not changed and not kept
 * @param schema - the kind's
 * @param kind - what the endpoint serves
 * @param isOwned - may parts of `value` of which the schema says nothing become parts of the object?
 * Else they are copied
 * @throws StatusError 400 when the value is no object, of another kind or version, or a field has a
 * wrong type: `Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal …`
 * @see k8s.io/apimachinery/pkg/runtime/serializer/json/json.go (0.33)
 */
export function decodeObject(
  value: unknown,
  schema: ObjectSchema,
  kind: GroupVersionKind,
  isOwned = false,
): Decoded {
  if (!isRecord(value)) throw unrecognized(kind, metaFault(valueText(value)));
  checkKind(value, kind);
  const object: Fields = { kind: kind.kind, apiVersion: apiVersionOf(kind) };
  const decoder = new Decoder(schema, isOwned);
  try {
    if (schema.fields.has('metadata')) object.metadata = {};
    decoder.readInto(object, value, schema, TYPE_FIELDS);
  } catch (error) {
    if (error instanceof ValueError) throw cannotHandle(kind, kind, error.message);
    throw error;
  }
  dropEmptyMetadata(object.metadata);
  return { object: object as unknown as ApiObject, unknownFields: decoder.unknownFields };
}

/** What Go leaves out of metadata when nothing is in it; an empty `managedFields` means something. */
const LEFT_OUT_EMPTY = ['labels', 'annotations', 'ownerReferences', 'finalizers'];

function dropEmptyMetadata(metadata: unknown): void {
  if (!isRecord(metadata)) return;
  for (const name of LEFT_OUT_EMPTY) {
    const value = metadata[name];
    if (typeof value === 'object' && value !== null && Object.keys(value).length === 0) {
      delete metadata[name];
    }
  }
}

/** Go's types for which an error shows the number. */
const NUMERIC = /^(?:int32|int64|float64)$/;
const TYPE_FIELDS: ReadonlySet<string> = new Set(['kind', 'apiVersion']);
const NO_FIELDS: ReadonlySet<string> = new Set();

function checkKind(value: Fields, expected: GroupVersionKind): void {
  const kind = value.kind ?? '';
  const apiVersion = value.apiVersion ?? '';
  if (typeof kind !== 'string') throw unrecognized(expected, metaFault(valueText(kind), 'kind'));
  if (typeof apiVersion !== 'string') {
    throw unrecognized(expected, metaFault(valueText(apiVersion), 'apiVersion'));
  }
  const wanted = apiVersionOf(expected);
  if (apiVersion.split('/', 3).length > 2) {
    throw unrecognized(expected, `unexpected GroupVersion string: ${apiVersion}`);
  }
  if (kind !== '' && kind !== expected.kind) {
    const found = apiVersion === '' ? wanted : apiVersion;
    const version = found.slice(found.indexOf('/') + 1);
    const text = `no kind ${JSON.stringify(kind)} is registered here for version ${JSON.stringify(found)}`;
    throw cannotHandle({ kind, version }, expected, text);
  }
  if (apiVersion !== '' && apiVersion !== wanted) {
    throw newBadRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${wanted})`,
    );
  }
}

function cannotHandle(
  found: { readonly kind: string; readonly version: string },
  expected: GroupVersionKind,
  why: string,
): StatusError {
  return newBadRequest(
    `${found.kind} in version ${JSON.stringify(found.version)} cannot be handled as a ${expected.kind}: ${why}`,
  );
}

function unrecognized({ kind }: GroupVersionKind, why: string): StatusError {
  return newBadRequest(`the object provided is unrecognized (must be of type ${kind}): ${why}`);
}

function metaFault(found: string, field?: string): string {
  const into =
    field === undefined ? 'Go value of type object' : `Go struct field .${field} of type string`;
  return `couldn't get version/kind; json parse error: json: cannot unmarshal ${found} into ${into}`;
}

/** Decodes one body; knows where it is in it. */
class Decoder {
  readonly unknownFields: string[] = [];
  readonly #root: ObjectSchema;
  readonly #isOwned: boolean;
  readonly #path: (string | number)[] = [];

  constructor(root: ObjectSchema, isOwned: boolean) {
    this.#root = root;
    this.#isOwned = isOwned;
  }

  /** Decodes fields into an object that may have some already. */
  readInto(into: Fields, value: Fields, schema: ObjectSchema, skip: ReadonlySet<string>): void {
    const { fields, preserveUnknown } = schema;
    for (const name of Object.keys(value)) {
      if (skip.has(name)) continue;
      const field = fields.get(name);
      const item = value[name];
      if (field === undefined && preserveUnknown !== true) {
        this.#noteUnknown(name);
        continue;
      }
      if (item === null || item === undefined) continue;
      this.#path.push(name);
      const read = field === undefined ? this.#any(item) : this.#value(item, field.schema);
      this.#path.pop();
      if (read !== undefined) setOwn(into, name, read);
    }
  }

  #value(value: unknown, schema: Schema): unknown {
    switch (schema.type) {
      case 'object':
        return this.#object(value, schema);
      case 'list':
        return this.#list(value, schema);
      case 'map':
        return this.#map(value, schema);
      case 'any':
        return this.#any(value);
      default:
        return this.#scalar(value, schema);
    }
  }

  #scalar(value: unknown, schema: ScalarSchema): unknown {
    if (schema.type === 'string' && schema.format === undefined && typeof value === 'string') {
      return value;
    }
    const read = readScalar(value, schema);
    return read === WRONG_TYPE ? this.#refuse(value, schema) : read;
  }

  #object(value: unknown, schema: ObjectSchema): Fields {
    if (!isRecord(value)) return this.#refuse(value, schema);
    this.#checkDepth();
    const into: Fields = {};
    this.readInto(into, value, schema, NO_FIELDS);
    return into;
  }

  #list(value: unknown, schema: ListSchema): unknown[] {
    if (!Array.isArray(value)) return this.#refuse(value, schema);
    this.#checkDepth();
    const { items } = schema;
    const read: unknown[] = [];
    for (let i = 0; i < value.length; i++) {
      this.#path.push(i);
      const item: unknown = value[i] ?? null;
      read.push((item === null ? undefined : this.#value(item, items)) ?? zeroValue(items));
      this.#path.pop();
    }
    return read;
  }

  #map(value: unknown, schema: MapSchema): Fields {
    if (!isRecord(value)) return this.#refuse(value, schema);
    this.#checkDepth();
    const read: Fields = {};
    for (const key of Object.keys(value)) {
      this.#path.push(key);
      const item = value[key] ?? null;
      const decoded = item === null ? undefined : this.#value(item, schema.values);
      setOwn(read, key, decoded ?? zeroValue(schema.values));
      this.#path.pop();
    }
    return read;
  }

  #any(value: unknown): unknown {
    checkAny(value, this.#path.length);
    return this.#isOwned ? value : copyOf(value);
  }

  #checkDepth(): void {
    if (this.#path.length > MAX_DEPTH) throw new ValueError(TOO_DEEP);
  }

  #noteUnknown(name: string): void {
    if (this.unknownFields.length >= MAX_UNKNOWN) return;
    this.unknownFields.push(pathText([...this.#path, name]));
  }

  #refuse(value: unknown, schema: Schema): never {
    const type = goTypeText(schema);
    const isNumber = typeof value === 'number' && NUMERIC.test(type);
    const found = isNumber ? `number ${value}` : valueText(value);
    const field = goStructField(this.#root, this.#path);
    throw new ValueError(
      `json: cannot unmarshal ${found} into Go struct field ${field} of type ${type}`,
    );
  }
}

/** What JSON cannot say is refused, and what is too deep. */
function checkAny(value: unknown, depth: number): void {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new ValueError(`json: unsupported value: ${value}`);
  }
  if (typeof value !== 'object' || value === null) return;
  if (depth > MAX_DEPTH) throw new ValueError(TOO_DEEP);
  for (const item of Object.values(value)) checkAny(item, depth + 1);
}

function copyOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copyOf);
  const copy: Fields = {};
  for (const [key, item] of Object.entries(value)) setOwn(copy, key, copyOf(item));
  return copy;
}

/** What Go has where a list or a map says `null`. */
function zeroValue(schema: Schema): unknown {
  switch (schema.type) {
    case 'object':
    case 'map':
      return {};
    case 'list':
      return [];
    case 'any':
      return null;
    default:
      return zeroScalar(schema);
  }
}

function pathText(path: readonly (string | number)[]): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += text === '' ? step : `.${step}`;
  }
  return text;
}

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
