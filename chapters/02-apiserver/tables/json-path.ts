/**
 * Kubernetes' JSONPath, as far as the columns of custom resources need it. Given.
 *
 * `.spec.replicas`, `.items[0]`, `[-1]`, `[0:2]`, `[*]`, `['a.b']`, `.a\.b`, `..name`, and filters:
 * `.status.conditions[?(@.type=="Ready")].status`.
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
 * @throws JsonPathError now when the text is no path; when it is used, for an index beyond a list's end
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
    if (!/^\w/.test(this.#text.slice(this.#at))) return descendants;
    const field = this.#field();
    return (values) => field(descendants(values));
  }

  #brackets(): Step {
    const inside = this.#match(/^[^\]\n]*/) ?? '';
    if (!this.#take(']')) throw new JsonPathError('unterminated array');
    const parts = inside.split(',').map((part) => bracketStep(part.trim()));
    return (values) => parts.flatMap((part) => part(values));
  }

  #filter(): Step {
    const condition = this.#match(/^("(\\.|[^"\\])*"|'(\\.|[^'\\])*'|[^"')])*/) ?? '';
    if (!this.#take(')]')) throw new JsonPathError('unterminated filter');
    const [, left = condition, operator, right = ''] =
      /^([^!<>=]+)([!<>=]+)(.+)$/.exec(condition) ?? [];
    const leftPath = parseJsonPath(left);
    if (operator === undefined) return filtered((item) => leftPath(item).length > 0);
    const compare = COMPARISONS[operator];
    if (!compare) throw new JsonPathError(`unrecognized filter operator ${operator}`);
    const rightPath = parseJsonPath(right);
    return filtered((item) => {
      const [a] = leftPath(item);
      const [b] = rightPath(item);
      return a !== undefined && b !== undefined && compare(a, b);
    });
  }

  #literal(): Step {
    const quoted = this.#match(/^("(\\.|[^"\\])*"|'(\\.|[^'\\])*')/);
    if (quoted !== undefined) return constant(quoted.slice(1, -1).replace(/\\(.)/g, '$1'));
    const number = this.#match(/^[+-]?\d[\d.]*/);
    if (number !== undefined) return constant(Number(number));
    const word = this.#match(/^\w+/);
    if (word === 'true' || word === 'false') return constant(word === 'true');
    if (word !== undefined) throw new JsonPathError(`unrecognized identifier ${word}`);
    const character = JSON.stringify(this.#text[this.#at]);
    throw new JsonPathError(`unrecognized character in action: ${character}`);
  }
}

function constant(value: Json): Step {
  return (values) => values.map(() => value);
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
  if (key !== undefined) return fieldNamed(key.replaceAll('\\', ''));
  if (text === '*') return slice(undefined, undefined, 1);
  const [, start, rest, , end, , step] = /^(-?\d*)((:)(-?\d*))?((?::)(\d*))?$/.exec(text) ?? [];
  if (start === undefined) throw new JsonPathError(`invalid array index ${text}`);
  if (rest === undefined) return oneItem(Number(start));
  return slice(numberIn(start), numberIn(end), numberIn(step) ?? 1);
}

function numberIn(text: string | undefined): number | undefined {
  return text === undefined || text === '' ? undefined : Number(text);
}

function oneItem(index: number): Step {
  return (values) =>
    values.filter(isThere).map((value) => {
      const found = listOf(value).at(index);
      if (found !== undefined) return found;
      const { length } = listOf(value);
      throw new JsonPathError(`array index out of bounds: index ${index}, length ${length}`);
    });
}

function slice(start: number | undefined, end: number | undefined, step: number): Step {
  if (step <= 0) throw new JsonPathError('step must be > 0');
  return (values) =>
    values.filter(isThere).flatMap((value) =>
      listOf(value)
        .slice(start, end)
        .filter((_, index) => index % step === 0),
    );
}

function isThere(value: Json): boolean {
  return value !== null;
}

/** Numbers and texts can be compared; anything else is just not the same. */
function isLess(a: Json, b: Json): boolean {
  if (typeof a !== typeof b) throw new JsonPathError('incompatible types for comparison');
  return typeof a === 'number' ? a < Number(b) : String(a) < String(b);
}

const COMPARISONS: Readonly<Record<string, (a: Json, b: Json) => boolean>> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': isLess,
  '>': (a, b) => isLess(b, a),
  '<=': (a, b) => a === b || isLess(a, b),
  '>=': (a, b) => a === b || isLess(b, a),
};
