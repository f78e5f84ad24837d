/**
 * The judge as the watch loop's grader: one exercise at a time, everything of it kept warm.
 *
 * What can be made before a save is made before: compiled tests, the list of tests, the child's
 * program. Nothing is loaded or spawned twice for the same text.
 */

import { readState } from '../course-state.ts';
import { gradeChapter } from '../judge/judge.ts';
import { failureText, pointsText } from '../judge/report-text.ts';
import { reproPath, writeRepro } from '../judge/repro.ts';
import type { ExerciseResult, Failure as Lesson } from '../judge/result.ts';
import { readSyllabus } from '../syllabus.ts';
import type { Place } from './find-exercise.ts';
import type { Grader, Verdict } from './verdict.ts';

/** Grades in the course in `root`, with the reference for all other components. */
export function judgeGrader(root: string): Grader {
  const course = readSyllabus(root);
  return {
    grade: async ({ chapter, exercise }: Place, signal: AbortSignal): Promise<Verdict> => {
      const result = await gradeChapter({
        root,
        chapter,
        exercises: [exercise.id],
        whose: 'mine',
        borrowed: borrowedIn(root),
        signal,
      });
      signal.throwIfAborted();
      const [graded] = result.exercises;
      if (!graded) throw new Error(`the judge did not grade ${exercise.id}`);
      writeRepro(root, course, chapter, graded);
      return asVerdict(graded);
    },
    close: async () => {},
  };
}

/** Ids of the exercises that are borrowed now. */
function borrowedIn(root: string): ReadonlySet<string> {
  const { exercises } = readState(root);
  return new Set(Object.keys(exercises).filter((id) => exercises[id]?.borrowed));
}

/** What the loop shows of a result; the first failure stands for all. */
export function asVerdict(result: ExerciseResult): Verdict {
  const { status, tests, needs, failures } = result;
  const [first] = failures;
  const mark = first?.core ? ' (core test)' : '';
  return {
    status: status === 'borrowed' ? 'passed' : status,
    passed: tests.passed,
    total: tests.total,
    needs,
    ...(first && { failure: { name: `${first.name}${mark}`, message: describe(first, result) } }),
  };
}

/** The same words as `npm run grade`, without its margin. */
function describe(lesson: Lesson, result: ExerciseResult): string {
  const lines = failureText(lesson).map((line) => line.replace(/^ {2}/, ''));
  const points = pointsText(result);
  if (points !== '') lines.push(`points   ${points}`);
  if (lesson.repro !== undefined) lines.push(`file     ${reproPath(result.id)}`);
  return lines.join('\n');
}
