/**
 * Checks of the rules in a definition's schema: their texts, and whether they compile. Given.
 *
 * Asking the rules about objects is `rules.ts`. What rules cost is not estimated here, as the real
 * server does.
 *
 * @see k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go (1.33)
 */

import {
  type FieldError,
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
} from '#apimachinery';
import { type CelCompiler, CelError } from './cel-compiler.ts';
import { hasFieldPath } from './field-paths.ts';
import { additionalOf, type JsonSchema, type ValidationRule } from './json-schema.ts';

const REASONS = [
  'FieldValueDuplicate',
  'FieldValueForbidden',
  'FieldValueInvalid',
  'FieldValueRequired',
];

const hasNewline = (text: string) => /[\n\r]/.test(text);

/** Faults of the rules of one schema as texts, those further in left out. */
export function validateRuleTexts(schema: JsonSchema, path: string): FieldError[] {
  const rules = schema['x-kubernetes-validations'] ?? [];
  return rules.flatMap((rule, i) =>
    validateText(rule, schema, `${path}.x-kubernetes-validations[${i}]`),
  );
}

function validateText(rule: ValidationRule, schema: JsonSchema, path: string): FieldError[] {
  const { messageExpression = '', reason, fieldPath = '' } = rule;
  const faults = validateRuleAndMessage(rule, path);
  if (messageExpression !== '' && messageExpression.trim() === '') {
    const why = 'messageExpression must be non-empty if specified';
    faults.push(fieldRequired(`${path}.messageExpression`, why));
  }
  if (reason !== undefined && !REASONS.includes(reason)) {
    faults.push(fieldNotSupported(`${path}.reason`, reason, REASONS));
  }
  if (rule.optionalOldSelf) {
    const why = 'this server has no optional values in rules';
    faults.push(fieldForbidden(`${path}.optionalOldSelf`, why));
  }
  if (fieldPath === '') return faults;
  const wrong = (why: string) => faults.push(fieldInvalid(`${path}.fieldPath`, fieldPath, why));
  if (fieldPath.trim() === '') wrong('fieldPath must be non-empty if specified');
  if (hasNewline(fieldPath)) wrong('fieldPath must not contain line breaks');
  if (!hasFieldPath(schema, fieldPath)) wrong('fieldPath must be a valid path');
  return faults;
}

function validateRuleAndMessage(
  { rule = '', message = '' }: ValidationRule,
  path: string,
): FieldError[] {
  const text = message.trim();
  if (rule.trim() === '') return [fieldRequired(`${path}.rule`, 'rule is not specified')];
  const at = `${path}.message`;
  if (message !== '' && text === '') {
    return [fieldInvalid(at, message, 'message must be non-empty if specified')];
  }
  if (hasNewline(text)) return [fieldInvalid(at, message, 'message must not contain line breaks')];
  if (!hasNewline(rule.trim()) || text !== '') return [];
  return [fieldRequired(at, 'message must be specified if rule contains line breaks')];
}

/**
 * Faults of rules that do not compile, and of rules about changes where nobody can say what a value
 * was.
 *
 * @param compiler - without one every rule is a fault
 */
export function validateRules(
  schema: JsonSchema,
  path: string,
  compiler: CelCompiler | undefined,
): FieldError[] {
  return validate(schema, path, compiler, true, undefined);
}

/** @param lost - the innermost path outside from where on old values are not known */
function validate(
  schema: JsonSchema,
  path: string,
  compiler: CelCompiler | undefined,
  isObject: boolean,
  lost: string | undefined,
): FieldError[] {
  const { properties = {}, items } = schema;
  const rules = schema['x-kubernetes-validations'] ?? [];
  const inside = (child: JsonSchema, at: string, lostInside = lost) =>
    validate(child, at, compiler, child['x-kubernetes-embedded-resource'] === true, lostInside);
  const additional = additionalOf(schema);
  const knowsItems = schema['x-kubernetes-list-type'] === 'map';
  return [
    ...(additional ? inside(additional, `${path}.additionalProperties`) : []),
    ...Object.entries(properties).flatMap(([name, property]) =>
      inside(property, `${path}.properties[${name}]`),
    ),
    ...(items ? inside(items, `${path}.items`, lost ?? (knowsItems ? undefined : path)) : []),
    ...rules.flatMap((rule, i) => {
      const at = `${path}.x-kubernetes-validations[${i}]`;
      return validateRule(rule, schema, at, { compiler, isObject, lost });
    }),
  ];
}

function validateRule(
  rule: ValidationRule,
  schema: JsonSchema,
  path: string,
  {
    compiler,
    isObject,
    lost,
  }: { compiler: CelCompiler | undefined; isObject: boolean; lost: string | undefined },
): FieldError[] {
  if (compiler === undefined) {
    const why =
      'rules in CEL are not supported: this server was started without a compiler for them';
    return [fieldForbidden(`${path}.rule`, why)];
  }
  const faults: FieldError[] = [];
  const compile = (field: 'rule' | 'messageExpression', result: 'bool' | 'string') => {
    try {
      return compiler.compile(rule[field] ?? '', schema, { result, isObject });
    } catch (error) {
      if (!(error instanceof CelError)) throw error;
      faults.push(fieldInvalid(`${path}.${field}`, rule, error.message));
      return undefined;
    }
  };
  const program = compile('rule', 'bool');
  if (rule.messageExpression) compile('messageExpression', 'string');
  if (program?.usesOldSelf && lost !== undefined) {
    const why = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${lost}`;
    faults.push(fieldInvalid(`${path}.rule`, rule.rule, why));
  }
  return faults;
}
