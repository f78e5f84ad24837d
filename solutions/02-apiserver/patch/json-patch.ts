/**
 * JSON Patch: a list of operations, done one after the other, all of them or none.
 *
 * How the list is read, and what is refused before anything is done, is in
 * `json-patch-operation.ts`. Next: `merge-patch.ts`.
 */

import { deepCopy } from '#apimachinery';
import type { Json } from '../api-object.ts';
import { type JsonPatchOperation, readJsonPatch } from './json-patch-operation.ts';
import { equalJson, type JsonObject, ownValue, setOwn } from './json-value.ts';
import { newUnprocessablePatch } from './patch-error.ts';

/** How much text the values that one patch copies may have together, as JSON. */
export const MAX_COPIED_LENGTH = 3 * 1024 * 1024;

/**
 * Applies a JSON Patch.
 *
 * @remarks `readJsonPatch` (given) makes the operations. They run in order, each on what the ones
 * before it left.
 *
 * A pointer (`path`, `from`) is `''` for the whole document, else a `/` before each token; in a
 * token `~1` stands for `/` and `~0` for `~` (so `~01` is `~1`). A token is an object's key, or an
 * array's index: digits without a leading zero. All tokens but the last must lead to something that
 * is there.
 *
 * | op | does |
 * |---|---|
 * | `add` | sets an object's key, there or not; inserts into an array before the index, which may
 * be the length; `-` appends |
 * | `remove` | takes away what is there; not the whole document |
 * | `replace` | sets an array's item that is there, or an object's key, there or not (the RFC wants
 * it to be there; Kubernetes does not) |
 * | `move` | removes at `from`, then adds at `path`; not into itself (`from` is a true beginning of
 * `path`) |
 * | `copy` | adds at `path` a copy of what is at `from` |
 * | `test` | fails when what is at `path` is not equal to `value` (`equalJson`); an object's key
 * that is not there equals null |
 *
 * `add`, `replace` and `test` need a `value`, which may be null. Of all else an operation has,
 * nothing is looked at.
 *
 * Copies bound: the values that the patch's `copy` operations copy have together at most
 * {@link MAX_COPIED_LENGTH} characters as JSON (`JSON.stringify`), or a few lines could fill the
 * memory.
 *
 * ```text
 * {"a": {"b": [1, 2]}}
 * add     /a/b/1  9              → {"a": {"b": [1, 9, 2]}}
 * add     /a/b/-  3              → {"a": {"b": [1, 9, 2, 3]}}
 * remove  /a/b/0                 → {"a": {"b": [9, 2, 3]}}
 * add     /a/c~1d true           → {"a": {"b": [9, 2, 3], "c/d": true}}
 * move    from /a/b to /x        → {"a": {"c/d": true}, "x": [9, 2, 3]}
 * test    /x/0    8              422, and nothing of all this has happened
 * ```
 *
 * A key may be any text, `__proto__` and `constructor` included: they are fields like all others,
 * and nothing but the result has them (`ownValue` and `setOwn` of `json-value.ts`).
 *
 * @param document - is not changed
 * @param patch - is not changed, and the result shares nothing with it
 * @returns the new document
 * @throws StatusError what `readJsonPatch` throws; `newUnprocessablePatch` (422) when an operation
 * cannot be done: no such `op`, a field it needs is missing, a pointer leads nowhere or is none, an
 * index is none or too large, a test fails, too much is copied
 * @see RFC 6902, RFC 6901; k8s.io/apiserver/pkg/endpoints/handlers/patch.go (1.33), applyJSPatch
 * @exercise apiserver/patch
 */
export function applyJsonPatch(document: Json, patch: Json): Json {
  const operations = readJsonPatch(patch);
  // The whole document is a field of this, so that it too can be replaced.
  const root: JsonObject = { document: deepCopy(document) };
  let copied = 0;
  for (const operation of operations) {
    const { op } = operation;
    const place = placeAt(root, pointer(operation, 'path'));
    if (op === 'add') add(place, operand(operation));
    else if (op === 'remove' && place.parent !== root) remove(place);
    else if (op === 'replace') replace(place, operand(operation));
    else if (op === 'test') test(place, operand(operation));
    else if (op === 'copy') {
      const value = valueAt(placeAt(root, pointer(operation, 'from')));
      copied += JSON.stringify(value).length;
      if (copied > MAX_COPIED_LENGTH) throw newUnprocessablePatch('the copies are too large');
      add(place, deepCopy(value));
    } else if (op === 'move') move(root, operation);
    else throw newUnprocessablePatch(`unexpected operation: ${op}`);
  }
  return root.document as Json;
}

/** Where a pointer points: a field of an object or an item of an array, there or not. */
interface Place {
  readonly parent: JsonObject | Json[];
  readonly token: string;
}

function placeAt(root: JsonObject, tokens: readonly string[]): Place {
  let place: Place = { parent: root, token: 'document' };
  for (const token of tokens) {
    const parent = valueAt(place);
    if (typeof parent !== 'object' || parent === null) throw missing(place.token);
    place = { parent, token };
  }
  return place;
}

function pointer(operation: JsonPatchOperation, field: 'path' | 'from'): string[] {
  const text = operation[field];
  if (text === undefined) throw newUnprocessablePatch(`an operation is missing its ${field}`);
  if (text === '') return [];
  if (!text.startsWith('/')) throw newUnprocessablePatch(`no pointer: ${text}`);
  const tokens = text.slice(1).split('/');
  return tokens.map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function operand({ op, value }: JsonPatchOperation): Json {
  if (value === undefined) throw newUnprocessablePatch(`an operation ${op} is missing its value`);
  return deepCopy(value);
}

function valueAt({ parent, token }: Place): Json {
  const value = Array.isArray(parent) ? parent[indexOf(token)] : ownValue(parent, token);
  if (value === undefined) throw missing(token);
  return value;
}

function indexOf(token: string): number {
  if (!/^(0|[1-9][0-9]*)$/.test(token)) throw newUnprocessablePatch(`no array index: ${token}`);
  return Number(token);
}

function add({ parent, token }: Place, value: Json): void {
  if (!Array.isArray(parent)) {
    setOwn(parent, token, value);
    return;
  }
  const index = token === '-' ? parent.length : indexOf(token);
  if (index > parent.length) throw missing(token);
  parent.splice(index, 0, value);
}

function remove(place: Place): void {
  valueAt(place);
  const { parent, token } = place;
  if (Array.isArray(parent)) parent.splice(indexOf(token), 1);
  else delete parent[token];
}

function replace(place: Place, value: Json): void {
  const { parent, token } = place;
  if (!Array.isArray(parent)) {
    setOwn(parent, token, value);
    return;
  }
  valueAt(place);
  parent[indexOf(token)] = value;
}

function move(root: JsonObject, operation: JsonPatchOperation): void {
  const from = pointer(operation, 'from');
  const path = pointer(operation, 'path');
  if (from.length < path.length && from.every((token, i) => token === path[i])) {
    throw newUnprocessablePatch('a value cannot be moved into itself');
  }
  const source = placeAt(root, from);
  const value = valueAt(source);
  remove(source);
  // Only now, because the removal may have moved what `path` points to.
  add(placeAt(root, path), value);
}

function test(place: Place, wanted: Json): void {
  const { parent, token } = place;
  const isThere = Array.isArray(parent) || Object.hasOwn(parent, token);
  const found = isThere ? valueAt(place) : null;
  if (!equalJson(found, wanted)) throw newUnprocessablePatch(`test failed at ${token}`);
}

function missing(token: string) {
  return newUnprocessablePatch(`nothing is at ${token}`);
}
