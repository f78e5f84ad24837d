/** The real parsers of YAML and of JSON with its mistakes: `codec/text-parsers.ts`. Given. */

import { createScanner, type JSONScanner } from 'jsonc-parser';
import {
  type DocumentOptions,
  type ParseOptions,
  parseDocument,
  type SchemaOptions,
  stringify,
} from 'yaml';
import { newRequestEntityTooLarge } from '#apimachinery';
import type { TextParsers } from '../codec/text-parsers.ts';

/** The tokens that matter, by the numbers `jsonc-parser` gives them (its own enum cannot be imported). */
const OPEN_BRACE = 1;
const CLOSE_BRACE = 2;
const OPEN_BRACKET = 3;
const CLOSE_BRACKET = 4;
const COMMA = 5;
const TEXT = 10;
const UNKNOWN = 16;
const END = 17;

/** Aliases may make a document this many times larger, and no more. */
const MAX_ALIASES = 100;
/** How deep YAML may nest: its parser calls itself for each level. */
const MAX_YAML_DEPTH = 500;
/** How many lines and items YAML may have: a manifest of a megabyte has half of it. */
const MAX_YAML_PARTS = 40_000;
/** More duplicates than this are not listed. */
const MAX_DUPLICATES = 100;

/**
 * YAML as Go reads it: `yes` is true and `0644` is octal, but `1:30` and `2025-01-01` are texts.
 */
const DIALECT: ParseOptions & DocumentOptions & SchemaOptions = {
  version: '1.1',
  merge: true,
  customTags: (tags) => tags.filter((tag) => typeof tag === 'string' || !isForeign(tag)),
};
const FOREIGN_TAGS = new Set(['binary', 'omap', 'pairs', 'set', 'timestamp']);

function isForeign({ tag, format }: { readonly tag: string; readonly format?: string }): boolean {
  return FOREIGN_TAGS.has(tag.slice('tag:yaml.org,2002:'.length)) || format === 'TIME';
}

/**
 * As in Kubernetes, the last of two equal keys counts. Where an error is, is said by `lineAt`: the
 * parser's own way is dear, for it begins anew with each error.
 */
const OPTIONS = { ...DIALECT, uniqueKeys: false, logLevel: 'error', prettyErrors: false } as const;

/** Parsers made of `yaml` and `jsonc-parser`. */
export function newTextParsers(): TextParsers {
  return { parseYaml, stringifyYaml, duplicateFields };
}

function parseYaml(text: string): unknown {
  checkShape(text);
  const document = parseDocument(text, OPTIONS);
  const [error] = document.errors;
  if (error) throw new Error(`yaml: line ${lineAt(text, error.pos[0])}: ${error.message}`);
  return document.toJS({ maxAliasCount: MAX_ALIASES });
}

/**
 * Fails for a text that may nest too deep, or has so many parts that parsing it would keep everybody
 * else waiting: each costs the parser some twenty microseconds, a megabyte of long lines little.
 *
 * @remarks Counts what can open a level or be a part: brackets and, inside them, commas; lines; and
 * at the beginning of a line its indent and dashes.
 */
function checkShape(text: string): void {
  let brackets = 0;
  let deepest = 0;
  let parts = 0;
  for (const char of text) {
    if (char === '[' || char === '{') brackets++;
    else if ((char === ']' || char === '}') && brackets > 0) brackets--;
    else if (char !== '\n' && char !== '\r' && (char !== ',' || brackets === 0)) continue;
    parts++;
    if (brackets > deepest) deepest = brackets;
  }
  for (const [lead] of text.matchAll(/^[ ]*(?:[-?:] +)*/gm)) {
    if (lead.length > deepest) deepest = lead.length;
    parts += lead.trimStart().length >> 1;
  }
  if (deepest > MAX_YAML_DEPTH) throw new Error('yaml: exceeded max depth');
  if (parts > MAX_YAML_PARTS) {
    throw newRequestEntityTooLarge(
      `limit is ${MAX_YAML_PARTS} lines and items of YAML; as JSON it may have more`,
    );
  }
}

/** The line, from 1 on, that a place in the text is in. */
function lineAt(text: string, position: number): number {
  return text.slice(0, position).split('\n').length;
}

function stringifyYaml(value: unknown): string {
  return stringify(value, { ...DIALECT, lineWidth: 0, aliasDuplicateObjects: false });
}

/** An object or a list that is open at the moment. */
interface Open {
  /** The fields seen; absent in a list. */
  readonly seen?: Set<string>;
  /** Where the reader is in it: a field's name or an item's index. */
  at: string | number;
}

function duplicateFields(json: string): string[] {
  const scanner = createScanner(json, true);
  const found = new Set<string>();
  const stack: Open[] = [];
  let isName = false;
  for (let token: number = scanner.scan(); token !== END; token = scanner.scan()) {
    const open = stack.at(-1);
    switch (token) {
      case OPEN_BRACE:
        stack.push({ seen: new Set(), at: '' });
        isName = true;
        break;
      case OPEN_BRACKET:
        stack.push({ at: 0 });
        isName = false;
        break;
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        stack.pop();
        isName = false;
        break;
      case COMMA:
        if (typeof open?.at === 'number') open.at++;
        isName = open?.seen !== undefined;
        break;
      case TEXT:
        if (isName && open?.seen) noteName(scanner, open, stack, found);
        isName = false;
        break;
      case UNKNOWN:
        return [...found];
    }
    if (found.size >= MAX_DUPLICATES) break;
  }
  return [...found];
}

function noteName(
  scanner: JSONScanner,
  open: Open,
  stack: readonly Open[],
  found: Set<string>,
): void {
  const name = scanner.getTokenValue();
  open.at = name;
  if (open.seen?.has(name)) found.add(pathText(stack));
  else open.seen?.add(name);
}

function pathText(stack: readonly Open[]): string {
  let text = '';
  for (const { at } of stack) {
    if (typeof at === 'number') text += `[${at}]`;
    else text += text === '' ? at : `.${at}`;
  }
  return text;
}
