/** Which objects a list, a watch or a deletecollection is about. Given. */

import { type FieldSelector, fieldsOf, type Selector } from '#apimachinery';
import type { ApiObject } from '../api-object.ts';
import type { Kind } from '../kinds/kind.ts';

/** Objects by namespace, labels and fields. */
export interface Selection {
  /** `''` for all, or for what has none. */
  readonly namespace: string;
  readonly labelSelector?: Selector;
  /** With the kind's own names for fields (`FieldSelector.forKind`). */
  readonly fieldSelector?: FieldSelector;
}

/** Does the selection look at more than the namespace? */
export function isSelective({ labelSelector, fieldSelector }: Selection): boolean {
  const fields = fieldSelector?.requirements.length ?? 0;
  return fields > 0 || (labelSelector !== undefined && String(labelSelector) !== '');
}

/** Is an object, which is in the selection's namespace, one of the selected? */
export function isSelected(kind: Kind, selection: Selection, object: ApiObject): boolean {
  const { labelSelector, fieldSelector } = selection;
  if (labelSelector && !labelSelector.matches(object.metadata.labels ?? {})) return false;
  if (!fieldSelector || fieldSelector.requirements.length === 0) return true;
  return fieldSelector.matches(fieldsOf({ group: kind.group, kind: kind.kind }, object));
}
