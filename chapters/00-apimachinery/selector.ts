/**
 * Label selectors: which objects are meant, by their labels.
 *
 * They come as text (`a=b,c in (x,y),!d`) or as `LabelSelector` objects. Tokens are cut in
 * `label-lexer.ts`, names are checked in `names.ts`; selecting by fields is `field-selector.ts`.
 */

import type { LabelSelector } from 'kubernetes-types/meta/v1.js';
import { NotImplemented } from '#not-implemented';
import type { LabelSet, Requirement, SelectorOperator } from './requirement.ts';

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
  throw new NotImplemented('apimachinery/selector', 'newRequirement');
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
  throw new NotImplemented('apimachinery/selector', 'matchesRequirement');
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
    throw new NotImplemented('apimachinery/selector', 'Selector.matches');
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
    throw new NotImplemented('apimachinery/selector', 'Selector.requiredValue');
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
    throw new NotImplemented('apimachinery/selector', 'Selector.toString');
  }
}

function byKey(a: Requirement, b: Requirement): number {
  if (a.key === b.key) return 0;
  return a.key < b.key ? -1 : 1;
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
  throw new NotImplemented('apimachinery/selector', 'parseSelector');
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
  throw new NotImplemented('apimachinery/selector', 'selectorFromObject');
}
