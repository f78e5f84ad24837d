/**
 * JSON Patch: a list of operations, done one after the other, all of them or none.
 *
 * How the list is read, and what is refused before anything is done, is in
 * `json-patch-operation.ts`. Next: `merge-patch.ts`.
 */

import { NotImplemented } from '#not-implemented';
import type { Json } from '../api-object.ts';

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
  throw new NotImplemented('apiserver/patch', 'applyJsonPatch');
}
