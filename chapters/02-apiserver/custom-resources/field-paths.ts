/**
 * Paths to a field that stand in a definition: of rules, and of fields to select by. Given.
 *
 * @see k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/validation.go (ValidFieldPath, 1.33)
 */

import { additionalOf, type JsonSchema, propertyOf } from './json-schema.ts';

/** A path that leads to no field; the message says why. */
export class FieldPathError extends Error {
  override readonly name = 'FieldPathError';
}

/** Does a path, `.spec.labels['a.b']`, lead to a field that the schema knows? */
export function hasFieldPath(schema: JsonSchema, path: string): boolean {
  try {
    schemaAtPath(schema, path, true);
    return true;
  } catch {
    return false;
  }
}

/**
 * The schema of what a path leads to.
 *
 * @param brackets - may it have `['key']`?
 * @throws FieldPathError
 */
export function schemaAtPath(schema: JsonSchema, path: string, brackets: boolean): JsonSchema {
  return stepsOf(path, brackets).reduce<JsonSchema>((at, step) => {
    const next = at.properties ? propertyOf(at, step) : additionalOf(at);
    if (!next) throw new FieldPathError('does not refer to a valid field');
    return next;
  }, schema);
}

function stepsOf(path: string, brackets: boolean): string[] {
  const steps: string[] = [];
  let rest = path;
  while (rest !== '') {
    const [whole, name, quoted] = /^(?:\.([^.[\]]+)|\['((?:[^'\\]|\\.)*)'\])/.exec(rest) ?? [];
    if (rest.startsWith('[') && !brackets) {
      throw new FieldPathError('array notation is not allowed');
    }
    if (whole === undefined) {
      const isEnd = rest === '.' || rest === '[';
      throw new FieldPathError(
        isEnd ? 'unexpected end of JSON path' : `expected [ or . but got: ${rest}`,
      );
    }
    steps.push(name ?? (quoted ?? '').replaceAll(/\\(.)/g, '$1'));
    rest = rest.slice(whole.length);
  }
  return steps;
}
