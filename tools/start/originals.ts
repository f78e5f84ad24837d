/**
 * The two texts an exercise's file can be put back to: its stub, and the reference's.
 *
 * In the instructor's repository both come from `solutions/`. In a release there are no solutions:
 * the stubs were shipped, and the reference is a minified module made to fit its place in
 * `chapters/`.
 */

import { existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { importSpecifiers, rewriteSpecifiers } from '../release/specifiers.ts';
import type { Chapter } from '../syllabus.ts';
import { chapterFile, isRelease } from './exercise-files.ts';
import type { Place } from './find-exercise.ts';

/** Where a course's originals come from. */
export interface Originals {
  /** @returns `undefined` when the skeleton has no such file */
  stub(chapter: Chapter, name: string): string | undefined;
  /** @returns `undefined` when the reference has no such file */
  reference(chapter: Chapter, name: string): string | undefined;
}

/** Folder of a release that holds every stub as it was shipped. */
export const SHIPPED_STUBS = 'reference/stubs';

/** The originals of the course in `root`, whichever kind of repository it is. */
export async function openOriginals(root: string): Promise<Originals> {
  if (isRelease(root)) return releaseOriginals(root);
  const { solutionOriginals } = await import('./solution-originals.ts');
  return solutionOriginals(root);
}

function releaseOriginals(root: string): Originals {
  return {
    stub: (chapter, name) => readIfThere(join(root, SHIPPED_STUBS, chapter.id, name)),
    reference: (chapter, name) => {
      const path = join(root, 'reference', chapter.id, name.replace(/\.ts$/, ''));
      const module = readIfThere(`${path}.js`);
      if (module === undefined) return undefined;
      return fitIntoChapter(module, readIfThere(`${path}.d.ts`) ?? '');
    },
  };
}

/**
 * Makes a minified module stand in `chapters/`: imports end in `.ts` there, and the types, which
 * minifying took away, are declared in front.
 *
 * @remarks A `declare` is gone when the code runs. For the type checker it comes before the
 * export of the same name and wins, so that whoever imports the file has its real types.
 */
function fitIntoChapter(module: string, declarations: string): string {
  const asChapter = (text: string) =>
    rewriteSpecifiers(text, (specifier) => specifier.replace(/^(\.{1,2}\/.*)\.js$/, '$1.ts'));
  // Values exported from elsewhere are exported by the module itself; twice is an error.
  const types = declarations.replace(/^export \{[^}]*\}( from .*)?;\n?/gm, '');
  return [
    '// @ts-nocheck',
    '// Borrowed from the reference. Get your own file back with: npm run unborrow',
    asChapter(types).trimEnd(),
    asChapter(module),
  ].join('\n');
}

/**
 * The reference's files an exercise needs to be borrowed: its own, and those they import that the
 * skeleton does not have because only this exercise used them.
 *
 * @returns text by file name; a file of the exercise that the reference lacks is left out
 */
export function filesToBorrow(
  root: string,
  originals: Originals,
  { chapter, exercise }: Place,
): Map<string, string> {
  const found = new Map<string, string>();
  const wanted = [...exercise.files];
  for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
    const text = found.has(name) ? undefined : originals.reference(chapter, name);
    if (text === undefined) continue;
    found.set(name, text);
    for (const specifier of importSpecifiers(text)) {
      if (!/^\.{1,2}\/.*(?<!\.d)\.ts$/.test(specifier)) continue;
      const target = posix.join(posix.dirname(name), specifier);
      const outside = target.startsWith('../');
      if (!outside && !existsSync(chapterFile(root, chapter.id, target))) wanted.push(target);
    }
  }
  return found;
}

function readIfThere(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}
