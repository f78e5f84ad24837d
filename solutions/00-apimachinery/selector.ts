/**
 * Label selectors: which objects are meant, by their labels.
 *
 * They come as text (`a=b,c in (x,y),!d`) or as `LabelSelector` objects. Tokens are cut in
 * `label-lexer.ts`, names are checked in `names.ts`; selecting by fields is `field-selector.ts`.
 */

import type { LabelSelector } from 'kubernetes-types/meta/v1.js';
import { type TokenKind, TokenReader } from './label-lexer.ts';
import { labelValueFaults, qualifiedNameFaults } from './names.ts';
import {
  type LabelSet,
  parseInt64,
  type Requirement,
  type SelectorOperator,
  valuesFault,
} from './requirement.ts';
import { SelectorError } from './selector-error.ts';

/**
 * Makes a requirement and checks it.
 *
 * @remarks The key must be a qualified name (`qualifiedNameFaults` of `names.ts`), the number and
 * kind of values must fit the operator (`valuesFault` of `requirement.ts`), and every value must be a
 * label value (`labelValueFaults` of `names.ts`; the empty text is one).
 *
 * @param values - in any order, perhaps with repeats; not changed. Repeats go last: `=` with the
 * values `x` and `x` has two values, which is an error
 * @returns the requirement, its values sorted by `<` and without repeats
 * @throws SelectorError when any of this is not so; the message contains the key
 * @exercise apimachinery/selector
 */
export function newRequirement(
  key: string,
  operator: SelectorOperator,
  values: readonly string[] = [],
): Requirement {
  const faults = qualifiedNameFaults(key);
  if (faults.length > 0) {
    throw new SelectorError(`invalid label key ${JSON.stringify(key)}: ${faults.join('; ')}`);
  }
  const unfit = valuesFault(operator, values);
  if (unfit) throw new SelectorError(`${key}: ${unfit}`);
  for (const value of values) {
    const invalid = labelValueFaults(value);
    if (invalid.length === 0) continue;
    const quoted = JSON.stringify(value);
    throw new SelectorError(`invalid label value ${quoted} of ${key}: ${invalid.join('; ')}`);
  }
  return { key, operator, values: [...new Set(values)].sort() };
}

/**
 * Tells whether labels fulfil one requirement.
 *
 * @remarks When the label is missing, only `!`, `!=` and `notin` are fulfilled: "not a" is also true
 * of what has no value at all. `gt` and `lt` compare whole numbers; a label whose value is not a
 * whole number of 64 bits fulfils neither. Only the set's own properties are labels: `{}` has no
 * label `constructor`.
 *
 * @exercise apimachinery/selector
 */
export function matchesRequirement(requirement: Requirement, labels: LabelSet): boolean {
  const { key, operator, values } = requirement;
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  if (value === undefined) return operator === '!' || operator === '!=' || operator === 'notin';
  switch (operator) {
    case 'exists':
      return true;
    case '!':
      return false;
    case '!=':
    case 'notin':
      return !values.includes(value);
    case 'gt':
    case 'lt': {
      const mine = parseInt64(value);
      const limit = parseInt64(values[0] ?? '');
      if (mine === undefined || limit === undefined) return false;
      return operator === 'gt' ? mine > limit : mine < limit;
    }
    default:
      return values.includes(value);
  }
}

/**
 * A label selector: requirements that must all be fulfilled, or a selector that matches nothing.
 *
 * @remarks Without requirements it matches everything. `Selector.nothing` is the one exception; its
 * `requirements` is `undefined`.
 *
 * @see k8s.io/apimachinery/pkg/labels/selector.go (1.33)
 */
export class Selector {
  /** Sorted by key; requirements of one key keep the order they came in. Nothing has none. */
  readonly requirements: readonly Requirement[] | undefined;

  /** @param requirements - in any order; `undefined` makes the selector that matches nothing */
  constructor(requirements: readonly Requirement[] | undefined) {
    this.requirements = requirements && [...requirements].sort(byKey);
  }

  /** Matches whatever there is. */
  static readonly everything = new Selector([]);

  /** Matches no labels at all, not even an empty set. */
  static readonly nothing = new Selector(undefined);

  /**
   * Tells whether labels fulfil all requirements.
   *
   * @param labels - `undefined` is an object without labels
   * @exercise apimachinery/selector
   */
  matches(labels: LabelSet | undefined): boolean {
    const all = this.requirements;
    return all?.every((requirement) => matchesRequirement(requirement, labels ?? {})) ?? false;
  }

  /**
   * The value a label must have for this selector to match.
   *
   * @remarks An index can answer such a selector without looking at every object.
   * @returns the only value of the first requirement on `key`, when that is `=`, `==` or `in` with
   * one value; else `undefined`
   * @exercise apimachinery/selector
   */
  requiredValue(key: string): string | undefined {
    const found = this.requirements?.find((requirement) => requirement.key === key);
    if (!found || !['=', '==', 'in'].includes(found.operator)) return undefined;
    return found.values.length === 1 ? found.values[0] : undefined;
  }

  /**
   * The canonical text, which `parseSelector` reads back as the same selector.
   *
   * @remarks Requirements in the order of `requirements`, joined by `,` without space:
   * `k=v`, `k==v`, `k!=v`, `k in (a,b)`, `k notin (a,b)`, `k`, `!k`, `k>1`, `k<1`. The text of
   * everything and of nothing is empty.
   *
   * @exercise apimachinery/selector
   */
  toString(): string {
    return (this.requirements ?? []).map(requirementText).join(',');
  }
}

function byKey(a: Requirement, b: Requirement): number {
  if (a.key === b.key) return 0;
  return a.key < b.key ? -1 : 1;
}

function requirementText({ key, operator, values }: Requirement): string {
  switch (operator) {
    case 'exists':
      return key;
    case '!':
      return `!${key}`;
    case 'in':
    case 'notin':
      return `${key} ${operator} (${values.join(',')})`;
    case 'gt':
      return `${key}>${values[0]}`;
    case 'lt':
      return `${key}<${values[0]}`;
    default:
      return `${key}${operator}${values[0]}`;
  }
}

/**
 * Reads a label selector.
 *
 * @remarks The grammar, on the tokens of `tokenizeLabelSelector` (`label-lexer.ts`, which also has a
 * `TokenReader` to walk along them):
 *
 * ```text
 * selector     = [ requirement { "," requirement } ]
 * requirement  = [ "!" ] KEY                                   exists, or ! (does not exist)
 *              | KEY ( "=" | "==" | "!=" | ">" | "<" ) [ VALUE ]   no VALUE is the empty one
 *              | KEY ( "in" | "notin" ) "(" [ VALUE ] { "," [ VALUE ] } ")"
 * ```
 *
 * KEY and VALUE are tokens `identifier`, `in` or `notin`: a key may be called `in`. A missing VALUE
 * in a list is the empty value: `a in (x,)` and `a in (,x)` mean `x` or empty, `a in ()` means
 * empty. After `=`, `==`, `!=`, `>` and `<` the VALUE may be missing only before `,` or the end.
 * Text without tokens selects everything.
 *
 * ```text
 * 'b, a in (y,x)'  →  a in (x,y),b        '!a=1'  →  SelectorError: "=" where "," or the end belongs
 * ```
 *
 * @throws SelectorError when the text does not follow the grammar (the message contains the text of
 * the token found there), or when `newRequirement` refuses a requirement
 * @exercise apimachinery/selector
 */
export function parseSelector(text: string): Selector {
  const tokens = new TokenReader(text);
  const requirements: Requirement[] = [];
  if (tokens.take('end')) return Selector.everything;
  do {
    requirements.push(parseRequirement(tokens));
  } while (tokens.take(','));
  if (!tokens.take('end')) throw tokens.unexpected("',' or the end");
  return new Selector(requirements);
}

/** What stands between key and value in text, and the operator it means. */
const INFIX: ReadonlyMap<TokenKind, SelectorOperator> = new Map([
  ['=', '='],
  ['==', '=='],
  ['!=', '!='],
  ['in', 'in'],
  ['notin', 'notin'],
  ['>', 'gt'],
  ['<', 'lt'],
]);

function parseRequirement(tokens: TokenReader): Requirement {
  if (tokens.take('!')) return newRequirement(tokens.word('a key'), '!');
  const key = tokens.word('a key, or ! and a key');
  if (tokens.isAt(',') || tokens.isAt('end')) return newRequirement(key, 'exists');
  const operator = INFIX.get(tokens.next.kind);
  if (!operator) throw tokens.unexpected('in, notin, =, ==, !=, > or <');
  tokens.advance();
  if (operator === 'in' || operator === 'notin') {
    return newRequirement(key, operator, parseValues(tokens));
  }
  const isEmpty = tokens.isAt(',') || tokens.isAt('end');
  return newRequirement(key, operator, [isEmpty ? '' : tokens.word('a value')]);
}

function parseValues(tokens: TokenReader): string[] {
  if (!tokens.take('(')) throw tokens.unexpected("'('");
  const values: string[] = [];
  do {
    const isEmpty = tokens.isAt(',') || tokens.isAt(')');
    values.push(isEmpty ? '' : tokens.word("a value, ',' or ')'"));
  } while (tokens.take(','));
  if (!tokens.take(')')) throw tokens.unexpected("',' or ')'");
  return values;
}

/**
 * Makes a selector from a `LabelSelector` object, as Deployments and Services' owners have it.
 *
 * @remarks `undefined` or `null` matches nothing, an object without requirements everything: a
 * missing selector must not take hold of every pod. `matchLabels` are `=` requirements;
 * `matchExpressions` have the operators `In`, `NotIn`, `Exists` and `DoesNotExist` (meaning `in`,
 * `notin`, `exists`, `!`).
 *
 * @throws SelectorError for any other operator, or when `newRequirement` refuses a requirement
 * @see k8s.io/apimachinery/pkg/apis/meta/v1/helpers.go (1.33), LabelSelectorAsSelector
 * @exercise apimachinery/selector
 */
export function selectorFromObject(selector: LabelSelector | null | undefined): Selector {
  if (!selector) return Selector.nothing;
  const equal = Object.entries(selector.matchLabels ?? {}).map(([key, value]) =>
    newRequirement(key, '=', [value]),
  );
  const expressed = (selector.matchExpressions ?? []).map(({ key, operator, values }) =>
    newRequirement(key, operatorNamed(operator), values ?? []),
  );
  return new Selector([...equal, ...expressed]);
}

const OBJECT_OPERATORS: ReadonlyMap<string, SelectorOperator> = new Map([
  ['In', 'in'],
  ['NotIn', 'notin'],
  ['Exists', 'exists'],
  ['DoesNotExist', '!'],
]);

function operatorNamed(name: string): SelectorOperator {
  const operator = OBJECT_OPERATORS.get(name);
  if (operator) return operator;
  throw new SelectorError(`${JSON.stringify(name)} is not a valid label selector operator`);
}
