/**
 * From client-side to server-side apply. Given: the annotation kubectl's client-side apply leaves.
 *
 * It holds the configuration as it was last applied. Whoever goes over to server-side apply with
 * kubectl (the manager `kubectl`) would meet conflicts with itself; so fields that are as the
 * annotation says may be taken without force. And the annotation is kept as it would be, for the
 * way back.
 */

import type { ApiObject, Json } from '../api-object.ts';
import { isJsonObject, type JsonObject } from '../patch/json-value.ts';
import type { ObjectSchema } from '../schema/schema.ts';
import { compareFields } from './compare-fields.ts';
import { FieldSet } from './field-set.ts';
import { fieldsOf } from './fields-of.ts';

/** Where kubectl keeps the configuration last applied, as JSON text. */
export const LAST_APPLIED_ANNOTATION = 'kubectl.kubernetes.io/last-applied-configuration';

/** The most text all annotations may have together. */
const MAX_ANNOTATIONS_LENGTH = 256 * 1024;

/** Of all managers only this one goes by the annotation. */
const KUBECTL = 'kubectl';

/**
 * The fields an apply may take from others without force, because the annotation says they were
 * this user's all along.
 *
 * @returns the fields of the annotation's configuration that are the same in the live object; empty
 * for all managers but kubectl, and when there is no annotation, or one that cannot be used
 * @see k8s.io/apimachinery/pkg/util/managedfields/internal/lastappliedmanager.go (1.33)
 */
export function lastAppliedFields(
  live: ApiObject | undefined,
  options: { readonly manager: string; readonly schema: ObjectSchema; readonly apiVersion: string },
): FieldSet {
  const text = live?.metadata.annotations?.[LAST_APPLIED_ANNOTATION];
  if (options.manager !== KUBECTL || !text) return new FieldSet();
  const config = parse(text);
  if (config?.apiVersion !== options.apiVersion) return new FieldSet();
  const { added, modified, removed } = compareFields(
    config,
    live as unknown as Json,
    options.schema,
  );
  return fieldsOf(config, options.schema)
    .difference(modified)
    .difference(added)
    .difference(removed);
}

function parse(text: string): JsonObject | undefined {
  try {
    const config: unknown = JSON.parse(text);
    return isJsonObject(config) ? config : undefined;
  } catch {
    return undefined;
  }
}

/**
 * After an apply by kubectl, writes its configuration into the annotation, if the object has one.
 *
 * @param object - is changed
 * @see k8s.io/apimachinery/pkg/util/managedfields/internal/lastappliedupdater.go (1.33)
 */
export function updateLastApplied(object: ApiObject, config: ApiObject, manager: string): void {
  const { annotations } = object.metadata;
  if (manager !== KUBECTL || !annotations?.[LAST_APPLIED_ANNOTATION]) return;
  const { [LAST_APPLIED_ANNOTATION]: _, ...others } = annotations;
  const text = `${JSON.stringify(sorted(withoutAnnotation(config)))}\n`;
  const all = Object.entries({ ...others, [LAST_APPLIED_ANNOTATION]: text });
  const length = all.reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  object.metadata = {
    ...object.metadata,
    annotations: length > MAX_ANNOTATIONS_LENGTH ? others : Object.fromEntries(all),
  };
}

function withoutAnnotation(config: ApiObject): Json {
  const { annotations } = config.metadata;
  if (annotations === undefined) return config as unknown as Json;
  const { [LAST_APPLIED_ANNOTATION]: _, ...others } = annotations;
  return { ...config, metadata: { ...config.metadata, annotations: others } } as unknown as Json;
}

/** With fields in order, as Go writes them. */
function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isJsonObject(value)) return value;
  const keys = Object.keys(value).sort();
  return Object.fromEntries(keys.map((key) => [key, sorted(value[key] as Json)]));
}
