/**
 * Runs mutants of one exercise's solution through its hidden tests and finds those that pass.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inPairs } from '../judge/pairs.ts';
import { findInSyllabus, readSyllabus } from '../syllabus.ts';
import { mutantsOf } from './mutants.ts';
import { gradeWithText } from './variants.ts';

/** Mutants of one exercise: how many, and which ones no test noticed. */
export interface MutantReport {
  readonly total: number;
  /** `range.ts:40: < became <=` */
  readonly survivors: readonly string[];
}

/**
 * @param id - an exercise, for example `etcd/range`
 * @throws Error when there is no such exercise
 */
export async function findSurvivors(root: string, id: string): Promise<MutantReport> {
  const found = findInSyllabus(readSyllabus(root), id);
  if (found?.exercise === undefined) throw new Error(`there is no exercise ${id}`);
  const { chapter, exercise } = found;
  const mutants = exercise.files.flatMap((file) => {
    const text = readFileSync(join(root, 'solutions', chapter.id, file), 'utf8');
    return mutantsOf(text, file).map((mutant) => ({ file, ...mutant }));
  });
  const verdicts = await inPairs(mutants, async ({ file, line, mistake, text }) => {
    const { status } = await gradeWithText(root, chapter, exercise, file, text);
    return status === 'passed' ? [`${file}:${line}: ${mistake}`] : [];
  });
  return { total: mutants.length, survivors: verdicts.flat() };
}
