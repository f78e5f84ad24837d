/** Which objects a list, a watch or a deletecollection is about. Given. */

import { FieldSelector, fieldText, type Selector } from '#apimachinery';
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
  // Watchers are many, and each asks this of each change: only what it asks for is looked up.
  const asked = fieldSelector.requirements.map(({ field }) => [field, textOf(kind, object, field)]);
  return fieldSelector.matches(Object.fromEntries(asked));
}

/** The value of a field that an object can be selected by. */
function textOf(kind: Kind, object: ApiObject, field: string): string {
  if (!kind.selectableFields?.includes(field)) return fieldText(kind, object, field);
  const value = field
    .split('.')
    .reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], object);
  return value === undefined || value === null ? '' : String(value);
}

/**
 * A field selector with the names the kind uses inside.
 *
 * @throws StatusError 400 for a field that the kind cannot be selected by
 */
export function selectorForKind(kind: Kind, selector: FieldSelector): FieldSelector {
  const gvk = { group: kind.group, kind: kind.kind };
  const isOwn = (field: string) => kind.selectableFields?.includes(field) === true;
  const requirements = selector.requirements.flatMap((requirement) =>
    isOwn(requirement.field)
      ? [requirement]
      : new FieldSelector([requirement]).forKind(gvk).requirements,
  );
  return new FieldSelector(requirements);
}
