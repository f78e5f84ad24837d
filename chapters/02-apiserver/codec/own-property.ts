/** Fields whose name somebody else chose. Given. */

/**
 * Sets a field as a field.
 *
 * @remarks A plain assignment to `__proto__` would change what the object inherits from.
 */
export function setOwn(target: Record<string, unknown>, name: string, value: unknown): void {
  if (name !== '__proto__') {
    target[name] = value;
    return;
  }
  const [configurable, enumerable, writable] = [true, true, true];
  Object.defineProperty(target, name, { value, configurable, enumerable, writable });
}
