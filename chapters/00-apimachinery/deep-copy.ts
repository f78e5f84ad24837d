/** Copies of API objects. Given: objects in a cache are shared, so who changes one copies it first. */

/**
 * Copies plain data: objects, arrays and what JSON has besides.
 *
 * @remarks Objects with a class of their own (a `Quantity`, a `Date`) are not copied but shared.
 *
 * @returns a copy that shares no object or array with the original
 */
export function deepCopy<T>(value: T): T {
  if (Array.isArray(value)) return value.map(deepCopy) as T;
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, deepCopy(item)])) as T;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
