/**
 * What a run takes from the reference because the student has not written it: extras only.
 *
 * A component must work once its core is written. So where an extra's stub still stands, a run uses
 * the reference's file, for this run alone: nothing in `chapters/` changes, and nothing is recorded.
 * A core exercise is never lent. How node gets the files is `loan-hooks.ts`.
 */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Chapter, Exercise } from '../syllabus.ts';
import {
  chapterFile,
  holdsOnlyStubs,
  isNotWritten,
  isRelease,
  referenceFile,
  referenceFolder,
} from './exercise-files.ts';

/** The variable that tells `loan-hooks.ts` what is lent: a `Lent` in JSON. */
const LOANS_VARIABLE = 'COURSE_LOANS';

/** What is lent, as the hooks need it. */
export interface Lent {
  /** URLs of the two folders, ending in a slash. */
  readonly chapters: string;
  readonly reference: string;
  /** What the reference's files end in, where those of `chapters/` end in `.ts`. */
  readonly ending: '.ts' | '.js';
  /** From `chapters/`: `02-apiserver/apply/apply.ts`. */
  readonly files: readonly string[];
}

/** One extra, or those of its files that are not written. */
export interface Loan {
  readonly chapter: Chapter;
  readonly exercise: Exercise;
  /** From the chapter's folder. */
  readonly files: readonly string[];
}

/**
 * The extras of these chapters that are not written, in the order they are taught.
 *
 * @param isNotGood - extras that are lent as a whole although something of them is written
 */
export function findLoans(
  root: string,
  chapters: readonly Chapter[],
  isNotGood: (exerciseId: string) => boolean = () => false,
): Loan[] {
  return chapters.flatMap((chapter) =>
    chapter.exercises
      .filter(({ core }) => !core)
      .map((exercise) => ({
        chapter,
        exercise,
        files: filesToLend(root, chapter, exercise, isNotGood),
      }))
      .filter(({ files }) => files.length > 0),
  );
}

function filesToLend(
  root: string,
  chapter: Chapter,
  exercise: Exercise,
  isNotGood: (exerciseId: string) => boolean,
): string[] {
  const isWhole = isNotGood(exercise.id) || isNotWritten(root, { chapter, exercise });
  return exercise.files.filter((name) => {
    if (!existsSync(referenceFile(root, chapter.id, name))) return false;
    if (isWhole) return true;
    const own = chapterFile(root, chapter.id, name);
    return existsSync(own) && holdsOnlyStubs(readFileSync(own, 'utf8'), exercise.id);
  });
}

/**
 * Node's arguments and environment that make it load what is lent.
 *
 * @returns nothing at all when nothing is lent; the arguments belong behind tsx's
 */
export function loanArguments(
  root: string,
  loans: readonly Loan[],
): { args: string[]; environment: Record<string, string> } {
  if (loans.length === 0) return { args: [], environment: {} };
  const lent: Lent = {
    chapters: pathToFileURL(join(root, 'chapters', '/')).href,
    reference: pathToFileURL(join(referenceFolder(root), '/')).href,
    ending: isRelease(root) ? '.js' : '.ts',
    files: loans.flatMap(({ chapter, files }) => files.map((name) => `${chapter.id}/${name}`)),
  };
  return {
    args: ['--import', new URL('lend.ts', import.meta.url).href],
    environment: { [LOANS_VARIABLE]: JSON.stringify(lent) },
  };
}

/**
 * The line that says what is lent: `from the reference, not written yet: admission, apply`.
 *
 * @remarks Exercises of several components go by their whole ids. Where a part of an exercise is
 * written, its files that are not stand behind it.
 */
export function loansText(loans: readonly Loan[]): string {
  const isOne = new Set(loans.map(({ chapter }) => chapter.component)).size === 1;
  const named = loans.map(({ exercise, files }) => {
    const name = isOne ? exercise.name : exercise.id;
    return files.length < exercise.files.length ? `${name} (${files.join(', ')})` : name;
  });
  return `from the reference, not written yet: ${named.join(', ')}`;
}
