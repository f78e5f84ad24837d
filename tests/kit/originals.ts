/**
 * Which real object stands behind a stand-in: a traced proxy, or the copy that `expect` compares.
 *
 * Classes are asked about here with `isInstance`, because a student's class may answer `instanceof`
 * as it likes.
 */

const behind = new WeakMap<object, object>();

/** Remembers that `standIn` is shown in place of `original`. */
export function standFor(standIn: object, original: object): void {
  behind.set(standIn, original);
}

/** The real object behind a stand-in; anything else is returned as it is. */
export function originalOf<T>(value: T): T {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return value;
  return (behind.get(value) as T | undefined) ?? value;
}

const ordinaryHasInstance = Function.prototype[Symbol.hasInstance];

/** `value instanceof type` by the prototype chain alone, of the original behind `value`. */
export function isInstance(value: unknown, type: unknown): boolean {
  return ordinaryHasInstance.call(type as () => void, originalOf(value));
}
