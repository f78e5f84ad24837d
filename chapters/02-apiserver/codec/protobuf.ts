/**
 * From a protobuf body to the value that its JSON would be parsed to. Given.
 *
 * A body is `k8s\0` and a `runtime.Unknown`: what kind it is, and the object's own message. Messages
 * are read by the schema's numbers; the alphabet is in `protobuf-reader.ts`.
 */

import { type GroupVersionKind, newBadRequest } from '#apimachinery';
import type { MapSchema, ObjectSchema, ScalarSchema, Schema } from '../schema/schema.ts';
import { durationText } from './durations.ts';
import { setOwn } from './own-property.ts';
import { type FieldPlan, planOf } from './protobuf-plan.ts';
import { FIXED64, LENGTH, ProtobufReader, utf8Text, VARINT } from './protobuf-reader.ts';
import { ValueError } from './value-error.ts';

/** What a body begins with. */
export const PROTOBUF_PREFIX: Uint8Array = new Uint8Array([0x6b, 0x38, 0x73, 0]);

/** Messages in messages; the API's own have about a dozen levels. */
const MAX_DEPTH = 100;

type Fields = Record<string, unknown>;

/**
 * Decodes a body.
 *
 * @remarks Go writes single values even when they are empty, if the field always has one. So that
 * they do not count as set, an empty text, a `0` or a `false` is left out where the field is not
 * required and an empty value says nothing (`protobuf-plan.ts`).
 *
 * @param bytes - with the prefix
 * @param schemaOf - the schema of a built-in kind; `undefined` when there is none
 * @returns what `decodeObject` takes
 * @throws StatusError 400 when the bytes are no such body, or of a kind without a schema
 * @see k8s.io/apimachinery/pkg/runtime/serializer/protobuf/protobuf.go (0.33)
 */
export function decodeProtobuf(
  bytes: Uint8Array,
  schemaOf: (gvk: GroupVersionKind) => ObjectSchema | undefined,
): unknown {
  try {
    return decodeBody(bytes, schemaOf);
  } catch (error) {
    if (error instanceof ValueError) {
      throw newBadRequest(`the body of the request is no protobuf object: ${error.message}`);
    }
    throw error;
  }
}

function decodeBody(
  bytes: Uint8Array,
  schemaOf: (gvk: GroupVersionKind) => ObjectSchema | undefined,
): unknown {
  if (PROTOBUF_PREFIX.some((byte, i) => bytes[i] !== byte)) {
    throw new ValueError('provided data does not appear to be a protobuf message');
  }
  const unknown = readUnknown(bytes.subarray(PROTOBUF_PREFIX.length));
  if (unknown.contentEncoding !== '') {
    throw new ValueError(`content encoding ${JSON.stringify(unknown.contentEncoding)}`);
  }
  const { apiVersion, kind } = unknown;
  const schema = schemaOf(groupVersionKindOf(apiVersion, kind));
  if (schema === undefined) {
    throw newBadRequest(
      `no kind ${JSON.stringify(kind)} is registered here for version ${JSON.stringify(apiVersion)}`,
    );
  }
  const value: Fields = { kind, apiVersion };
  readMessage(unknown.raw, schema, value, 0);
  return value;
}

function groupVersionKindOf(apiVersion: string, kind: string): GroupVersionKind {
  const slash = apiVersion.indexOf('/');
  const group = slash < 0 ? '' : apiVersion.slice(0, slash);
  return { group, version: apiVersion.slice(slash + 1), kind };
}

/** A `runtime.Unknown`. */
interface Unknown {
  readonly apiVersion: string;
  readonly kind: string;
  readonly raw: Uint8Array;
  readonly contentEncoding: string;
}

function readUnknown(bytes: Uint8Array): Unknown {
  const fields = lengthFields(bytes);
  const typeMeta = lengthFields(fields.get(1) ?? NOTHING);
  const text = (found: Uint8Array | undefined) => utf8Text(found ?? NOTHING);
  return {
    apiVersion: text(typeMeta.get(1)),
    kind: text(typeMeta.get(2)),
    raw: fields.get(2) ?? NOTHING,
    contentEncoding: text(fields.get(3)),
  };
}

const NOTHING = new Uint8Array();

/** A small message's texts and messages; the last of each number. */
function lengthFields(bytes: Uint8Array): Map<number, Uint8Array> {
  const reader = new ProtobufReader(bytes);
  const found = new Map<number, Uint8Array>();
  while (!reader.isAtEnd) {
    const { number, wire } = reader.tag();
    if (wire === LENGTH) found.set(number, reader.bytes());
    else reader.skip(wire);
  }
  return found;
}

/** Reads a message's fields into an object. */
function readMessage(bytes: Uint8Array, schema: ObjectSchema, into: Fields, depth: number): void {
  if (depth > MAX_DEPTH) throw new ValueError('exceeded max depth');
  const reader = new ProtobufReader(bytes);
  const plan = planOf(schema);
  while (!reader.isAtEnd) {
    const { number, wire } = reader.tag();
    const embedded = schema.embedded?.get(number);
    const field = plan.get(number);
    if (embedded && wire === LENGTH) readMessage(reader.bytes(), embedded, into, depth + 1);
    else if (field) readField(reader, wire, field, into, depth);
    else reader.skip(wire);
  }
}

function readField(
  reader: ProtobufReader,
  wire: number,
  { name, schema, keepsEmpty }: FieldPlan,
  into: Fields,
  depth: number,
): void {
  if (schema.type === 'map') {
    readEntry(messageBytes(reader, wire), schema, own(into, name, () => ({})) as Fields, depth);
    return;
  }
  if (schema.type === 'list') {
    const list = own(into, name, () => []) as unknown[];
    const isPacked = wire === LENGTH && isNumeric(schema.items);
    if (isPacked) readPacked(reader.bytes(), schema.items as ScalarSchema, list);
    else list.push(readValue(reader, wire, schema.items, depth));
    return;
  }
  // A message that comes in two parts is one message.
  const before = schema.type === 'object' ? into[name] : undefined;
  const value = readValue(reader, wire, schema, depth, before as Fields | undefined);
  if (value === undefined || (!keepsEmpty && isEmpty(value, schema))) delete into[name];
  else setOwn(into, name, value);
}

/** Is it what Go writes for a plain value that nobody set? Messages it writes only when they are set. */
function isEmpty(value: unknown, schema: Schema): boolean {
  if (schema.type === 'string' && schema.format === 'int-or-string') return false;
  return value === '' || value === 0 || value === false;
}

/** A field's value, made if it is not there yet. */
function own(into: Fields, name: string, make: () => unknown): unknown {
  if (!Object.hasOwn(into, name)) setOwn(into, name, make());
  return into[name];
}

function isNumeric({ type }: Schema): boolean {
  return type === 'integer' || type === 'number' || type === 'boolean';
}

function readPacked(bytes: Uint8Array, schema: ScalarSchema, list: unknown[]): void {
  const reader = new ProtobufReader(bytes);
  const wire = schema.type === 'number' ? FIXED64 : VARINT;
  while (!reader.isAtEnd) list.push(readScalar(reader, wire, schema));
}

/** One key and value of a map: a message with `key = 1` and `value = 2`. */
function readEntry(bytes: Uint8Array, schema: MapSchema, map: Fields, depth: number): void {
  const reader = new ProtobufReader(bytes);
  let key = '';
  let value: unknown;
  while (!reader.isAtEnd) {
    const { number, wire } = reader.tag();
    if (number === 1) key = utf8Text(messageBytes(reader, wire));
    else if (number === 2) value = readValue(reader, wire, schema.values, depth + 1);
    else reader.skip(wire);
  }
  setOwn(map, key, value ?? emptyValue(schema.values));
}

/** What a map's entry without a value has. */
function emptyValue({ type }: Schema): unknown {
  if (type === 'list') return [];
  return type === 'string' ? '' : null;
}

function readValue(
  reader: ProtobufReader,
  wire: number,
  schema: Schema,
  depth: number,
  before: Fields = {},
): unknown {
  switch (schema.type) {
    case 'object': {
      readMessage(messageBytes(reader, wire), schema, before, depth + 1);
      return before;
    }
    case 'any':
      return readRaw(messageBytes(reader, wire));
    case 'list':
    case 'map': {
      // A list in a map or in a list has a message around it, and is that message's field 1.
      const around: Fields = {};
      const plan = { name: 'items', schema, keepsEmpty: true };
      if (depth > MAX_DEPTH) throw new ValueError('exceeded max depth');
      const inner = new ProtobufReader(messageBytes(reader, wire));
      while (!inner.isAtEnd) {
        const tag = inner.tag();
        if (tag.number === 1) readField(inner, tag.wire, plan, around, depth + 1);
        else inner.skip(tag.wire);
      }
      return around.items ?? (schema.type === 'list' ? [] : {});
    }
    default:
      return readScalar(reader, wire, schema);
  }
}

function messageBytes(reader: ProtobufReader, wire: number): Uint8Array {
  if (wire !== LENGTH) throw new ValueError(`proto: wrong wireType = ${wire}`);
  return reader.bytes();
}

/** Any JSON: a message whose field 1 is the JSON's text. */
function readRaw(bytes: Uint8Array): unknown {
  const raw = lengthFields(bytes).get(1);
  if (raw === undefined || raw.length === 0) return undefined;
  try {
    return JSON.parse(utf8Text(raw)) as unknown;
  } catch (error) {
    if (error instanceof ValueError) throw error;
    throw new ValueError('a field that holds JSON holds something else');
  }
}

function readScalar(reader: ProtobufReader, wire: number, { type, format }: ScalarSchema): unknown {
  switch (format) {
    case 'byte':
      return base64Text(messageBytes(reader, wire));
    case 'quantity':
      return utf8Text(lengthFields(messageBytes(reader, wire)).get(1) ?? NOTHING) || '0';
    case 'int-or-string':
      return readIntOrString(messageBytes(reader, wire));
    case 'date-time':
    case 'micro-time':
      return readTimestamp(messageBytes(reader, wire), format === 'micro-time');
    case 'duration':
      return durationText(varintFields(messageBytes(reader, wire)).get(1) ?? 0n);
    default:
      return readPlain(reader, wire, type);
  }
}

function readPlain(reader: ProtobufReader, wire: number, type: ScalarSchema['type']): unknown {
  if (type === 'string') return utf8Text(messageBytes(reader, wire));
  if (wire !== (type === 'number' ? FIXED64 : VARINT)) {
    throw new ValueError(`proto: wrong wireType = ${wire}`);
  }
  if (type === 'number') return reader.double();
  return type === 'boolean' ? reader.smallVarint() !== 0 : Number(reader.int64());
}

/** A small message's whole numbers; the last of each number. */
function varintFields(bytes: Uint8Array): Map<number, bigint> {
  const reader = new ProtobufReader(bytes);
  const found = new Map<number, bigint>();
  while (!reader.isAtEnd) {
    const { number, wire } = reader.tag();
    if (wire === VARINT) found.set(number, reader.int64());
    else reader.skip(wire);
  }
  return found;
}

function readIntOrString(bytes: Uint8Array): unknown {
  const numbers = varintFields(bytes);
  if (numbers.get(1) === 1n) return utf8Text(lengthFields(bytes).get(3) ?? NOTHING);
  return Number(numbers.get(2) ?? 0n);
}

/** @returns `undefined` for the zero time, which means not set */
function readTimestamp(bytes: Uint8Array, isMicro: boolean): string | undefined {
  const fields = varintFields(bytes);
  const seconds = Number(fields.get(1) ?? 0n);
  const nanos = Number(fields.get(2) ?? 0n);
  if (seconds === 0 && nanos === 0) return undefined;
  // Years 0 to 9999, as in texts.
  if (seconds < -62_167_219_200 || seconds >= 253_402_300_800 || nanos < 0 || nanos > 999_999_999) {
    throw new ValueError('a time is out of range');
  }
  const text = new Date(seconds * 1000).toISOString().slice(0, 19);
  if (!isMicro) return `${text}Z`;
  return `${text}.${String(Math.floor(nanos / 1000)).padStart(6, '0')}Z`;
}

/** So many bytes at once become arguments of one call. */
const CHUNK = 0x2000;

function base64Text(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += CHUNK) {
    text += String.fromCharCode(...bytes.subarray(i, i + CHUNK));
  }
  return btoa(text);
}
