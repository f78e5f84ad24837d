/**
 * What the server needs of CEL, the language of `x-kubernetes-validations` and of conditions of
 * webhooks. Given: the interface.
 *
 * The real compiler is `../wire/cel.ts`, over a library. Without one, a definition that has rules
 * is refused. Where rules are asked is `rules.ts`.
 */

import type { JsonSchema } from './json-schema.ts';

/** Compiles expressions. */
export interface CelCompiler {
  /**
   * @param expression - about `self`, a value of `schema`, and `oldSelf`, what it was before
   * @throws CelError when it is no expression, or does not fit the schema or the result
   */
  compile(expression: string, schema: JsonSchema, wanted: CelWanted): CelProgram;
}

/** Compiles expressions about values of which no schema is known: conditions of webhooks. */
export interface ConditionCompiler {
  /**
   * Compiles an expression about values of which no schema is known.
   *
   * @param variables - the names it may use
   * @throws CelError when it is no expression, or does not come to `result`
   */
  compileFree(
    expression: string,
    variables: readonly string[],
    result: CelWanted['result'],
  ): CelFreeProgram;
}

/** An expression about values of any form. */
export interface CelFreeProgram {
  /**
   * @param values - JSON by variable; a variable without one is null
   * @throws CelError when it cannot be worked out
   */
  evaluate(values: Readonly<Record<string, unknown>>): unknown;
}

export interface CelWanted {
  readonly result: 'bool' | 'string';
  /** Is `self` a whole object, with apiVersion, kind and metadata the schema need not name? */
  readonly isObject: boolean;
}

/** An expression, ready to run any number of times. */
export interface CelProgram {
  /** Does it say something about `oldSelf`? Then it is only asked when there is one. */
  readonly usesOldSelf: boolean;
  /**
   * @param self - JSON
   * @param oldSelf - JSON; `undefined` when there is none
   * @throws CelError when it cannot be worked out: `no such key: x`, `division by zero`
   */
  evaluate(self: unknown, oldSelf: unknown): unknown;
}

/** An expression that cannot be compiled or worked out; the message is for whoever wrote it. */
export class CelError extends Error {
  override readonly name = 'CelError';
}
