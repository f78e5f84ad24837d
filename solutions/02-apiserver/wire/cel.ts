/**
 * Rules in CEL, by a library: types from a schema, values as CEL wants them, errors in the API's
 * words. Given.
 *
 * An expression is checked against the types its schema gives, and run on plain values. Functions
 * Kubernetes adds are in `cel-library.ts`.
 *
 * @see k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/compilation.go,
 * k8s.io/apiserver/pkg/cel/common/schemas.go (1.33)
 */

import {
  type ASTNode,
  Environment,
  EvaluationError,
  Optional,
  ParseError,
  TypeError as TypeCheckError,
} from '@marcbachmann/cel-js';
import {
  type CelCompiler,
  CelError,
  type CelFreeProgram,
  type CelProgram,
  type CelWanted,
  type ConditionCompiler,
} from '../custom-resources/cel-compiler.ts';
import {
  additionalOf,
  isFields,
  type JsonSchema,
  propertyOf,
} from '../custom-resources/json-schema.ts';
import {
  CEL_FUNCTIONS,
  CEL_TYPES,
  type CelFormat,
  CelFormats,
  CelSets,
  GO_MATCHES,
} from './cel-library.ts';

/** Makes a compiler; one is enough for a server. */
export function newCelCompiler(): CelCompiler & ConditionCompiler {
  const running = baseEnvironment()
    .registerVariable('self', 'dyn')
    .registerVariable('oldSelf', 'dyn');
  return {
    compile: (expression, schema, wanted) => {
      const text = inLibraryWords(expression.trim());
      const ast = check(text, schema, wanted);
      const run = running.parse(text);
      const toCel = (value: unknown) => toCelValue(value, schemaOf(schema, wanted.isObject));
      return program(run, usesVariable(ast, 'oldSelf'), toCel);
    },
    compileFree,
  };
}

function compileFree(
  expression: string,
  variables: readonly string[],
  result: CelWanted['result'],
): CelFreeProgram {
  const environment = baseEnvironment();
  for (const name of variables) environment.registerVariable(name, 'dyn');
  const text = inLibraryWords(expression.trim());
  const run = checkIn(environment, text, result, result === 'bool');
  return {
    evaluate: (values) => {
      const bound = variables.map((name) => [name, toFreeValue(values[name])]);
      try {
        return run(Object.fromEntries(bound));
      } catch (error) {
        throw new CelError(runningText(error));
      }
    },
  };
}

/** A value of JSON as CEL has it when nobody knows more of it: fields have their own names. */
function toFreeValue(value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (Array.isArray(value)) return value.map(toFreeValue);
  if (isFields(value)) {
    return new Map(Object.entries(value).map(([name, each]) => [name, toFreeValue(each)]));
  }
  return typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : value;
}

function baseEnvironment(): Environment {
  const environment = new Environment({
    enableOptionalTypes: true,
    homogeneousAggregateLiterals: false,
  });
  for (const [name, type] of Object.entries(CEL_TYPES)) environment.registerType(name, type);
  environment.registerConstant('sets', 'Sets', new CelSets());
  environment.registerConstant('format', 'Formats', new CelFormats());
  environment.registerFunction('Format.validate(string): dyn', (it: CelFormat, text: string) => {
    const faults = it.faults(text);
    return faults.length > 0 ? Optional.of(faults) : Optional.none();
  });
  for (const [signature, run] of CEL_FUNCTIONS) {
    environment.registerFunction(signature, run as (...args: unknown[]) => unknown);
  }
  return environment;
}

function program(
  run: (context: Record<string, unknown>) => unknown,
  usesOldSelf: boolean,
  toCel: (value: unknown) => unknown,
): CelProgram {
  return {
    usesOldSelf,
    evaluate: (self, oldSelf) => {
      try {
        return run({ self: toCel(self), oldSelf: toCel(oldSelf) });
      } catch (error) {
        throw new CelError(runningText(error));
      }
    },
  };
}

const grammar = new Environment({ enableOptionalTypes: true });

/**
 * An expression in the words the library has for what Kubernetes means.
 *
 * @remarks The library's `has` takes fields of fields only, not `has(self.items[0].name)`: such a
 * value gets a name first. And `matches` is JavaScript's there: ours, which is Go's, has another
 * name.
 */
function inLibraryWords(text: string): string {
  let ast: unknown;
  try {
    ast = grammar.parse(text).ast;
  } catch {
    // Whoever compiles it says what is wrong.
    return text;
  }
  const edits = editsOf(ast, text).sort((a, b) => b.start - a.start);
  return edits.reduce(
    (made, { start, end, by }) => made.slice(0, start) + by + made.slice(end),
    text,
  );
}

/** Text to put in place of some other. Edits do not overlap. */
interface Edit {
  readonly start: number;
  readonly end: number;
  readonly by: string;
}

function editsOf(node: unknown, text: string): Edit[] {
  if (Array.isArray(node)) return node.flatMap((one) => editsOf(one, text));
  if (!isNode(node)) return [];
  return [...hasEdits(node), ...matchesEdits(node, text), ...editsOf(node.args, text)];
}

function hasEdits({ op, args, range }: Node): Edit[] {
  const [name, [select]] = op === 'call' ? (args as [string, unknown[]]) : ['', []];
  if (name !== 'has' || !isNode(select) || select.op !== '.') return [];
  const [base, field] = select.args as [unknown, string];
  if (!isNode(base) || isChain(base)) return [];
  const own = `has${range.start}`;
  return [
    { start: range.start, end: base.range.start, by: `cel.bind(${own}, (` },
    { start: base.range.end, end: range.end, by: `), has(${own}.${field}))` },
  ];
}

function matchesEdits({ op, args }: Node, text: string): Edit[] {
  const [name, receiver] = op === 'rcall' ? (args as [string, unknown]) : ['', undefined];
  if (name !== 'matches' || !isNode(receiver)) return [];
  const start = text.indexOf(name, receiver.range.end);
  return [{ start, end: start + name.length, by: GO_MATCHES }];
}

function isChain(node: Node): boolean {
  if (node.op !== '.' && node.op !== '.?') return node.op === 'id';
  const [base] = node.args as [unknown];
  return isNode(base) && isChain(base);
}

/** Why an expression came to no result, as the real server says it. */
function runningText(error: unknown): string {
  if (!(error instanceof EvaluationError) && !(error instanceof TypeCheckError)) {
    return error instanceof Error ? error.message : String(error);
  }
  const { summary } = error;
  const [, index] = /index out of bounds, index (\d+)/.exec(summary) ?? [];
  if (index !== undefined) return `index out of bounds: ${index}`;
  if (summary.startsWith('no such overload')) return 'no such overload';
  return summary.replace(/^No such key/, 'no such key');
}

/**
 * Checks an expression against the types of its schema.
 *
 * @throws CelError
 */
function check(text: string, schema: JsonSchema, { result, isObject }: CelWanted): ASTNode {
  return checkIn(typedEnvironment(schemaOf(schema, isObject)), text, result, result === 'bool').ast;
}

function checkIn(
  environment: Environment,
  text: string,
  result: CelWanted['result'],
  isRule: boolean,
): ReturnType<Environment['parse']> {
  const prefix = isRule ? '' : 'messageExpression ';
  try {
    const parsed = environment.parse(text);
    const { valid, type, error } = parsed.check();
    if (!valid) throw error;
    if (type === result || type === 'dyn') return parsed;
  } catch (error) {
    throw new CelError(`${prefix}compilation failed: ${compilingText(error, text)}`);
  }
  const subject = isRule ? 'cel expression' : 'messageExpression';
  throw new CelError(`${subject} must evaluate to a ${result}`);
}

/** What is wrong with an expression, with a mark under the place. */
function compilingText(error: unknown, text: string): string {
  if (!(error instanceof ParseError) && !(error instanceof TypeCheckError)) return String(error);
  const at = Math.max(0, error.range?.start ?? 0);
  // A field that is not there is marked at its dot.
  const start = text[at - 1] === '.' ? at - 1 : at;
  const before = text.slice(0, start);
  const line = before.split('\n').length;
  const column = start - (before.lastIndexOf('\n') + 1);
  const source = text.split('\n')[line - 1] ?? '';
  const what = compilerWords(error.summary, error instanceof ParseError);
  return `ERROR: <input>:${line}:${column + 1}: ${what}\n | ${source}\n | ${'.'.repeat(column)}^`;
}

function compilerWords(summary: string, isSyntax: boolean): string {
  const [, field] = /^No such key: (.*)$/.exec(summary) ?? [];
  if (field !== undefined) return `undefined field '${field}'`;
  const [, variable] = /^Unknown variable: (.*)$/.exec(summary) ?? [];
  if (variable !== undefined) return `undeclared reference to '${variable}' (in container '')`;
  return isSyntax ? `Syntax error: ${summary}` : summary;
}

function usesVariable(node: unknown, name: string): boolean {
  if (Array.isArray(node)) return node.some((one) => usesVariable(one, name));
  if (!isNode(node)) return false;
  return node.op === 'id' ? node.args === name : usesVariable(node.args, name);
}

interface Node {
  readonly op: string;
  readonly args: unknown;
  readonly range: { readonly start: number; readonly end: number };
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value;
}

const TEXT: JsonSchema = { type: 'string' };

/** A schema with what every object has, where it is the schema of an object. */
function schemaOf(schema: JsonSchema, isObject: boolean): JsonSchema {
  if (!isObject) return schema;
  const metadata: JsonSchema = { type: 'object', properties: { name: TEXT, generateName: TEXT } };
  const properties = { ...schema.properties, apiVersion: TEXT, kind: TEXT, metadata };
  return { ...schema, properties };
}

/** An environment that knows the types of a schema. */
function typedEnvironment(schema: JsonSchema): Environment {
  const environment = baseEnvironment();
  const types = new SchemaTypes(environment);
  const self = types.typeOf(schema) ?? 'dyn';
  return environment.registerVariable('self', self).registerVariable('oldSelf', self);
}

/** Gives each object's schema a type with its fields. */
class SchemaTypes {
  readonly #environment: Environment;
  #count = 0;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** @returns `undefined` for a value that rules do not see: its type is not known */
  typeOf(schema: JsonSchema): string | undefined {
    // A null must be comparable.
    if (schema['x-kubernetes-int-or-string'] || schema.nullable) return 'dyn';
    switch (schema.type) {
      case 'array': {
        const items = schema.items && this.typeOf(embedded(schema.items));
        return items && `list<${items}>`;
      }
      case 'object':
        return this.#objectType(schema);
      case 'string':
        return STRING_TYPES[schema.format ?? ''] ?? 'string';
      case 'integer':
        return 'int';
      case 'number':
        return 'double';
      case 'boolean':
        return 'bool';
      default:
        return undefined;
    }
  }

  #objectType(schema: JsonSchema): string | undefined {
    const additional = additionalOf(schema);
    if (additional) {
      const values = this.typeOf(embedded(additional));
      return values && `map<string, ${values}>`;
    }
    const fields: Record<string, string> = {};
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      const escaped = escapeName(name);
      const type = this.typeOf(embedded(property));
      if (escaped !== undefined && type !== undefined) fields[escaped] = type;
    }
    const name = `Object${this.#count++}`;
    this.#environment.registerType(name, { fields });
    // Compared when it is run; here it matters that it may be.
    this.#environment.registerOperator(`${name} == ${name}`, () => true);
    return name;
  }
}

const STRING_TYPES: Readonly<Record<string, string>> = {
  byte: 'bytes',
  duration: 'google.protobuf.Duration',
  date: 'google.protobuf.Timestamp',
  'date-time': 'google.protobuf.Timestamp',
};

function embedded(schema: JsonSchema): JsonSchema {
  return schemaOf(schema, schema['x-kubernetes-embedded-resource'] === true);
}

const RESERVED = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);

const ESCAPES: Readonly<Record<string, string>> = {
  __: '__underscores__',
  '.': '__dot__',
  '-': '__dash__',
  '/': '__slash__',
};

/** A field's name as it is written in rules; `undefined` when it cannot be written. */
function escapeName(name: string): string | undefined {
  if (RESERVED.has(name)) return `__${name}__`;
  if (!/^[A-Za-z_./-][\w./-]*$/.test(name)) return undefined;
  return name.replaceAll(/__|[./-]/g, (part) => ESCAPES[part] ?? part);
}

/** A value of JSON as CEL has it, by its schema: whole numbers, times, bytes; fields under their written names. */
function toCelValue(value: unknown, schema: JsonSchema): unknown {
  if (value === null || value === undefined) return null;
  if (Array.isArray(value)) {
    const items = schema.items ? embedded(schema.items) : {};
    return value.map((item) => toCelValue(item, items));
  }
  if (isFields(value)) return toCelFields(value, schema);
  if (typeof value === 'number') {
    const isWhole = schema.type !== 'number' && Number.isInteger(value);
    return isWhole ? BigInt(value) : value;
  }
  return typeof value === 'string' ? toCelText(value, schema) : value;
}

function toCelFields(fields: Record<string, unknown>, schema: JsonSchema): Map<string, unknown> {
  const additional = additionalOf(schema);
  const made = new Map<string, unknown>();
  for (const [name, value] of Object.entries(fields)) {
    if (additional) {
      made.set(name, toCelValue(value, embedded(additional)));
      continue;
    }
    const property = propertyOf(schema, name);
    const escaped = escapeName(name);
    if (property && escaped !== undefined) made.set(escaped, toCelValue(value, embedded(property)));
  }
  return made;
}

const durations = new Environment().registerVariable('text', 'string');

function toCelText(text: string, { format }: JsonSchema): unknown {
  switch (format) {
    case 'date':
    case 'date-time': {
      const time = new Date(text);
      if (Number.isNaN(time.getTime())) throw new CelError(`invalid timestamp: ${text}`);
      return time;
    }
    case 'duration':
      return durations.evaluate('duration(text)', { text });
    case 'byte':
      return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    default:
      return text;
  }
}
