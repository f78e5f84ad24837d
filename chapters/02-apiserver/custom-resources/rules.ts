/**
 * `x-kubernetes-validations`: rules of a schema in CEL, compiled once and asked for each object.
 * Given.
 *
 * The language itself is injected (`cel-compiler.ts`). What is checked of the rules when a
 * definition is written is in `definition-rules.ts`.
 *
 * @see k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/validation.go (1.33)
 */

import {
  type FieldError,
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
} from '#apimachinery';
import type { Json } from '../api-object.ts';
import { equalJson } from '../patch/json-value.ts';
import { type CelCompiler, CelError, type CelProgram } from './cel-compiler.ts';
import {
  additionalOf,
  childPath,
  isFields,
  type JsonFields,
  type JsonSchema,
  ownField,
  propertyOf,
  type ValidationRule,
} from './json-schema.ts';
import { itemKeys } from './list-types.ts';

/** The rules of a value and of all that is in it. */
export interface RuleTree {
  readonly schema: JsonSchema;
  readonly rules: readonly CompiledRule[];
  readonly properties: ReadonlyMap<string, RuleTree>;
  readonly additional: RuleTree | undefined;
  readonly items: RuleTree | undefined;
}

interface CompiledRule {
  readonly rule: ValidationRule;
  readonly program: CelProgram;
  readonly message: CelProgram | undefined;
}

/**
 * Compiles all rules of a schema.
 *
 * @param isObject - is it the schema of a whole resource?
 * @returns `undefined` when it has none
 * @throws CelError for a rule that does not compile; definitions with such rules are refused
 */
export function compileRules(
  schema: JsonSchema,
  compiler: CelCompiler,
  isObject: boolean,
): RuleTree | undefined {
  const inside = (child: JsonSchema | undefined) =>
    child && compileRules(child, compiler, child['x-kubernetes-embedded-resource'] === true);
  const rules = (schema['x-kubernetes-validations'] ?? []).map((rule) => ({
    rule,
    program: compiler.compile(rule.rule, schema, { result: 'bool', isObject }),
    message: rule.messageExpression?.trim()
      ? compiler.compile(rule.messageExpression, schema, { result: 'string', isObject })
      : undefined,
  }));
  const properties = new Map<string, RuleTree>();
  for (const name of Object.keys(schema.properties ?? {})) {
    const tree = inside(propertyOf(schema, name));
    if (tree) properties.set(name, tree);
  }
  const additional = inside(additionalOf(schema));
  const items = inside(schema.items);
  if (rules.length === 0 && properties.size === 0 && !additional && !items) return undefined;
  return { schema, rules, properties, additional, items };
}

/** Has a schema, or something in it, rules? */
export function hasRules(schema: JsonSchema): boolean {
  const { properties = {}, items } = schema;
  const additional = additionalOf(schema);
  return (
    (schema['x-kubernetes-validations'] ?? []).length > 0 ||
    Object.values(properties).some(hasRules) ||
    (items !== undefined && hasRules(items)) ||
    (additional !== undefined && hasRules(additional))
  );
}

/**
 * Asks all rules about a value.
 *
 * @remarks A rule about changes (with `oldSelf`) is asked only where there is an old value; any
 * other only of what has changed. Which old value belongs to a new one is as in `validateBySchema`.
 *
 * @param old - `undefined` for none
 * @param path - `''` for the whole resource
 */
export function checkRules(
  tree: RuleTree,
  value: unknown,
  old: unknown,
  path: string,
): FieldError[] {
  return check(tree, value, old, path, false);
}

/** @param isOuterSame - is what the value is in the same as before? */
function check(
  tree: RuleTree,
  value: unknown,
  old: unknown,
  path: string,
  isOuterSame: boolean,
): FieldError[] {
  if (value === null || value === undefined) return [];
  const isSame = old === undefined ? isOuterSame : equalJson(value as Json, old as Json);
  const own = tree.rules.flatMap((rule) => ask(rule, tree.schema, value, old, path, isSame));
  if (Array.isArray(value)) return [...own, ...checkItems(tree, value, old, path, isSame)];
  if (isFields(value)) return [...own, ...checkFields(tree, value, old, path, isSame)];
  return own;
}

function checkItems(
  { items, schema }: RuleTree,
  list: unknown[],
  old: unknown,
  path: string,
  isSame: boolean,
): FieldError[] {
  if (!items) return [];
  const isMap = schema['x-kubernetes-list-type'] === 'map' && Array.isArray(old);
  const before = new Map(isMap ? old.map((item) => [itemKeys(item, schema), item]) : []);
  return list.flatMap((item, i) =>
    check(items, item, before.get(itemKeys(item, schema)), `${path}[${i}]`, isSame),
  );
}

function checkFields(
  tree: RuleTree,
  fields: JsonFields,
  old: unknown,
  path: string,
  isSame: boolean,
): FieldError[] {
  return Object.keys(fields).flatMap((name) => {
    const known = tree.properties.get(name);
    const child = propertyOf(tree.schema, name) ? known : tree.additional;
    if (!child) return [];
    const before = isFields(old) ? ownField(old, name) : undefined;
    const at = known ? childPath(path, name) : `${path}[${name}]`;
    return check(child, ownField(fields, name), before, at, isSame);
  });
}

function ask(
  { rule, program, message }: CompiledRule,
  schema: JsonSchema,
  self: unknown,
  old: unknown,
  path: string,
  isSame: boolean,
): FieldError[] {
  const oldSelf = old ?? undefined;
  if (program.usesOldSelf ? oldSelf === undefined : isSame) return [];
  const at = path === '' ? '<nil>' : path;
  const type = schema.type ?? '';
  try {
    if (program.evaluate(self, oldSelf) === true) return [];
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    return [fieldInvalid(at, type, failureText(error.message, rule))];
  }
  const field = rule.fieldPath ? withPath(path, rule.fieldPath) : at;
  return [faultOf(rule, field, type, messageText(rule, message, self, oldSelf))];
}

function failureText(why: string, { rule, message }: ValidationRule): string {
  const shown = message?.trim() || rule.trim();
  if (!why.startsWith('no such overload')) return `${why} evaluating rule: ${shown}`;
  return `'${why}': call arguments did not match a supported operator, function or macro signature for rule: ${shown}`;
}

function withPath(path: string, fieldPath: string): string {
  const inside = fieldPath
    .trim()
    .replace(/^\./, '')
    .replaceAll(/\['([^']*)'\]/g, '[$1]');
  return inside.startsWith('[') ? `${path}${inside}` : childPath(path, inside);
}

const MAX_MESSAGE_BYTES = 5 * 1024;

function messageText(
  { rule, message }: ValidationRule,
  expression: CelProgram | undefined,
  self: unknown,
  oldSelf: unknown,
): string {
  const otherwise = message?.trim() || `failed rule: ${rule.trim()}`;
  if (!expression) return otherwise;
  try {
    const made = expression.evaluate(self, oldSelf);
    const text = typeof made === 'string' ? made.trim() : '';
    return text === '' || text.includes('\n') || text.length > MAX_MESSAGE_BYTES ? otherwise : text;
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    return otherwise;
  }
}

function faultOf(
  { reason }: ValidationRule,
  field: string,
  type: string,
  detail: string,
): FieldError {
  switch (reason) {
    case 'FieldValueForbidden':
      return fieldForbidden(field, detail);
    case 'FieldValueRequired':
      return fieldRequired(field, detail);
    case 'FieldValueDuplicate':
      return fieldDuplicate(field, type);
    default:
      return fieldInvalid(field, type, detail);
  }
}

/** For a kind whose objects are not checked: its rules say yes. */
export const withoutRules: CelCompiler = {
  compile: () => ({ usesOldSelf: false, evaluate: () => true }),
};
