/**
 * One condition on one label: what it is made of, and which values each operator takes. Given;
 * `selector.ts` builds requirements, checks objects against them and writes them as text.
 */

/** How a label's value must relate to the requirement's values. */
export type SelectorOperator = '=' | '==' | '!=' | 'in' | 'notin' | 'exists' | '!' | 'gt' | 'lt';

/** One condition on one label. Made by `newRequirement`, which checks it. */
export interface Requirement {
  readonly key: string;
  readonly operator: SelectorOperator;
  /** Sorted, without repeats. */
  readonly values: readonly string[];
}

/** An object's labels, or its selectable fields: names and their values. */
export type LabelSet = Readonly<Record<string, string>>;

/**
 * Says what is wrong with the number and kind of an operator's values.
 *
 * @remarks
 *
 * | operator | values |
 * |---|---|
 * | `in`, `notin` | one or more |
 * | `=`, `==`, `!=` | exactly one |
 * | `exists`, `!` | none |
 * | `gt`, `lt` | exactly one, a whole number of 64 bits |
 *
 * @returns the fault in words, or `undefined` when the values fit
 */
export function valuesFault(
  operator: SelectorOperator,
  values: readonly string[],
): string | undefined {
  switch (operator) {
    case 'in':
    case 'notin':
      return values.length === 0 ? `${operator} needs at least one value` : undefined;
    case 'exists':
    case '!':
      return values.length > 0 ? `${operator} takes no values` : undefined;
    case 'gt':
    case 'lt':
      return values.length === 1 && parseInt64(values[0] ?? '') !== undefined
        ? undefined
        : `${operator} needs exactly one value, a whole number`;
    default:
      return values.length === 1 ? undefined : `${operator} needs exactly one value`;
  }
}

/**
 * Reads a whole number of 64 bits. A bigint, because 2^53 + 1 equals 2^53 as a number.
 *
 * @returns `undefined` for text that is anything else
 */
export function parseInt64(text: string): bigint | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined;
  const number = BigInt(text.replace('+', ''));
  return BigInt.asIntN(64, number) === number ? number : undefined;
}
