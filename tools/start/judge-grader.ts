/**
 * The judge as the watch loop's grader: one exercise at a time, everything of it kept warm.
 *
 * What can be made before a save is made before: compiled tests, the list of tests, the child's
 * program. Nothing is loaded or spawned twice for the same text.
 */

import { readState } from '../course-state.ts';
import { gradeChapter } from '../judge/judge.ts';
import type { ExerciseResult, Failure as Lesson } from '../judge/result.ts';
import type { Place } from './find-exercise.ts';
import type { Grader, Verdict } from './verdict.ts';

/** Grades in the course in `root`, with the reference for all other components. */
export function judgeGrader(root: string): Grader {
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
export function asVerdict({ status, tests, needs, failures }: ExerciseResult): Verdict {
  const [first] = failures;
  return {
    status: status === 'borrowed' ? 'passed' : status,
    passed: tests.passed,
    total: tests.total,
    needs,
    ...(first && { failure: { name: first.name, message: describe(first) } }),
  };
}

function describe(lesson: Lesson): string {
  const { message, steps, expected, actual, counterexample, where, output, seed } = lesson;
  const parts = [
    ...(steps.length > 0 ? ['after', ...steps.map((step) => `  ${step}`)] : []),
    message,
    ...unlessSaid(message, 'expected', expected),
    ...unlessSaid(message, 'actual', actual),
    ...(counterexample === undefined ? [] : labelled('with', counterexample)),
    ...(where === undefined ? [] : [`at ${where}`]),
    ...(seed === undefined ? [] : [`seed ${seed}`]),
    ...(output === undefined || output === '' ? [] : labelled('it printed', output)),
  ];
  return parts.join('\n');
}

/** Short values are in the message already. */
function unlessSaid(message: string, label: string, text: string | undefined): string[] {
  return text === undefined || message.includes(text) ? [] : labelled(label, text);
}

function labelled(label: string, text: string): string[] {
  const lines = text.split('\n');
  return lines.length === 1 ? [`${label} ${text}`] : [label, ...lines.map((line) => `  ${line}`)];
}
