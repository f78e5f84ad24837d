/**
 * What the API's documentation says of types and fields, read from the comments in the package
 * `kubernetes-types`. Given.
 *
 * The sentences are Kubernetes' own and not part of this repository. What the package does not know
 * (it is of an older version), or when there is no package, stays without.
 */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Descriptions } from '../openapi/descriptions.ts';

/** What is said in one file: by type, and by type and field. */
type Sayings = ReadonlyMap<string, string>;

/** Reads files when something in them is asked for. */
export function newDescriptions(): Descriptions {
  const folder = packageFolder();
  const files = new Map<string, Sayings>();
  const sayingsIn = (file: string): Sayings => {
    const known = files.get(file) ?? (folder ? readSayings(join(folder, file)) : new Map());
    files.set(file, known);
    return known;
  };
  const find = (name: string, field?: string): string | undefined => {
    const [group = '', version = '', type = ''] = name.split('.').slice(-3);
    const key = field === undefined ? type : `${type}.${field}`;
    // A type that is new in v1 may be there in an earlier version.
    for (const tried of [version, 'v1alpha1']) {
      const found = sayingsIn(join(group, `${tried}.d.ts`)).get(key);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return { type: (name) => find(name), field: (name, field) => find(name, field) };
}

function packageFolder(): string | undefined {
  try {
    const require = createRequire(import.meta.url);
    return dirname(require.resolve('kubernetes-types/package.json'));
  } catch {
    return undefined;
  }
}

function readSayings(file: string): Sayings {
  try {
    return parseSayings(readFileSync(file, 'utf8'));
  } catch {
    return new Map();
  }
}

const COMMENT = String.raw`\/\*\*((?:(?!\*\/)[^])*)\*\/\s*`;
const TYPE = new RegExp(`(?:${COMMENT})?export (?:interface|type) (\\w+)`, 'g');
const FIELD = new RegExp(`${COMMENT}(?:"([^"]+)"|([\\w$]+))\\??:`, 'g');

/**
 * The comments of a declaration file.
 *
 * @param text - `/** … *\/ export interface T { /** … *\/ field?: … }`, one type after the other
 */
export function parseSayings(text: string): Sayings {
  const sayings = new Map<string, string>();
  const types = [...text.matchAll(TYPE)];
  for (const [index, match] of types.entries()) {
    const [whole, said, type = ''] = match;
    if (said !== undefined) sayings.set(type, plainText(said));
    const body = text.slice(match.index + whole.length, types[index + 1]?.index);
    for (const [, comment = '', quoted, plain] of body.matchAll(FIELD)) {
      sayings.set(`${type}.${quoted ?? plain}`, plainText(comment));
    }
  }
  return sayings;
}

/** Without the stars at the beginning of the lines. */
function plainText(comment: string): string {
  const lines = comment.split('\n').map((line) => line.replace(/^\s*\* ?/, ''));
  return lines.join('\n').trim();
}
