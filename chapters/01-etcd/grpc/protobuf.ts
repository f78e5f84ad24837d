/**
 * Protobuf as tables: a message type lists its fields, and can be read and written.
 *
 * Written by hand because it turns wire bytes into the values of `rpc.ts` in one step, without the
 * objects in between that a general library makes. The tables are in `messages.ts`; the same schema
 * as text is `rpc.proto`. Primitive values are in `varint.ts`.
 */

import {
  type Cursor,
  ProtobufError,
  readInt64,
  readVarint32,
  sizeOfInt64,
  sizeOfVarint32,
  writeInt64,
  writeVarint32,
} from './varint.ts';

const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;
const FIXED32 = 5;

/** How one kind of value is written. */
interface Kind<V> {
  readonly wireType: typeof VARINT | typeof DELIMITED;
  /** What a field that is not on the wire means; `undefined` for messages, which can be absent. */
  readonly absent: V | undefined;
  read(cursor: Cursor): V;
  size(value: V): number;
  /** @returns the offset after what was written */
  write(target: Buffer, offset: number, value: V): number;
}

/** One field of a message. */
export interface Field<V> {
  readonly number: number;
  readonly kind: Kind<unknown>;
  readonly isRepeated: boolean;
  /** Is set to its default when absent on the wire; others are left out. */
  readonly isRequired: boolean;
  /** Carries the value's type; never there. */
  readonly valueType?: () => V;
}

/** A field for each property of `T`; a property that may be missing takes an `optional` field. */
export type FieldsOf<T> = { readonly [K in keyof T]-?: Field<T[K]> };

type Fields = Record<string, unknown>;

interface NamedField extends Field<unknown> {
  readonly name: string;
  readonly tag: number;
  readonly tagSize: number;
}

/** A message type: reads and writes values of `T`. */
export class MessageType<T> {
  readonly #fields: readonly NamedField[];
  readonly #byNumber: (NamedField | undefined)[] = [];

  constructor(fields: FieldsOf<T>) {
    const named = Object.entries<Field<unknown>>(fields as never).map(([name, field]) => {
      const tag = (field.number << 3) | field.kind.wireType;
      return { ...field, name, tag, tagSize: sizeOfVarint32(tag) };
    });
    this.#fields = named.sort((a, b) => a.number - b.number);
    for (const field of named) this.#byNumber[field.number] = field;
  }

  /**
   * Reads a message.
   *
   * @param bytes - the whole message
   * @throws ProtobufError when it is none
   */
  decode(bytes: Buffer): T {
    return this.read({ bytes, at: 0 }, bytes.length);
  }

  /**
   * Writes a message.
   *
   * @param headroom - how many bytes to leave free before it
   */
  encode(message: T, headroom = 0): Buffer {
    const bytes = Buffer.allocUnsafe(headroom + this.size(message));
    this.write(bytes, headroom, message);
    return bytes;
  }

  /** Reads a message that ends at `end`. */
  read(cursor: Cursor, end: number): T {
    if (end > cursor.bytes.length) throw new ProtobufError('a message is longer than its bytes');
    const message: Fields = {};
    while (cursor.at < end) {
      const tag = readVarint32(cursor);
      const field = this.#byNumber[tag >>> 3];
      if (field?.tag === tag) readField(message, field, cursor);
      else if (field?.isRepeated && (tag & 7) === DELIMITED) readPacked(message, field, cursor);
      else skip(cursor, tag & 7);
    }
    if (cursor.at !== end) throw new ProtobufError('a field is longer than its message');
    this.#fillIn(message);
    return message as T;
  }

  #fillIn(message: Fields): void {
    for (const { isRequired, isRepeated, name, kind } of this.#fields) {
      if (!isRequired || message[name] !== undefined) continue;
      const value = isRepeated ? [] : kind.absent;
      if (value !== undefined) message[name] = value;
    }
  }

  size(message: T): number {
    let size = 0;
    for (const field of this.#fields) {
      const value = (message as Fields)[field.name];
      if (value === undefined || value === field.kind.absent) continue;
      if (!field.isRepeated) size += field.tagSize + field.kind.size(value);
      else for (const one of value as unknown[]) size += field.tagSize + field.kind.size(one);
    }
    return size;
  }

  /** @returns the offset after the message */
  write(target: Buffer, offset: number, message: T): number {
    let at = offset;
    for (const { name, tag, kind, isRepeated } of this.#fields) {
      const value = (message as Fields)[name];
      if (value === undefined || value === kind.absent) continue;
      if (!isRepeated) {
        at = kind.write(target, writeVarint32(target, at, tag), value);
        continue;
      }
      for (const one of value as unknown[]) {
        at = kind.write(target, writeVarint32(target, at, tag), one);
      }
    }
    return at;
  }
}

function readField(message: Fields, { name, kind, isRepeated }: NamedField, cursor: Cursor): void {
  const value = kind.read(cursor);
  if (!isRepeated) message[name] = value;
  else if (message[name] === undefined) message[name] = [value];
  else (message[name] as unknown[]).push(value);
}

/** Numbers that may be repeated can also come in one piece, one after another. */
function readPacked(message: Fields, field: NamedField, cursor: Cursor): void {
  const end = readEnd(cursor);
  while (cursor.at < end) readField(message, field, cursor);
}

function skip(cursor: Cursor, wireType: number): void {
  if (wireType === VARINT) readInt64(cursor);
  else if (wireType === FIXED64) cursor.at += 8;
  else if (wireType === DELIMITED) cursor.at += readVarint32(cursor);
  else if (wireType === FIXED32) cursor.at += 4;
  else throw new ProtobufError(`there is no wire type ${wireType}`);
}

/** Reads a length and gives the end of what has that length. */
function readEnd(cursor: Cursor): number {
  const length = readVarint32(cursor);
  const end = cursor.at + length;
  if (end > cursor.bytes.length) throw new ProtobufError('a field is longer than its message');
  return end;
}

function textKind(encoding: 'latin1' | 'utf8'): Kind<string> {
  const lengthOf = (text: string) =>
    encoding === 'latin1' ? text.length : Buffer.byteLength(text, 'utf8');
  return {
    wireType: DELIMITED,
    absent: '',
    read: (cursor) => {
      const end = readEnd(cursor);
      const text = cursor.bytes.toString(encoding, cursor.at, end);
      cursor.at = end;
      return text;
    },
    size: (text) => {
      const length = lengthOf(text);
      return sizeOfVarint32(length) + length;
    },
    write: (target, offset, text) => {
      const at = writeVarint32(target, offset, lengthOf(text));
      return at + target.write(text, at, encoding);
    },
  };
}

const bytesKind = textKind('latin1');
const stringKind = textKind('utf8');

const boolKind: Kind<boolean> = {
  wireType: VARINT,
  absent: false,
  read: (cursor) => readInt64(cursor) !== 0,
  size: () => 1,
  write: (target, offset, value) => writeVarint32(target, offset, value ? 1 : 0),
};

const int64Kind: Kind<number> = {
  wireType: VARINT,
  absent: 0,
  read: readInt64,
  size: sizeOfInt64,
  write: writeInt64,
};

function bigintKind(asSigned: (bits: bigint) => bigint): Kind<bigint> {
  return {
    wireType: VARINT,
    absent: 0n,
    read: (cursor) => asSigned(readBits(cursor)),
    size: (value) => {
      let size = 1;
      for (let rest = BigInt.asUintN(64, value) >> 7n; rest > 0n; rest >>= 7n) size += 1;
      return size;
    },
    write: (target, offset, value) => {
      let at = offset;
      let rest = BigInt.asUintN(64, value);
      for (; rest > 0x7fn; rest >>= 7n) target[at++] = Number(rest & 0x7fn) | 0x80;
      target[at++] = Number(rest);
      return at;
    },
  };
}

function readBits(cursor: Cursor): bigint {
  let bits = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = cursor.bytes[cursor.at++];
    if (byte === undefined) break;
    bits |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return bits;
  }
  throw new ProtobufError('a number does not end');
}

const idKind = bigintKind((bits) => BigInt.asIntN(64, bits));
const uint64Kind = bigintKind((bits) => BigInt.asUintN(64, bits));

function enumKind(names: readonly string[]): Kind<string> {
  return {
    wireType: VARINT,
    absent: names[0],
    // A number without a name stays what it is, for the check of the request to refuse.
    read: (cursor) => {
      const number = readInt64(cursor);
      return names[number] ?? String(number);
    },
    size: () => 1,
    write: (target, offset, name) =>
      writeVarint32(target, offset, Math.max(0, names.indexOf(name))),
  };
}

function messageKind<T>(type: () => MessageType<T>): Kind<T> {
  return {
    wireType: DELIMITED,
    absent: undefined,
    read: (cursor) => {
      const end = readEnd(cursor);
      return type().read(cursor, end);
    },
    size: (message) => {
      const size = type().size(message);
      return sizeOfVarint32(size) + size;
    },
    write: (target, offset, message) => {
      const of = type();
      return of.write(target, writeVarint32(target, offset, of.size(message)), message);
    },
  };
}

function field<V>(number: number, kind: Kind<V>): Field<V> {
  return { number, kind: kind as Kind<unknown>, isRepeated: false, isRequired: true };
}

/** `bytes` as a string of one character per byte. */
export const bytes = (number: number) => field(number, bytesKind);
/** `string`. */
export const string = (number: number) => field(number, stringKind);
export const bool = (number: number) => field(number, boolKind);
/** `int64` or `uint32` that stays below 2^53: revisions, counts, seconds. */
export const int64 = (number: number) => field(number, int64Kind);
/** `int64` that uses all its bits: lease ids. */
export const id = (number: number) => field(number, idKind);
/** `uint64` that uses all its bits: the ids of clusters and members. */
export const uint64 = (number: number) => field(number, uint64Kind);
/** @param names - the values' names by number; the first is the default */
export const enumeration = <E extends string>(number: number, names: readonly E[]) =>
  field(number, enumKind(names)) as unknown as Field<E>;
/** @param type - in a function, because messages may hold themselves */
export const message = <T>(number: number, type: () => MessageType<T>) =>
  field(number, messageKind(type));

/** A field that is left out when it is not on the wire. */
export const optional = <V>(one: Field<V>): Field<V | undefined> => ({ ...one, isRequired: false });
/** A field that may be there any number of times. */
export const repeated = <V>(one: Field<V>): Field<readonly V[]> =>
  ({ ...one, isRepeated: true }) as unknown as Field<readonly V[]>;
