/** `$x`, `$(…)`, `$((…))`, splitting at white space, and file names that match. Given. */

import { arithmetic } from './arithmetic.ts';
import type { Streams } from './leave.ts';
import { hasWildcard, LITERAL, matchingFiles, patternRegExp, plainText } from './pattern.ts';
import type { Shell } from './shell.ts';
import type { Word, WordPart } from './syntax.ts';

/** Thrown for `${x:?text}` and for unset variables under `set -u`. */
export class ExpansionError extends Error {
  override readonly name = 'ExpansionError';
}

/** A word as one text, for assignments, `case` and redirections. */
export async function expandText(shell: Shell, word: Word, streams: Streams): Promise<string> {
  return plainText(await expandWord(shell, word, streams));
}

/** A word as one pattern: what was quoted is marked. */
export async function expandWord(shell: Shell, word: Word, streams: Streams): Promise<string> {
  let text = '';
  for (const part of word) {
    const value = await partValue(shell, part, streams);
    text += part.quoted ? marked(value) : value;
  }
  return text;
}

/** Words as the arguments they become. */
export async function expandWords(
  shell: Shell,
  words: readonly Word[],
  streams: Streams,
): Promise<string[]> {
  const all: string[] = [];
  for (const word of words) {
    for (const field of await fieldsOf(shell, word, streams)) {
      const files = hasWildcard(field) ? matchingFiles(shell.process, field) : [];
      all.push(...(files.length > 0 ? files : [plainText(field)]));
    }
  }
  return all;
}

async function fieldsOf(shell: Shell, word: Word, streams: Streams): Promise<string[]> {
  const fields: string[] = [];
  let current: string | undefined;
  for (const part of word) {
    if (part.kind === 'variable' && part.name === '@' && part.quoted) {
      for (const [i, parameter] of shell.parameters.entries()) {
        if (i > 0 && current !== undefined) {
          fields.push(current);
          current = '';
        }
        current = (current ?? '') + marked(parameter);
      }
      continue;
    }
    const value = await partValue(shell, part, streams);
    if (part.quoted) current = (current ?? '') + marked(value);
    else if (part.kind === 'text') current = (current ?? '') + value;
    else {
      const pieces = splitFields(value, shell.variables.get('IFS') ?? ' \t\n');
      if (pieces.startsApart && current !== undefined) {
        fields.push(current);
        current = undefined;
      }
      for (const [i, piece] of pieces.fields.entries()) {
        if (i > 0 && current !== undefined) {
          fields.push(current);
          current = '';
        }
        current = (current ?? '') + piece;
      }
      if (pieces.endsApart && current !== undefined) {
        fields.push(current);
        current = undefined;
      }
    }
  }
  if (current !== undefined) fields.push(current);
  return fields;
}

function splitFields(value: string, separators: string) {
  const isSeparator = (char: string | undefined) => char !== undefined && separators.includes(char);
  const fields: string[] = [];
  let field = '';
  for (const char of value) {
    if (!isSeparator(char)) field += char;
    else if (field !== '') {
      fields.push(field);
      field = '';
    }
  }
  if (field !== '') fields.push(field);
  return { fields, startsApart: isSeparator(value[0]), endsApart: isSeparator(value.at(-1)) };
}

async function partValue(shell: Shell, part: WordPart, streams: Streams): Promise<string> {
  switch (part.kind) {
    case 'text':
      return part.text;
    case 'command':
      return shell.output(part.script, streams);
    case 'arithmetic': {
      const text = await expandText(shell, part.text, streams);
      return String(arithmetic(text.replaceAll('$', ''), shell.variables));
    }
    case 'variable':
      return variableValue(shell, part, streams);
  }
}

async function variableValue(
  shell: Shell,
  part: Extract<WordPart, { kind: 'variable' }>,
  streams: Streams,
): Promise<string> {
  const { name, operator, word } = part;
  const value = parameterValue(shell, name);
  if (operator === 'length') return String((value ?? '').length);
  if (/^[#%]/.test(operator))
    return trimmed(value ?? '', operator, await expandWord(shell, word, streams));
  const isThere = value !== undefined && (!operator.startsWith(':') || value !== '');
  const kind = operator.replace(':', '');
  if (kind === '+') return isThere ? expandText(shell, word, streams) : '';
  if (isThere) return value;
  if (kind === '-') return expandText(shell, word, streams);
  if (kind === '=') {
    const assigned = await expandText(shell, word, streams);
    shell.variables.set(name, assigned);
    return assigned;
  }
  if (kind === '?') {
    const why = await expandText(shell, word, streams);
    throw new ExpansionError(`${name}: ${why || 'parameter not set'}`);
  }
  if (shell.errorOnUnset && value === undefined && !'@*'.includes(name)) {
    throw new ExpansionError(`${name}: parameter not set`);
  }
  return value ?? '';
}

function trimmed(value: string, operator: string, pattern: string): string {
  const isFront = operator.startsWith('#');
  const isLongest = operator.length === 2;
  const regExp = patternRegExp(pattern);
  const lengths = Array.from({ length: value.length + 1 }, (_, i) => i);
  if (isLongest) lengths.reverse();
  for (const length of lengths) {
    const piece = isFront ? value.slice(0, length) : value.slice(value.length - length);
    if (regExp.test(piece))
      return isFront ? value.slice(length) : value.slice(0, value.length - length);
  }
  return value;
}

function parameterValue(shell: Shell, name: string): string | undefined {
  if (name === '?') return String(shell.lastStatus);
  if (name === '$') return String(shell.process.pid);
  if (name === '!') return shell.lastJob;
  if (name === '#') return String(shell.parameters.length);
  if (name === '@' || name === '*') return shell.parameters.join(' ');
  if (name === '0') return shell.name;
  if (name === '-') return '';
  if (/^\d+$/.test(name)) return shell.parameters[Number(name) - 1];
  if (name === 'RANDOM') return String((shell.process.now() * 7919) % 32_768);
  return shell.variables.get(name);
}

function marked(text: string): string {
  return [...text].map((char) => LITERAL + char).join('');
}
