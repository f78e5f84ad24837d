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
  // Spreading keeps the object's form: that costs a fraction of adding its fields one by one.
  const copy: Record<string, unknown> = { ...value };
  for (const key of Object.keys(copy)) {
    const item = copy[key];
    if (typeof item !== 'object' || item === null) continue;
    if (key === '__proto__') defineField(copy, key, deepCopy(item));
    else copy[key] = deepCopy(item);
  }
  return copy as T;
}

/** An assignment would change what the object inherits. */
function defineField(object: object, key: string, value: unknown): void {
  const rights = { writable: true, enumerable: true, configurable: true };
  Object.defineProperty(object, key, { value, ...rights });
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
