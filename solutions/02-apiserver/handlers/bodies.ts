/**
 * What comes in: a body of JSON, YAML or protobuf, read, decoded by a schema and checked. Given.
 */

import { apiVersionOf, type GroupVersionKind, newBadRequest, StatusError } from '#apimachinery';
import type { ApiObject } from '../api-object.ts';
import { fieldsIn, fieldsOf } from '../codec/count-fields.ts';
import { decodeObject } from '../codec/decode.ts';
import { contentTypeOf } from '../codec/media-types.ts';
import { decodeProtobuf } from '../codec/protobuf.ts';
import { checkFields } from '../codec/strict-fields.ts';
import type { Context } from '../context.ts';
import type { Kind } from '../kinds/kind.ts';
import { builtInSchema, definitionNameOf } from '../schema/built-in.ts';
import type { ObjectSchema } from '../schema/schema.ts';
import type { Endpoint, HandlerWorld } from './endpoint.ts';
import type { FieldValidation, WriteOptions } from './options.ts';

const decoder = new TextDecoder('utf-8', { fatal: true });

/** Reads the object of the endpoint's own kind. */
export async function readObject(
  endpoint: Endpoint,
  context: Context,
  options: WriteOptions,
): Promise<ApiObject> {
  const newObject = await readObjects(endpoint, context, options);
  return newObject();
}

/**
 * Reads the body once, for as many objects as it takes.
 *
 * @returns makes a new object of it: whoever gets one may change it, and begins anew with another
 */
export async function readObjects(
  { kind, world }: Endpoint,
  context: Context,
  options: WriteOptions,
): Promise<() => ApiObject> {
  const body = await readBody(context);
  if (body === undefined) throw newBadRequest('the request has no body');
  return () => {
    const sent = parseBody(world, body);
    return decode(world, context, kind, kind.schema, sent, options.fieldValidation, true);
  };
}

/** A parsed body, and its text where it may say something twice. */
export interface Sent {
  readonly value: unknown;
  readonly json?: string;
}

/** An object of which only the metadata is known. */
const ANY_OBJECT: ObjectSchema = {
  type: 'object',
  preserveUnknown: true,
  fields: new Map([['metadata', { schema: metadataSchema() }]]),
};

function metadataSchema(): ObjectSchema {
  const schema = builtInSchema('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta');
  if (schema === undefined) throw new Error('there is no schema of metadata');
  return schema;
}

/** What a body is to be. */
type DecodedKind = {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
} & Pick<Kind, 'pruneUnknown'>;

/**
 * Decodes a parsed body by a kind's schema.
 *
 * @param isOwned - is the value nobody else's, so that the object may have parts of it?
 */
export function decode(
  world: HandlerWorld,
  context: Context,
  gvk: DecodedKind,
  schema: ObjectSchema,
  { value, json }: Sent,
  fieldValidation: FieldValidation,
  isOwned = false,
): ApiObject {
  // A custom resource's kind knows what is unknown and says what is of a wrong type.
  const known = gvk.pruneUnknown ? ANY_OBJECT : schema;
  const { object, unknownFields } = decodeObject(value, known, gvk, isOwned);
  const isChecked = fieldValidation !== 'Ignore';
  // To look for what stands there twice is dear; to see that nothing was lost is not.
  const isWhole = !isChecked || json === undefined || fieldsIn(json) === fieldsOf(value);
  unknownFields.push(...(gvk.pruneUnknown?.(object) ?? []));
  if (isChecked) {
    const duplicates = isWhole ? [] : world.parsers.duplicateFields(json);
    for (const text of checkFields(fieldValidation, unknownFields, duplicates, gvk)) {
      if (!context.warnings.includes(text)) context.warnings.push(text);
    }
  }
  return object;
}

/**
 * Reads an object of another kind than the endpoint's: a Scale, a Binding, a review.
 *
 * @param expected - what it is when it does not say so
 */
export async function readPlainObject(
  { world }: { readonly world: HandlerWorld },
  context: Context,
  expected: GroupVersionKind,
): Promise<ApiObject> {
  const sent = await readValue(world, context);
  if (sent === undefined) throw newBadRequest('the request has no body');
  const gvk = kindIn(sent.value, expected);
  const name = definitionNameOf(gvk);
  const schema = name === undefined ? undefined : builtInSchema(name);
  if (schema === undefined) {
    throw newBadRequest(`no kind "${gvk.kind}" is registered for version "${apiVersionOf(gvk)}"`);
  }
  return decode(world, context, gvk, schema, sent, 'Ignore');
}

function kindIn(value: unknown, expected: GroupVersionKind): GroupVersionKind {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw newBadRequest('the body of the request is no object');
  }
  const given = value as { kind?: unknown; apiVersion?: unknown };
  const kind = String(given.kind || expected.kind);
  const [first = '', second] = String(given.apiVersion || apiVersionOf(expected)).split('/');
  return second === undefined
    ? { group: '', version: first, kind }
    : { group: first, version: second, kind };
}

const DELETE_OPTIONS = builtInSchema('io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions');

/** Reads the options of a deletion, if the request has a body. */
export async function readDeleteOptions(
  { world }: Endpoint,
  context: Context,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const sent = await readValue(world, context);
  if (sent === undefined || DELETE_OPTIONS === undefined) return undefined;
  const { value } = sent;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw newBadRequest('the body of a deletion is its DeleteOptions');
  }
  const { kind = 'DeleteOptions' } = value as { kind?: unknown };
  if (kind !== 'DeleteOptions') {
    throw newBadRequest(`the body of a deletion is its DeleteOptions, and not a ${String(kind)}`);
  }
  // Whatever version it says it is of: its form is the same in all.
  const plain = { ...value, kind: 'DeleteOptions', apiVersion: 'v1' };
  return decodeObject(plain, DELETE_OPTIONS, OPTIONS_KIND).object;
}

const OPTIONS_KIND = { group: '', version: 'v1', kind: 'DeleteOptions' };

/** A body that was read and not yet parsed; it has at least one byte. */
interface Body {
  readonly bytes: Uint8Array;
  readonly format: ReturnType<typeof contentTypeOf>;
}

async function readBody({ incoming }: Context): Promise<Body | undefined> {
  const bytes = new Uint8Array(await incoming.arrayBuffer());
  if (bytes.length === 0) return undefined;
  return { bytes, format: contentTypeOf(incoming.headers.get('content-type')) };
}

function parseBody(world: HandlerWorld, { bytes, format }: Body): Sent {
  if (format === 'protobuf') return { value: decodeProtobuf(bytes, schemaOf) };
  return parseText(world, textOf(bytes), format);
}

/** Reads a body as a value of JSON; `undefined` when there is none. */
export async function readValue(world: HandlerWorld, context: Context): Promise<Sent | undefined> {
  const body = await readBody(context);
  return body && parseBody(world, body);
}

function schemaOf(gvk: { group: string; version: string; kind: string }): ObjectSchema | undefined {
  if (gvk.kind === 'DeleteOptions') return DELETE_OPTIONS;
  const name = definitionNameOf(gvk);
  return name === undefined ? undefined : builtInSchema(name);
}

/** Bytes as text. */
export function textOf(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw newBadRequest('the body of the request is not UTF-8');
  }
}

/** Parses JSON, or YAML, of which JSON is a part. */
export function parseText(world: HandlerWorld, text: string, format: 'json' | 'yaml'): Sent {
  if (format === 'yaml' && !/^\s*[[{]/.test(text)) return { value: yaml(world, text) };
  try {
    return { value: JSON.parse(text) as unknown, json: text };
  } catch (error) {
    if (format === 'yaml') return { value: yaml(world, text) };
    throw newBadRequest(`couldn't read the body as JSON: ${messageOf(error)}`);
  }
}

function yaml({ parsers }: HandlerWorld, text: string): unknown {
  try {
    return parsers.parseYaml(text);
  } catch (error) {
    if (error instanceof StatusError) throw error;
    throw newBadRequest(`error converting YAML to JSON: ${messageOf(error)}`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
