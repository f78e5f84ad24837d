/**
 * Field selectors: which objects are meant, by one of the few fields their kind offers.
 *
 * Only text (`spec.nodeName=n1,status.phase!=Running`), only `=` and `!=`. Which fields a kind
 * offers is in `field-labels.ts`; selecting by labels is `selector.ts`, the same exercise.
 */

import { NotImplemented } from '#not-implemented';
import type { GroupKind } from './group-version.ts';
import type { LabelSet } from './requirement.ts';

/** One condition on one field. */
export interface FieldRequirement {
  readonly field: string;
  readonly operator: '=' | '!=';
  readonly value: string;
}

/**
 * A field selector: conditions that must all hold.
 *
 * @see k8s.io/apimachinery/pkg/fields/selector.go (1.33)
 */
export class FieldSelector {
  readonly requirements: readonly FieldRequirement[];

  constructor(requirements: readonly FieldRequirement[]) {
    this.requirements = requirements;
  }

  /**
   * Tells whether fields, as `fieldsOf` gives them, fulfil all conditions.
   *
   * @remarks A missing field has the empty value: it fulfils `a=` and `a!=x`. As with labels, only
   * own properties are fields.
   * @exercise apimachinery/selector
   */
  matches(fields: LabelSet): boolean {
    throw new NotImplemented('apimachinery/selector', 'FieldSelector.matches');
  }

  /**
   * The value a field must have for this selector to match.
   *
   * @returns the value of the first `=` condition on `field`; else `undefined`
   * @exercise apimachinery/selector
   */
  requiredValue(field: string): string | undefined {
    throw new NotImplemented('apimachinery/selector', 'FieldSelector.requiredValue');
  }

  /**
   * The same selector with the names a kind uses inside, after a check that it has those fields.
   *
   * @remarks Each field goes through `internalFieldLabel` of `field-labels.ts`: a Pod's `spec.host`
   * becomes `spec.nodeName`.
   * @throws StatusError what `unsupportedFieldLabel` of that file makes, for the first field that the
   * kind does not have
   * @exercise apimachinery/selector
   */
  forKind(kind: GroupKind): FieldSelector {
    throw new NotImplemented('apimachinery/selector', 'FieldSelector.forKind');
  }

  /**
   * The text, which `parseFieldSelector` reads back as a selector that means the same.
   *
   * @remarks Conditions in the order of `requirements`, `field=value` or `field!=value`, joined by
   * `,`. In a value, `\`, `,` and `=` get a `\` in front; a field is written as it is. The order may
   * be another after reading: `a==1,a=2` is written `a=2,a=1`, and that is read as `a=1,a=2`.
   * @exercise apimachinery/selector
   */
  toString(): string {
    throw new NotImplemented('apimachinery/selector', 'FieldSelector.toString');
  }
}

/**
 * Reads a field selector.
 *
 * @remarks
 * - Terms are separated by `,`; empty terms are skipped. A `\` and the character after it belong
 *   together, so `\,` separates nothing. A term is a field, the first `!=`, `==` or `=` in it, and a
 *   value. `==` means `=`. Nothing is trimmed: space belongs to the name or value.
 * - The field may be empty: `=b` is read; `forKind` then refuses it, since no kind has that field.
 * - A field cannot be escaped: a `\` in it stays (`a\,b=1` has the field `a\,b`), and the operator is
 *   found also behind a `\`.
 * - In a value `\` takes the meaning from the `\`, `,` or `=` after it: `a=x\,y` is one term with the
 *   value `x,y`. A bare `=` in a value, or `\` before anything else or at the end, is an error.
 * - The terms are sorted as they were written, by `<`: `b=1,a=2` becomes `a=2,b=1`.
 *
 * @throws SelectorError for a term without an operator (the message contains the term as it was
 * written) or a value that is not escaped as said
 * @exercise apimachinery/selector
 */
export function parseFieldSelector(text: string): FieldSelector {
  throw new NotImplemented('apimachinery/selector', 'parseFieldSelector');
}
