/** What `npm run grade` was asked to do. */

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { findExercise, UsageError } from '../start/find-exercise.ts';
import { type Chapter, findInSyllabus } from '../syllabus.ts';

/** A parsed command line. */
export interface GradeRequest {
  /** Chapters to grade, each with the exercises asked for; all of them when absent. */
  readonly targets: readonly {
    readonly chapter: Chapter;
    readonly exercises?: readonly string[];
  }[];
  readonly whose: 'mine' | 'reference';
  readonly others: 'mine' | 'reference';
  /** Where the report goes; `-` is standard output. */
  readonly json?: string;
  readonly explore: boolean;
  readonly extraTests?: string;
}

/** What `--help` answers. */
export const GRADE_USAGE = [
  'usage: npm run grade -- [CHAPTER | EXERCISE …] [flags]',
  '  CHAPTER, EXERCISE   01, etcd, 1.4 or etcd/range; none: the whole course',
  '  --mine              all other components are yours, too; else they are the reference',
  "  --reference         the reference's instead of yours: what full points look like",
  '  --json FILE         write the same as a file; -: on standard output, and nothing else',
  '  --explore           with other chance than usual, for no points',
  '  --extra-tests DIR   more tests, DIR/CHAPTER/EXERCISE.test.ts, that count as the others do',
];

/**
 * Parses the arguments.
 *
 * @throws UsageError with one line that says what is wrong
 */
export function parseGradeArguments(
  args: readonly string[],
  chapters: readonly Chapter[],
): GradeRequest {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      reference: { type: 'boolean', default: false },
      mine: { type: 'boolean', default: false },
      json: { type: 'string' },
      explore: { type: 'boolean', default: false },
      'extra-tests': { type: 'string' },
    },
  });
  if (values.reference && values.mine) {
    throw new UsageError('--reference and --mine exclude each other');
  }
  if (values.json === '')
    throw new UsageError('--json needs a file name, or - for standard output');
  const extra = values['extra-tests'];
  if (extra !== undefined && !existsSync(extra))
    throw new UsageError(`there is no folder ${extra}`);
  return {
    targets: targetsOf(positionals, chapters),
    whose: values.reference ? 'reference' : 'mine',
    others: values.mine ? 'mine' : 'reference',
    explore: values.explore,
    ...(values.json !== undefined && { json: values.json }),
    ...(extra !== undefined && { extraTests: resolve(extra) }),
  };
}

function targetsOf(
  texts: readonly string[],
  chapters: readonly Chapter[],
): GradeRequest['targets'] {
  if (texts.length === 0) return chapters.map((chapter) => ({ chapter }));
  const asked = new Map<Chapter, Set<string>>();
  for (const text of texts) {
    const found = findInSyllabus(chapters, text) ?? findExercise(chapters, text);
    const ids = found.exercise ? [found.exercise.id] : found.chapter.exercises.map((e) => e.id);
    const known = asked.get(found.chapter) ?? new Set();
    asked.set(found.chapter, new Set([...known, ...ids]));
  }
  return chapters.flatMap((chapter) => {
    const exercises = asked.get(chapter);
    return exercises ? [{ chapter, exercises: [...exercises] }] : [];
  });
}
