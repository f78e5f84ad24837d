/**
 * Paths within a directory: they must not lead out of it. Given.
 *
 * @see pkg/apis/core/validation/validation.go (1.33), validateLocalDescendingPath and its neighbours
 */

import { type FieldError, fieldInvalid } from '#apimachinery';

/** No part of the path is `..`. */
export function validateNoBacksteps(path: string, field: string): FieldError[] {
  if (!path.split('/').includes('..')) return [];
  return [fieldInvalid(field, path, "must not contain '..'")];
}

/** The path is relative and leads down only. */
export function validateDescendingPath(path: string, field: string): FieldError[] {
  const faults = path.startsWith('/') ? [fieldInvalid(field, path, 'must be a relative path')] : [];
  return [...faults, ...validateNoBacksteps(path, field)];
}

/** The same, and it does not begin with `..`: that is how the kubelet names directories of its own. */
export function validateNonReservedPath(path: string, field: string): FieldError[] {
  const faults = validateDescendingPath(path, field);
  // `../x` has been found already.
  if (path.startsWith('..') && !path.startsWith('../')) {
    faults.push(fieldInvalid(field, path, "must not start with '..'"));
  }
  return faults;
}
