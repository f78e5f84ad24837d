/** What somebody wants of an object, compared with all of it. Given. */

/**
 * Tells whether `found` has what `wanted` says.
 *
 * @remarks For every field of `wanted`, at any depth, `found` has one that does; what else it has does
 * not count. Lists are as long and have what is wanted item by item; plain values are equal. A field of
 * `wanted` that is `undefined` says nothing.
 */
export function hasFields(found: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(found) &&
      found.length === wanted.length &&
      wanted.every((value, i) => hasFields(found[i], value))
    );
  }
  if (!isPlain(wanted)) return found === wanted;
  return (
    isPlain(found) &&
    Object.entries(wanted).every(
      ([key, value]) => value === undefined || hasFields(found[key], value),
    )
  );
}

/** @returns `found` with the fields of `wanted` over it; lists as a whole are those of `wanted` */
export function withFields<T>(found: T, wanted: T): T {
  return laidOver(found, wanted) as T;
}

function laidOver(found: unknown, wanted: unknown): unknown {
  if (!isPlain(found) || !isPlain(wanted)) return wanted;
  const over = Object.entries(wanted)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => [key, laidOver(found[key], value)]);
  return { ...found, ...Object.fromEntries(over) };
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
