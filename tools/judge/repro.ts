/** The runnable file of an exercise's first failing test: `.course/repro/etcd-range.ts`. */

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { chooseMine, conditionArguments } from '../implementations.ts';
import type { Chapter } from '../syllabus.ts';
import type { ExerciseResult } from './result.ts';

/** Where the file is, from the repository's top. */
export function reproPath(id: string): string {
  return `.course/repro/${id.replaceAll('/', '-')}.ts`;
}

/** Writes the file of a failing exercise; removes it once there is nothing to show. */
export function writeRepro(
  root: string,
  course: readonly Chapter[],
  chapter: Chapter,
  result: ExerciseResult,
): void {
  const path = reproPath(result.id);
  const text = result.failures[0]?.repro;
  if (text === undefined) {
    rmSync(join(root, path), { force: true });
    return;
  }
  const components = course.map((one) => one.component);
  const conditions = conditionArguments(chooseMine(components, [chapter.component])).join(' ');
  const head = `// ${result.id}: the steps of a failing test. Run it from the course's folder:\n`;
  const run = `//   npx tsx ${conditions} ${path}\n`.replace('  npx tsx  ', '  npx tsx ');
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), `${head}${run}${text}`);
}
