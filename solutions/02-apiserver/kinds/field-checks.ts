/**
 * Small checks that many kinds make of a field. Given.
 *
 * Each gives a list of faults, empty when all is well, so that lists can be joined. An absent value
 * is checked as what it means: absent numbers are 0, as in the real server.
 */

import {
  type FieldError,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
  semanticallyEqual,
} from '#apimachinery';

/** A number must not be below zero. */
export function validateNonNegative(value: number | undefined, path: string): FieldError[] {
  if ((value ?? 0) >= 0) return [];
  return [fieldInvalid(path, value, 'must be greater than or equal to 0')];
}

/** The same for several numbers of one object. */
export function validateNonNegatives<T extends object>(
  object: T,
  fields: readonly (keyof T & string)[],
  path: string,
): FieldError[] {
  return fields.flatMap((field) =>
    validateNonNegative(object[field] as number | undefined, `${path}.${field}`),
  );
}

/** A value must be what it was. */
export function validateImmutable(value: unknown, old: unknown, path: string): FieldError[] {
  if (semanticallyEqual(value, old)) return [];
  return [fieldInvalid(path, value, 'field is immutable')];
}

/** What a check of a text found, as faults of a field. */
export function invalid(path: string, value: unknown, faults: readonly string[]): FieldError[] {
  return faults.map((fault) => fieldInvalid(path, value, fault));
}

/** A value, when there is one, must be one of those there are. */
export function validateOneOf(
  value: string | undefined,
  supported: readonly string[],
  path: string,
): FieldError[] {
  if (value === undefined || supported.includes(value)) return [];
  return [fieldNotSupported(path, value, supported)];
}

/** A value must be there and be one of those there are. */
export function validateRequiredOneOf(
  value: string | undefined,
  supported: readonly string[],
  path: string,
): FieldError[] {
  return value ? validateOneOf(value, supported, path) : [fieldRequired(path)];
}

/** Is a count that may only grow smaller now? */
export function isDecremented(value: number | undefined, old: number | undefined): boolean {
  if (old === undefined) return false;
  return value === undefined || value < old;
}

/** The spec of an object, for reading and writing; made when there is none. */
export function specOf<T extends object>(object: { [field: string]: unknown }): T {
  object.spec ??= {};
  return object.spec as T;
}

/** The status of an object, for reading; an empty one when there is none. */
export function statusOf<T extends object>(object: { [field: string]: unknown }): Partial<T> {
  return (object.status ?? {}) as Partial<T>;
}
