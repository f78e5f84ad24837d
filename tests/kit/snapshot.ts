/**
 * A plain deep copy of a value, taken once: what `expect` compares instead of the value itself.
 *
 * A copy holds data only. Each property was read once, getters included, and everything by which
 * an object could answer a comparison for itself (`asymmetricMatch`, `toJSON`, `toString`,
 * iterators, overridden methods) is left behind. See `expect.ts` for who uses it.
 */

import { types } from 'node:util';
import { originalOf, standFor } from './originals.ts';
import { isPlatformPrototype } from './platform.ts';

const MAX_VALUES = 300_000;
const MAX_DEPTH = 400;

/** What to leave as it is, and what shape the other side of the comparison has. */
export interface SnapshotOptions {
  /** Values for which this answers true are kept, not copied: the test's own matchers. */
  readonly keep?: (value: object) => boolean;
  /** Getters of a class are shown as properties where this object has a property of that name. */
  readonly wanted?: unknown;
}

/**
 * Copies `value` into plain data.
 *
 * @throws Error when the value is too big or too deep to look at, or when reading it throws
 */
export function snapshot(value: unknown, options: SnapshotOptions = {}): unknown {
  return new Snapshot(options.keep ?? (() => false)).copy(value, options.wanted, 0);
}

class Snapshot {
  private readonly copies = new Map<object, unknown>();
  private readonly keep: (value: object) => boolean;
  private count = 0;

  constructor(keep: (value: object) => boolean) {
    this.keep = keep;
  }

  copy(shown: unknown, wanted: unknown, depth: number): unknown {
    if (typeof shown === 'function') return placeholder(shown);
    if (typeof shown !== 'object' || shown === null) return shown;
    const value = originalOf(shown);
    if (typeof value === 'function' || this.keep(value)) return value;
    const known = this.copies.get(value);
    if (known !== undefined) return known;
    if (++this.count > MAX_VALUES || depth > MAX_DEPTH) {
      throw new Error('the value is too big to look at: more than any right answer here');
    }
    return this.copyObject(value, wanted, depth + 1);
  }

  private copyObject(value: object, wanted: unknown, depth: number): unknown {
    if (Array.isArray(value)) return this.copyArray(value, wanted, depth);
    if (types.isProxy(value)) return this.copyProperties(value, {}, wanted, depth);
    const simple = copyBuiltIn(value);
    if (simple !== undefined) return this.remember(value, simple);
    if (types.isMap(value)) return this.copyMap(value, depth);
    if (types.isSet(value)) return this.copySet(value, depth);
    if (types.isNativeError(value)) return this.copyError(value, wanted, depth);
    return this.copyProperties(value, {}, wanted, depth);
  }

  private remember<T>(value: object, copy: T): T {
    this.copies.set(value, copy);
    standFor(copy as object, value);
    return copy;
  }

  private copyArray(value: readonly unknown[], wanted: unknown, depth: number): unknown[] {
    const length = Math.min(value.length, MAX_VALUES + 1);
    const copy: unknown[] = this.remember(value, []);
    for (let i = 0; i < length; i++) {
      if (++this.count > MAX_VALUES) throw new Error('the array is too long to look at');
      copy.push(this.copy(value[i], propertyOf(wanted, i), depth));
    }
    return copy;
  }

  private copyMap(value: Map<unknown, unknown>, depth: number): Map<unknown, unknown> {
    const copy = this.remember(value, new Map<unknown, unknown>());
    Map.prototype.forEach.call(value, (item, key) => {
      copy.set(this.copy(key, undefined, depth), this.copy(item, undefined, depth));
    });
    return copy;
  }

  private copySet(value: Set<unknown>, depth: number): Set<unknown> {
    const copy = this.remember(value, new Set<unknown>());
    Set.prototype.forEach.call(value, (item) => copy.add(this.copy(item, undefined, depth)));
    return copy;
  }

  private copyError(value: Error, wanted: unknown, depth: number): Error {
    const copy = this.remember(value, new Error(text(value.message)));
    for (const key of ['name', 'message', 'stack'] as const) {
      Object.defineProperty(copy, key, hidden(text(value[key])));
    }
    this.copyProperties(value, copy, wanted, depth);
    return copy;
  }

  private copyProperties<T extends object>(
    value: object,
    copy: T,
    wanted: unknown,
    depth: number,
  ): T {
    this.remember(value, copy);
    for (const key of Reflect.ownKeys(value)) {
      if (typeof key !== 'string' || Object.hasOwn(copy, key)) continue;
      const enumerable = Reflect.getOwnPropertyDescriptor(value, key)?.enumerable === true;
      this.show(copy, key, Reflect.get(value, key), enumerable, wanted, depth);
    }
    for (const key of getterNames(value)) {
      if (Object.hasOwn(copy, key)) continue;
      const asked = typeof wanted === 'object' && wanted !== null && Object.hasOwn(wanted, key);
      this.show(copy, key, Reflect.get(value, key), asked, wanted, depth);
    }
    return copy;
  }

  private show(
    copy: object,
    key: string,
    item: unknown,
    enumerable: boolean,
    wanted: unknown,
    depth: number,
  ): void {
    const shown = this.copy(item, propertyOf(wanted, key), depth);
    const value = key === 'asymmetricMatch' || key === '$$typeof' ? '[left out]' : shown;
    Object.defineProperty(copy, key, { ...hidden(value), enumerable });
  }
}

function hidden(value: unknown): PropertyDescriptor {
  return { value, writable: true, configurable: true, enumerable: false };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function propertyOf(wanted: unknown, key: string | number): unknown {
  if (typeof wanted !== 'object' || wanted === null) return undefined;
  return Object.hasOwn(wanted, key) ? Reflect.get(wanted, key) : undefined;
}

/** A function is compared by identity only, so its stand-in is one frozen object per function. */
const functionPlaceholders = new WeakMap<object, object>();

function placeholder(value: object): object {
  const original = originalOf(value);
  let standIn = functionPlaceholders.get(original);
  if (standIn === undefined) {
    standIn = Object.freeze(() => undefined);
    functionPlaceholders.set(original, standIn);
    standFor(standIn, original);
  }
  return standIn;
}

/** Names of getters on the classes of `value`, nearest class first, the platform's left out. */
function getterNames(value: object): string[] {
  const names: string[] = [];
  let prototype = Object.getPrototypeOf(value) as object | null;
  for (let i = 0; prototype !== null && !isPlatformPrototype(prototype) && i < 20; i++) {
    if (types.isProxy(prototype)) break;
    for (const [key, property] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (property.get !== undefined && key !== '__proto__') names.push(key);
    }
    prototype = Object.getPrototypeOf(prototype) as object | null;
  }
  return names;
}

function copyBuiltIn(value: object): object | undefined {
  if (types.isDate(value)) return new Date(Date.prototype.getTime.call(value));
  if (types.isRegExp(value)) return new RegExp(value);
  if (types.isUint8Array(value)) return Uint8Array.from(bytesOf(value));
  if (types.isAnyArrayBuffer(value)) return Uint8Array.from(new Uint8Array(value)).buffer;
  if (types.isTypedArray(value)) return structuredClone(value);
  if (types.isPromise(value)) return Promise.resolve();
  if (types.isBoxedPrimitive(value)) return {};
  return undefined;
}

const typedArrayProperties = Object.getOwnPropertyDescriptors(
  Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array,
);

/** The bytes of any Uint8Array or Buffer, by its real buffer and not by what its class says. */
function bytesOf(value: Uint8Array): Uint8Array {
  const read = (name: 'buffer' | 'byteOffset' | 'byteLength'): unknown =>
    (typedArrayProperties[name].get as ((this: Uint8Array) => unknown) | undefined)?.call(value);
  return new Uint8Array(
    read('buffer') as ArrayBuffer,
    read('byteOffset') as number,
    read('byteLength') as number,
  );
}
