/**
 * Node's module hooks for what is lent: a module keeps its place in `chapters/` and gets its text
 * from the reference. What is lent is decided in `loans.ts`.
 *
 * The place stays because everything else imports the module by it, and because what the module
 * imports itself must be the student's.
 */

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Lent } from './loans.ts';

interface Resolved {
  readonly url: string;
  readonly format?: string | null;
  readonly shortCircuit?: boolean;
}
interface ResolveContext {
  readonly parentURL?: string;
}

const { chapters, reference, ending, files }: Lent = JSON.parse(process.env.COURSE_LOANS ?? '');

/** URLs of the modules that are lent. It grows, see `resolve`. */
const lent = new Set(files.map((name) => new URL(name, chapters).href));

/**
 * Finds a module that is lent, though the student may have no such file.
 *
 * @remarks A file that only exercises' bodies use is in no skeleton. When a lent module imports
 * it, it is lent as well.
 */
export function resolve<T>(
  specifier: string,
  context: ResolveContext,
  next: (specifier: string, context: ResolveContext) => T,
): T | Resolved {
  const url = placeOf(specifier, context.parentURL);
  if (url === undefined || !isLent(url, context.parentURL)) return next(specifier, context);
  return { url, format: 'module', shortCircuit: true };
}

/** Reads a lent module's text from the reference. */
export function load<T, C>(url: string, context: C, next: (url: string, context: C) => T): T {
  return next(lent.has(url) ? textOf(url) : url, context);
}

/** The module a path means; a release's reference names `.js` where `chapters/` has `.ts`. */
function placeOf(specifier: string, parentURL = ''): string | undefined {
  if (!/^\.{1,2}\//.test(specifier) || !parentURL.startsWith(chapters)) return undefined;
  return new URL(specifier, parentURL).href.replace(/\.js$/, '.ts');
}

function isLent(url: string, parentURL = ''): boolean {
  if (lent.has(url)) return true;
  if (!lent.has(parentURL) || existsSync(fileURLToPath(url))) return false;
  if (!existsSync(fileURLToPath(textOf(url)))) return false;
  lent.add(url);
  return true;
}

function textOf(url: string): string {
  return `${reference}${url.slice(chapters.length).replace(/\.ts$/, ending)}`;
}
