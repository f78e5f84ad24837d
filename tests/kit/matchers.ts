/**
 * The test's own matchers for the expected side: `expect.any(String)`, `expect.objectContaining`…
 *
 * Only matchers made here are ever asked anything; an object that merely looks like a matcher is
 * data. See `expect.ts`.
 */

import { frameworkExpect } from './framework.ts';
import { isInstance, originalOf } from './originals.ts';
import { snapshot } from './snapshot.ts';

const made = new WeakSet<object>();

/** Tells whether the test made this matcher. */
export function isMatcher(value: object): boolean {
  return made.has(value);
}

/** The expected side of a comparison: plain data with the test's matchers in it. */
export function expectedSide(value: unknown): unknown {
  return snapshot(value, { keep: isMatcher });
}

function keep<T>(matcher: T): T {
  made.add(matcher as object);
  return matcher;
}

/** Any value of a class, asked by the prototype chain of the original behind the copy. */
class AnyOf {
  readonly $$typeof = Symbol.for('jest.asymmetricMatcher');
  private readonly type: { readonly name: string };

  constructor(type: { readonly name: string }) {
    this.type = type;
  }

  asymmetricMatch(other: unknown): boolean {
    return isInstance(other, this.type);
  }

  toString(): string {
    return 'Any';
  }

  getExpectedType(): string {
    return this.type.name;
  }

  toAsymmetricMatcher(): string {
    return `Any<${this.type.name}>`;
  }
}

const builtIn = new Set<unknown>([
  String,
  Number,
  Boolean,
  BigInt,
  Symbol,
  Object,
  Array,
  Function,
]);

/** What `expect` carries besides being a function. */
export const matchers = {
  /** A value of this class, or of this primitive's type. */
  any(type: unknown): unknown {
    const original = originalOf(type);
    if (builtIn.has(original)) return keep(frameworkExpect.any(original));
    return keep(new AnyOf(original as { readonly name: string }));
  },
  /** Anything but null and undefined. */
  anything: (): unknown => keep(frameworkExpect.anything()),
  /** An object with at least these properties. */
  objectContaining: (properties: object): unknown =>
    keep(frameworkExpect.objectContaining(expectedSide(properties) as object)),
  /** An array with at least these items. */
  arrayContaining: (items: readonly unknown[]): unknown =>
    keep(frameworkExpect.arrayContaining(expectedSide(items) as unknown[])),
  /** A string with this in it. */
  stringContaining: (part: string): unknown => keep(frameworkExpect.stringContaining(part)),
  /** A string that matches. */
  stringMatching: (pattern: string | RegExp): unknown =>
    keep(frameworkExpect.stringMatching(pattern)),
  /** A number within half of `10 ** -digits`. */
  closeTo: (value: number, digits?: number): unknown =>
    keep(frameworkExpect.closeTo(value, digits)),
};
