/** Which fields an object has. What counts as a field is in `structure.ts`. Next: `merge-fields.ts`. */

import { NotImplemented } from '#not-implemented';
import type { Json } from '../api-object.ts';
import type { Schema } from '../schema/schema.ts';
import { FieldSet } from './field-set.ts';

/**
 * All fields an object has: what an applier owns that applies it.
 *
 * @remarks `structureOf` (given) tells leaves from branches.
 *
 * - A leaf is a field: its path is in the set.
 * - A branch with fields: what is below each of them. The path of the field itself is in the set,
 *   too, when its value is null or an empty object, and when the schema does not declare it
 *   (`isDeclared`): a key of a map is a field, whatever is in it.
 * - A branch with items: each item's path is in the set, and what is below it. `itemsByElement`
 *   (given) tells their steps; an item without one is left out. Of items with the same step (an
 *   object may have been stored with them) only the path is in the set, and nothing below.
 * - The object itself has no path.
 *
 * ```text
 * spec: {replicas: 3, template: {}, selector: (atomic) {app: web}}, labels: (map) {app: web},
 * ports: (list by port, protocol; protocol's default is TCP) [{port: 80, name: http}]
 *
 * f:spec f:replicas   f:spec f:template   f:spec f:selector   f:labels f:app
 * f:ports k:{"port":80,"protocol":"TCP"}    and below it f:port, f:name; not f:protocol
 * ```
 *
 * @see sigs.k8s.io/structured-merge-diff/v4/typed/tofieldset.go
 * @exercise apiserver/apply
 */
export function fieldsOf(value: Json, schema: Schema): FieldSet {
  throw new NotImplemented('apiserver/apply', 'fieldsOf');
}
