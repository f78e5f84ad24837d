/**
 * Kubernetes' JSONPath, as far as the columns of custom resources need it. Given.
 *
 * `.spec.replicas`, `.items[0]`, `[-1]`, `[0:2]`, `[*]`, `['a\.b']`, `.a\.b`, `..name`, and
 * filters: `.status.conditions[?(@.type=="Ready")].status`. A dot in a name is written `\.`, in
 * brackets too.
 *
 * @see k8s.io/client-go/util/jsonpath (1.33)
 */

import type { Json } from '../api-object.ts';

/** Finds values: what each step finds in all that the step before has found. */
export type JsonPath = (value: Json) => Json[];

type Step = (values: Json[]) => Json[];

/** A path that cannot be read, or that goes into something it cannot be meant for. */
export class JsonPathError extends Error {}

/**
 * Reads a path.
 *
 * @param text - without the braces of a template: `.spec.x`
 * @returns finds nothing where a field is missing
 * @throws JsonPathError now when the text is no path; when it is used, for an index beyond a list's
 * end and for values that cannot be compared
 */
export function parseJsonPath(text: string): JsonPath {
  const steps = new StepReader(text).read();
  return (value) => steps.reduce((found, step) => step(found), [value]);
}

class StepReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): Step[] {
    const steps: Step[] = [];
    while (this.#at < this.#text.length) {
      const step = this.#step();
      if (step) steps.push(step);
    }
    return steps;
  }

  #step(): Step | undefined {
    if (this.#take('[?(')) return this.#filter();
    if (this.#take('..')) return this.#recursive();
    if (this.#take('[')) return this.#brackets();
    if (this.#take('.')) return this.#field();
    if (this.#take('@') || this.#take('$') || this.#take(' ')) return undefined;
    return this.#literal();
  }

  #take(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  /** Takes what the pattern finds here. */
  #match(pattern: RegExp): string | undefined {
    const found = pattern.exec(this.#text.slice(this.#at))?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #field(): Step {
    const name = this.#match(/^(\\.|[^\\\s.,[\]$@{}])*/) ?? '';
    return name === '*' ? children : fieldNamed(name.replaceAll('\\', ''));
  }

  #recursive(): Step {
    if (this.#take('..')) throw new JsonPathError('invalid multiple recursive descent');
    if (!/^\w/.test(this.#text.slice(this.#at))) return descendants;
    const field = this.#field();
    return (values) => field(descendants(values));
  }

  #brackets(): Step {
    const inside = this.#match(/^[^\]\n]*/) ?? '';
    if (!this.#take(']')) throw new JsonPathError('unterminated array');
    const texts = inside.split(',');
    if (texts.length === 1) return bracketStep(inside);
    const parts = texts.map((text) => bracketStep(text.replace(/^ +| +$/g, '')));
    return (values) => parts.flatMap((part) => part(values));
  }

  #filter(): Step {
    const condition = this.#match(/^("(\\.|[^"\\])*"|'(\\.|[^'\\])*'|[^"')])*/) ?? '';
    if (!this.#take(')]')) throw new JsonPathError('unterminated filter');
    const [, left = condition, operator, right = ''] =
      /^([^!<>=]+)([!<>=]+)(.+)$/.exec(condition) ?? [];
    const leftPath = parseJsonPath(left);
    if (operator === undefined) return filtered((item) => leftPath(item).length > 0);
    const rightPath = parseJsonPath(right);
    return filtered((item) => {
      const a = theOnly(leftPath(item));
      const b = a === undefined ? undefined : theOnly(rightPath(item));
      return a !== undefined && b !== undefined && isTrue(a, operator, b);
    });
  }

  #literal(): Step {
    const quoted = this.#match(/^("(\\.|[^"\\])*"|'(\\.|[^'\\])*')/);
    if (quoted !== undefined) {
      const text = quoted.slice(1, -1).replace(/\\(.)/g, '$1');
      return () => [text];
    }
    const number = this.#match(/^[+-]?[\d.]+/);
    if (number !== undefined) return constant(numberOf(number));
    const word = this.#match(/^[^\s.,[\]$@{}]+/);
    if (word === 'true' || word === 'false') return constant(word === 'true');
    if (word !== undefined && /^\w/.test(word)) return unknownWord(word);
    const character = JSON.stringify(this.#text[this.#at]);
    throw new JsonPathError(`unrecognized character in action: ${character}`);
  }
}

function constant(value: Json): Step {
  return (values) => values.map(() => value);
}

function numberOf(text: string): number {
  const value = Number(text);
  if (Number.isNaN(value)) throw new JsonPathError(`cannot parse number ${text}`);
  return value;
}

/** Templates have words (`range`); a column's path with one can be read, but finds nothing. */
function unknownWord(word: string): Step {
  return () => {
    throw new JsonPathError(`unrecognized identifier ${word}`);
  };
}

function fieldNamed(name: string): Step {
  return (values) =>
    values.flatMap((value) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
      const found = Object.hasOwn(value, name) ? value[name] : undefined;
      return found === undefined ? [] : [found];
    });
}

const children: Step = (values) =>
  values.flatMap((value) =>
    typeof value === 'object' && value !== null ? (Object.values(value) as Json[]) : [],
  );

/** All lists and objects, from the outside in. */
const descendants: Step = (values) =>
  values.flatMap((value) => {
    const inside = children([value]);
    return inside.length === 0 ? [] : [value, ...descendants(inside)];
  });

function filtered(isWanted: (item: Json) => boolean): Step {
  return (values) => values.flatMap((value) => listOf(value).filter(isWanted));
}

function listOf(value: Json): Json[] {
  if (Array.isArray(value)) return value;
  throw new JsonPathError(`${JSON.stringify(value)} is not array or slice`);
}

function bracketStep(text: string): Step {
  const key = /^'([^']*)'$/.exec(text)?.[1];
  if (key !== undefined) {
    const path = parseJsonPath(`.${key}`);
    return (values) => values.flatMap(path);
  }
  if (text === '*') return slice(undefined, undefined, 1);
  const [, start, end, step] = /^(-?\d*)(:-?\d*)?(:-?\d*)?$/.exec(text) ?? [];
  if (start === undefined) throw new JsonPathError(`invalid array index ${text}`);
  const from = numberIn(start);
  if (end === undefined) return oneItem(from ?? 0);
  return slice(from, numberIn(end.slice(1)), numberIn(step?.slice(1)) ?? 1);
}

function numberIn(text: string | undefined): number | undefined {
  return text === undefined || text === '' ? undefined : Number(text);
}

function oneItem(index: number): Step {
  return (values) =>
    values.filter(isThere).map((value) => {
      const found = listOf(value).at(index);
      if (found === undefined) throw outOfBounds(index, listOf(value));
      return found;
    });
}

function outOfBounds(index: number, { length }: readonly Json[]): JsonPathError {
  return new JsonPathError(`array index out of bounds: index ${index}, length ${length}`);
}

/** Unlike JavaScript's: a bound beyond the list is a fault. */
function slice(start: number | undefined, end: number | undefined, step: number): Step {
  return (values) =>
    values.filter(isThere).flatMap((value) => {
      const list = listOf(value);
      const from = boundIn(list, start ?? 0);
      const to = boundIn(list, end ?? list.length);
      if (from === to) return [];
      if (from < 0 || from >= list.length) throw outOfBounds(from, list);
      if (to < 0 || to > list.length) throw outOfBounds(to - 1, list);
      if (from > to) {
        throw new JsonPathError(`starting index ${from} is greater than ending index ${to}`);
      }
      if (step <= 0) throw new JsonPathError('step must be > 0');
      return list.slice(from, to).filter((_, index) => index % step === 0);
    });
}

/** From the end, when it is negative. */
function boundIn({ length }: readonly Json[], bound: number): number {
  return bound < 0 ? bound + length : bound;
}

function isThere(value: Json): boolean {
  return value !== null;
}

/** The one value that is compared; absent when there is none. */
function theOnly(values: readonly Json[]): Json | undefined {
  if (values.length > 1) throw new JsonPathError('can only compare one element at a time');
  return values[0];
}

function isTrue(a: Json, operator: string, b: Json): boolean {
  switch (operator) {
    case '==':
      return isEqual(a, b);
    case '!=':
      return !isEqual(a, b);
    case '<':
      return isLess(a, b);
    case '<=':
      return isLess(a, b) || isEqual(a, b);
    case '>':
      return !(isLess(a, b) || isEqual(a, b));
    case '>=':
      return !isLess(a, b);
    default:
      throw new JsonPathError(`unrecognized filter operator ${operator}`);
  }
}

function isEqual(a: Json, b: Json): boolean {
  mustBeAlike(a, b);
  return a === b;
}

function isLess(a: Json, b: Json): boolean {
  mustBeAlike(a, b);
  if (typeof a === 'boolean') throw new JsonPathError('invalid type for comparison');
  return typeof a === 'number' ? a < Number(b) : String(a) < String(b);
}

/** A whole number and a fraction are not alike: `2` is less than no `7.5`. */
function mustBeAlike(a: Json, b: Json): void {
  const [kind, other] = [kindOf(a), kindOf(b)];
  if (kind === 'object' || other === 'object') {
    throw new JsonPathError('invalid type for comparison');
  }
  if (kind !== other) throw new JsonPathError('incompatible types for comparison');
}

function kindOf(value: Json): string {
  return typeof value === 'number' && !Number.isInteger(value) ? 'fraction' : typeof value;
}
