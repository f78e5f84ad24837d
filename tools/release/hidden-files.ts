/**
 * A release's `hidden/`: each exercise's tests as one minified bundle, as the judge takes them.
 */

import { compileHidden } from '../judge/hidden.ts';
import { readSyllabus } from '../syllabus.ts';
import type { ReleaseFiles } from './release-plan.ts';

/**
 * @returns `hidden/01-etcd/range.test.js` and so on
 * @throws Error when an exercise has no tests: its points could never be earned
 */
export async function hiddenFiles(root: string): Promise<ReleaseFiles> {
  const files: ReleaseFiles = new Map();
  for (const chapter of readSyllabus(root)) {
    for (const exercise of chapter.exercises) {
      const code = await compileHidden(root, chapter, exercise, { minify: true });
      if (code === undefined) throw new Error(`${exercise.id} has no hidden tests`);
      files.set(`hidden/${chapter.id}/${exercise.name}.test.js`, code);
    }
  }
  return files;
}
