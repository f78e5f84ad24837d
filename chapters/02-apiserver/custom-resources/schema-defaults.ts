/**
 * Filling in what was left out. Next: `validate-by-schema.ts`.
 */

import { NotImplemented } from '#not-implemented';
import type { JsonFields, JsonSchema } from './json-schema.ts';

/**
 * Sets the defaults of a custom resource's schema.
 *
 * @remarks A field of `properties` that is not there gets its schema's `default`; then the fields
 * that are there are looked at in turn, those just set included. So a default further in is only
 * set when what it is in is there, or has a default itself.
 *
 * Null is a value only where the schema says `nullable`. A field (of `properties`, or of a map with
 * a schema in `additionalProperties`) that is null without being nullable counts as left out: it
 * gets its default, and without one it is removed. A null in a list gets the default of `items`,
 * and without one it stays. What no schema is known of stays as it is. A `default` of null is none
 * (`hasDefault` of `json-schema.ts`, given).
 *
 * ```text
 * spec: {properties: {size: {default: 1}, disk: {properties: {kind: {default: ssd}}}}}
 *
 * {}                        → {}                     spec has no default
 * {spec: {}}                → {spec: {size: 1}}      disk has no default
 * {spec: {disk: {}}}        → {spec: {size: 1, disk: {kind: ssd}}}
 * {spec: {size: null}}      → {spec: {size: 1}}
 * {spec: {disk: null}}      → {spec: {size: 1}}
 * ```
 *
 * @param object - is changed; what is set is a copy: the schema's own default is never part of an
 * object
 * @see k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting/algorithm.go, prunenulls.go
 * (1.33)
 * @exercise apiserver/custom-resources
 */
export function setSchemaDefaults(object: JsonFields, schema: JsonSchema): void {
  throw new NotImplemented('apiserver/custom-resources', 'setSchemaDefaults');
}
