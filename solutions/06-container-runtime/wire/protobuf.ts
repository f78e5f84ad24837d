/**
 * Protobuf by tables: a message is a table of its fields. What the fields are is `messages.ts`.
 *
 * Scalars that are not on the wire have their zero value, messages are absent. Numbers beyond 2^53
 * occur in times only, which are bigint.
 */

const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;
const FIXED32 = 5;

/** What a field holds. `nanos` is an int64 as bigint, `int` any other whole number. */
export type FieldType =
  | 'string'
  | 'bytes'
  | 'bool'
  | 'int'
  | 'nanos'
  | { readonly values: readonly string[] }
  | { readonly message: () => Message };

/** One field of a message. */
export interface Field {
  readonly number: number;
  readonly type: FieldType;
  readonly shape: 'one' | 'many' | 'map';
}

/** Fields by their names in camelCase. */
export type Message = Readonly<Record<string, Field>>;

type Values = Record<string, unknown>;

/** Thrown for bytes that are no message. */
export class ProtobufError extends Error {
  override readonly name = 'ProtobufError';
}

/** A message as bytes. */
export function encodeMessage(message: Message, value: object): Buffer {
  const out: number[] = [];
  const values = value as Values;
  for (const [name, field] of Object.entries(message)) writeField(out, field, values[name]);
  return Buffer.from(out);
}

function writeField(out: number[], field: Field, value: unknown): void {
  if (value === undefined) return;
  if (field.shape === 'map') {
    for (const [key, one] of Object.entries(value as Record<string, string>)) {
      const entry: number[] = [];
      writeOne(entry, 1, 'string', key);
      writeOne(entry, 2, 'string', one);
      writeBytes(out, field.number, Uint8Array.from(entry));
    }
  } else if (field.shape === 'many') writeMany(out, field, value as readonly unknown[]);
  else if (!isZero(value)) writeOne(out, field.number, field.type, value);
}

/** Lists of numbers go packed, as proto3 writes them. */
function writeMany(out: number[], { number, type }: Field, values: readonly unknown[]): void {
  if (type !== 'int' || values.length === 0) {
    for (const one of values) writeOne(out, number, type, one);
    return;
  }
  const packed: number[] = [];
  for (const one of values) writeVarint(packed, BigInt(one as number));
  writeBytes(out, number, Uint8Array.from(packed));
}

function isZero(value: unknown): boolean {
  return value === '' || value === 0 || value === 0n || value === false;
}

function writeOne(out: number[], number: number, type: FieldType, value: unknown): void {
  if (type === 'string') writeBytes(out, number, new TextEncoder().encode(String(value)));
  else if (type === 'bytes') writeBytes(out, number, value as Uint8Array);
  else if (typeof type === 'object' && 'message' in type) {
    writeBytes(out, number, encodeMessage(type.message(), value as object));
  } else {
    writeVarint(out, BigInt((number << 3) | VARINT));
    writeVarint(out, integerOf(type, value));
  }
}

function integerOf(type: FieldType, value: unknown): bigint {
  if (typeof type !== 'object') return BigInt(value as number | bigint | boolean);
  if (!('values' in type)) throw new ProtobufError('a message is no number');
  const at = type.values.indexOf(String(value));
  if (at < 0) throw new ProtobufError(`${value} is none of ${type.values.join(', ')}`);
  return BigInt(at);
}

function writeBytes(out: number[], number: number, bytes: Uint8Array): void {
  writeVarint(out, BigInt((number << 3) | DELIMITED));
  writeVarint(out, BigInt(bytes.length));
  for (const byte of bytes) out.push(byte);
}

function writeVarint(out: number[], value: bigint): void {
  let left = BigInt.asUintN(64, value);
  while (left > 127n) {
    out.push(Number(left & 127n) | 128);
    left >>= 7n;
  }
  out.push(Number(left));
}

/** Bytes as a message. @throws ProtobufError */
export function decodeMessage(message: Message, bytes: Uint8Array): Values {
  const byNumber = new Map(
    Object.entries(message).map(([name, field]) => [field.number, { name, field }]),
  );
  const values: Values = {};
  for (const [name, field] of Object.entries(message)) {
    const zero = zeroOf(field);
    if (zero !== undefined) values[name] = zero;
  }
  const reader = new Reader(bytes);
  while (!reader.isAtEnd) {
    const tag = Number(reader.varint());
    const known = byNumber.get(tag >>> 3);
    if (known === undefined) reader.skip(tag & 7);
    else readField(reader, tag & 7, known.field, values, known.name);
  }
  return values;
}

function zeroOf({ type, shape }: Field): unknown {
  if (shape === 'map') return {};
  if (shape === 'many') return [];
  if (type === 'string') return '';
  if (type === 'bytes') return new Uint8Array();
  if (type === 'bool') return false;
  if (type === 'int') return 0;
  if (type === 'nanos') return 0n;
  return 'values' in type ? type.values[0] : undefined;
}

function readField(
  reader: Reader,
  wireType: number,
  field: Field,
  values: Values,
  name: string,
): void {
  if (field.shape === 'map') {
    const entry = decodeMessage(MAP_ENTRY, reader.bytes());
    (values[name] as Record<string, string>)[String(entry.key)] = String(entry.value);
  } else if (field.shape === 'many') {
    const list = values[name] as unknown[];
    if (field.type === 'int' && wireType === DELIMITED) {
      const packed = new Reader(reader.bytes());
      while (!packed.isAtEnd) list.push(readOne(packed, field.type));
    } else list.push(readOne(reader, field.type));
  } else values[name] = readOne(reader, field.type);
}

function readOne(reader: Reader, type: FieldType): unknown {
  if (type === 'string') return new TextDecoder().decode(reader.bytes());
  if (type === 'bytes') return reader.bytes().slice();
  if (typeof type === 'object' && 'message' in type)
    return decodeMessage(type.message(), reader.bytes());
  const value = BigInt.asIntN(64, reader.varint());
  if (type === 'nanos') return value;
  if (type === 'bool') return value !== 0n;
  if (type === 'int') return Number(value);
  return type.values[Number(value)] ?? type.values[0];
}

const MAP_ENTRY: Message = {
  key: { number: 1, type: 'string', shape: 'one' },
  value: { number: 2, type: 'string', shape: 'one' },
};

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) break;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
    throw new ProtobufError('unexpected end of a number');
  }

  bytes(): Uint8Array {
    return this.#take(Number(this.varint()));
  }

  /** Newer peers send fields that are not in the tables. */
  skip(wireType: number): void {
    if (wireType === VARINT) this.varint();
    else if (wireType === FIXED64) this.#take(8);
    else if (wireType === FIXED32) this.#take(4);
    else if (wireType === DELIMITED) this.bytes();
    else throw new ProtobufError(`unknown wire type ${wireType}`);
  }

  #take(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new ProtobufError('unexpected end of a message');
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }
}
