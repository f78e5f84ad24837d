/**
 * Classes the platform provides: their objects are data or tools, never something a student made.
 */

const classes: readonly { readonly prototype: object }[] = [
  ...[Object, Function, Array, Map, Set, WeakMap, WeakSet, WeakRef, Date, RegExp, Promise],
  ...[Error, TypeError, RangeError, SyntaxError, EvalError, ReferenceError, AggregateError],
  ...[ArrayBuffer, DataView, Uint8Array, Int8Array, Uint16Array, Int16Array, Uint32Array],
  ...[Int32Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array],
  ...[URL, URLSearchParams, TextEncoder, TextDecoder, EventTarget, Event],
  ...[AbortController, AbortSignal, ReadableStream, WritableStream, TransformStream],
];

const prototypes = new Set<unknown>(classes.map((one) => one.prototype));

/** Tells whether this is the `prototype` of a class that the platform provides. */
export function isPlatformPrototype(value: unknown): boolean {
  return prototypes.has(value);
}
