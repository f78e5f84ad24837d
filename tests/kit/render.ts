/**
 * Values as TypeScript text: arguments in the steps so far, expected and actual in a failure.
 *
 * What is written can be pasted into a file and means the same value, as far as data goes; `bytes`
 * is the one word that needs a definition (`BYTES_DEFINITION`).
 */

import { types } from 'node:util';
import { isPlatformPrototype } from './platform.ts';
import { snapshot } from './snapshot.ts';

const WIDTH = 96;
const MAX_TEXT = 4_000;
const MANY = 40;

/** Defines the `bytes('…')` that rendered byte strings use. */
export const BYTES_DEFINITION = 'const bytes = (text: string) => new TextEncoder().encode(text);';

/** Knows names of variables: an object that has one is written as it. */
export type NameOf = (value: object) => string | undefined;

const noNames: NameOf = () => undefined;

/** Stands in steps before what only the test has: an object with methods of its own, or a function. */
const TESTS_OWN = "/* the test's */ ";

/**
 * What in these steps cannot be written down: objects and functions of the test, by the names they
 * are passed under.
 */
export function testsOwnIn(lines: readonly string[]): string[] {
  const found = lines.flatMap((line) => [...line.matchAll(/(\w+)?(: )?\/\* the test's \*\/ /g)]);
  return [...new Set(found.map(([, name]) => name ?? 'what is marked'))];
}

/**
 * Writes a value as a TypeScript literal on one line.
 *
 * @param value - an argument a test passes; it is read, never changed
 * @param nameOf - names of objects that the steps so far have put into variables
 */
export function literal(value: unknown, nameOf: NameOf = noNames): string {
  try {
    return write(value, nameOf, 0);
  } catch {
    return '/* a value that cannot be read */ undefined';
  }
}

/** Writes a plain copy for a person: over several lines when long, cut when very long. */
export function inspect(value: unknown): string {
  const oneLine = literal(value);
  const text = oneLine.length <= WIDTH ? oneLine : literalLines(value, '');
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)} … (cut)`;
}

/** An object that a literal stands for wholly: not one of a class, where a step had to make it. */
export function isData(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || types.isProxy(value)) return false;
  if (Array.isArray(value) || types.isMap(value) || types.isSet(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function write(value: unknown, nameOf: NameOf, depth: number): string {
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'bigint') return writeBigint(value);
  if (typeof value === 'symbol') return 'Symbol()';
  if (typeof value === 'function') return nameOf(value) ?? `${ownIn(nameOf)}() => undefined`;
  if (typeof value !== 'object' || value === null)
    return Object.is(value, -0) ? '-0' : String(value);
  const name = nameOf(value);
  if (name !== undefined) return name;
  if (depth > 12) return '/* … */ {}';
  if (open.includes(value)) return '/* the same object again */ {}';
  open.push(value);
  try {
    const special = writeSpecial(value, nameOf, depth);
    if (special !== undefined) return special;
    if (nameOf !== noNames && isDouble(value)) return `${TESTS_OWN}{}`;
    const parts = entries(value).map(
      ([key, item]) => `${key}${isMode(key, item) ? octal(item) : write(item, nameOf, depth + 1)}`,
    );
    return bracket(value, parts, ' ');
  } finally {
    open.pop();
  }
}

/** Only steps say whose a function is; a value that is compared is what it is. */
function ownIn(nameOf: NameOf): string {
  return nameOf === noNames ? '' : TESTS_OWN;
}

/** An object of a class with methods: a literal of its fields would look like it and do nothing. */
function isDouble(value: object): boolean {
  if (isData(value)) return false;
  for (let at = classOf(value); at !== null && !isPlatformPrototype(at); at = classOf(at)) {
    const properties = Object.entries(Object.getOwnPropertyDescriptors(at));
    const isMethod = ([key, { value: own }]: [string, PropertyDescriptor]) =>
      key !== 'constructor' && typeof own === 'function';
    if (properties.some(isMethod)) return true;
  }
  return false;
}

function classOf(value: object): object | null {
  return Object.getPrototypeOf(value) as object | null;
}

/** The objects around the one being written: one that is in itself is not written again. */
const open: object[] = [];

/** Many digits read badly: what is near a power of ten is written with it. */
function writeBigint(value: bigint): string {
  if (String(value).length <= MANY) return `${value}n`;
  for (const more of [0n, 1n, -1n]) {
    const [, sign, front = '', zeros = ''] = /^(-?)(\d+?)(0*)$/.exec(String(value - more)) ?? [];
    if (front.length > 12) continue;
    const power = `${front === '1' ? '' : `${front}n * `}10n ** ${zeros.length}n`;
    const whole = sign === '-' ? `-(${power})` : power;
    return more === 0n ? whole : `${whole} ${more > 0n ? '+' : '-'} 1n`;
  }
  return `${value}n`;
}

function writeSpecial(value: object, nameOf: NameOf, depth: number): string | undefined {
  if (types.isProxy(value)) return write(snapshot(value), nameOf, depth + 1);
  if (types.isUint8Array(value)) return writeBytes(value);
  if (types.isDate(value)) return `new Date(${quote(dateText(value))})`;
  if (types.isRegExp(value)) return String(value);
  if (types.isMap(value)) return `new Map(${write([...value], nameOf, depth + 1)})`;
  if (types.isSet(value)) return `new Set(${write([...value], nameOf, depth + 1)})`;
  if (types.isPromise(value)) return 'Promise.resolve()';
  if (types.isNativeError(value)) return writeError(value, nameOf, depth);
  if (value instanceof AbortSignal) return 'new AbortController().signal';
  if ('toAsymmetricMatcher' in value && typeof value.toAsymmetricMatcher === 'function') {
    return `/* ${String(value.toAsymmetricMatcher())} */`;
  }
  return undefined;
}

function writeError(value: Error, nameOf: NameOf, depth: number): string {
  const own = Object.keys(value).filter((key) => key !== 'name');
  const fields = Object.fromEntries(own.map((key) => [key, Reflect.get(value, key)]));
  const more = own.length === 0 ? '' : ` ${write(fields, nameOf, depth + 1)}`;
  const about = `${value.name}${more}`.replaceAll('/*', '').replaceAll('*/', '');
  const text = `new Error(${quote(value.message)})`;
  return about === 'Error' ? text : `/* ${about} */ ${text}`;
}

function dateText(value: Date): string {
  const time = value.getTime();
  return Number.isNaN(time) ? 'invalid' : value.toISOString();
}

function entries(value: object): [string, unknown][] {
  if (Array.isArray(value)) return value.map((item): [string, unknown] => ['', item]);
  // A getter may count who looks, or have something else to do: it is not asked.
  return Object.entries(Object.getOwnPropertyDescriptors(value))
    .filter(([, { enumerable }]) => enumerable)
    .map(([key, { get, value: item }]) => [`${propertyName(key)}: `, get ? GETTER : item]);
}

const GETTER = '(worked out when it is asked for)';

function propertyName(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : quote(key);
}

/** A file's mode is read by its octal digits. */
export function isMode(name: string, value: unknown): value is number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 8) return false;
  return /(^|[.\s])(mode|defaultMode)(: )?$/.test(name);
}

/** `0o644` */
export function octal(mode: number): string {
  return `0o${mode.toString(8).padStart(3, '0')}`;
}

function bracket(value: object, parts: readonly string[], space: string): string {
  if (Array.isArray(value)) return `[${parts.join(', ')}]`;
  return parts.length === 0 ? '{}' : `{${space}${parts.join(', ')}${space}}`;
}

function literalLines(value: unknown, indent: string): string {
  const oneLine = literal(value);
  const fits = indent.length + oneLine.length <= WIDTH;
  if (fits || typeof value !== 'object' || value === null) return oneLine;
  const plain = Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
  if (!plain) return oneLine;
  const deeper = `${indent}  `;
  const lines = entries(value).map(
    ([key, item]) =>
      `${deeper}${key}${isMode(key, item) ? octal(item) : literalLines(item, deeper)},`,
  );
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  return `${open}\n${lines.join('\n')}\n${indent}${close}`;
}

/** Single quotes, as the course writes strings; a long run of one character as `repeat`. */
function quote(text: string): string {
  const run = /(.)\1{64,}|^(.)\2{31,}$/s.exec(text);
  const character = run?.[1] ?? run?.[2];
  if (run && character !== undefined) {
    const before = text.slice(0, run.index);
    const after = text.slice(run.index + run[0].length);
    const middle = `${quote(character)}.repeat(${run[0].length})`;
    return [before && quote(before), middle, after && quote(after)].filter(Boolean).join(' + ');
  }
  const json = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'");
  return `'${json.replace(/[\u007f-\u009f\u2028\u2029]/g, escapeCharacter)}'`;
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function writeBytes(value: Uint8Array): string {
  const bytes = Uint8Array.from(value);
  const first = bytes[0] ?? 0;
  if (bytes.length > 64 && bytes.every((byte) => byte === first)) {
    return `new Uint8Array(${bytes.length}).fill(${first})`;
  }
  const text = printable(bytes);
  if (text !== undefined) return `bytes(${quote(text)})`;
  return `Uint8Array.of(${bytes.join(', ')})`;
}

function printable(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    // A few control characters read well as \0 or \n; more than that is not text.
    const controls = [...text].filter((character) => character < ' ').length;
    return controls * 4 > text.length ? undefined : text;
  } catch {
    return undefined;
  }
}
