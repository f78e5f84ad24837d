/** A JSON Patch as it is read: is it a list of operations at all? Given. Next: `json-patch.ts`. */

import { newBadRequest, newRequestEntityTooLarge } from '#apimachinery';
import type { Json } from '../api-object.ts';
import { isJsonObject, jsonTypeName, ownValue } from './json-value.ts';

/** The most operations one patch may have. */
export const MAX_JSON_PATCH_OPERATIONS = 10_000;

/** One operation. Only the types are known to be right: `op` may be anything, any field missing. */
export interface JsonPatchOperation {
  readonly op: string | undefined;
  readonly path: string | undefined;
  readonly from: string | undefined;
  /** `undefined` when there is none; null is a value. */
  readonly value: Json | undefined;
}

/**
 * Reads a JSON Patch.
 *
 * @throws StatusError 400 BadRequest when it is no list, an item no object, or an `op`, `path` or
 * `from` no text; 413 RequestEntityTooLarge when it has too many operations
 */
export function readJsonPatch(patch: Json): JsonPatchOperation[] {
  if (!Array.isArray(patch)) throw malformed(patch, 'value of type []handlers.jsonPatchOp');
  const operations = patch.map(readOperation);
  if (operations.length > MAX_JSON_PATCH_OPERATIONS) {
    throw newRequestEntityTooLarge(
      `The allowed maximum operations in a JSON patch is ${MAX_JSON_PATCH_OPERATIONS}, got ${operations.length}`,
    );
  }
  return operations;
}

function readOperation(operation: Json): JsonPatchOperation {
  if (!isJsonObject(operation)) throw malformed(operation, 'value of type handlers.jsonPatchOp');
  const text = (field: 'op' | 'path' | 'from'): string | undefined => {
    const value = ownValue(operation, field) ?? undefined;
    if (value === undefined || typeof value === 'string') return value;
    throw malformed(value, `struct field jsonPatchOp.${field} of type string`);
  };
  return {
    op: text('op'),
    path: text('path'),
    from: text('from'),
    value: ownValue(operation, 'value'),
  };
}

function malformed(value: Json, wanted: string) {
  return newBadRequest(
    `error decoding patch: json: cannot unmarshal ${jsonTypeName(value)} into Go ${wanted}`,
  );
}
