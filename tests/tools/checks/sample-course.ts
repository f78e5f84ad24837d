/**
 * A course of one chapter and two exercises in a temporary folder, with nothing wrong in it.
 */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const conditions = JSON.stringify({ compilerOptions: { customConditions: ['ref-sample'] } });
const test = (name: string) => `import { it } from '#kit';\nit.core('${name}', () => run());\n`;

/** Path to text of a course in which every check of ids is satisfied. */
export const SAMPLE: Readonly<Record<string, string>> = {
  'package.json': JSON.stringify({
    imports: {
      '#sample': {
        'ref-sample': './solutions/01-sample/index.ts',
        default: './chapters/01-sample/index.ts',
      },
    },
  }),
  'solutions/tsconfig.json': conditions,
  'tests/tsconfig.json': conditions,
  'tools/tsconfig.json': conditions,
  'chapters/01-sample/chapter.json': JSON.stringify({
    id: '01-sample',
    component: 'sample',
    title: 'A sample',
    exercises: [
      { id: 'sample/put', title: 'Put', core: true, hours: 1, files: ['put.ts'] },
      { id: 'sample/range', title: 'Range', core: false, hours: 2, files: ['range.ts', 'sort.ts'] },
    ],
  }),
  'chapters/01-sample/README.md': '# A sample\n\n## The idea\n\n## Put\n\n## Range\n',
  'chapters/01-sample/hints.md':
    '# Hints\n\n## sample/put\n\n### Hint 1\n\n### Hint 2\n\n## sample/range\n\n### Hint 1\n\n### Hint 2\n',
  'chapters/01-sample/put.ts': 'export function put(): void {}\nexport const LIMIT = 1;\n',
  'solutions/01-sample/index.ts':
    "export { put } from './put.ts';\nexport { range } from './range.ts';\n",
  'solutions/01-sample/put.ts':
    '/** @exercise sample/put */\nexport function put(): void {}\nexport const LIMIT = 1;\n',
  'solutions/01-sample/range.ts': `import { LIMIT } from './put.ts';
import { sort } from './sort.ts';

/** @exercise sample/range */
export function range(): number {
  return sort(LIMIT);
}
`,
  'solutions/01-sample/sort.ts':
    '/** @internal */\nexport function sort(n: number): number {\n  return n;\n}\n',
  'tests/01-sample/put.test.ts': test('puts'),
  'tests/01-sample/range.test.ts': test('ranges'),
};

/**
 * Writes the sample to disk, with changes.
 *
 * @param changes - path to what becomes of its text; a path of the sample or a new one. `undefined`
 *   takes the file out
 * @returns what `look` finds in the course's folder, which is gone afterwards
 */
export function inSample<T>(
  changes: Readonly<Record<string, ((text: string) => string) | undefined>>,
  look: (root: string) => T,
): T {
  const root = mkdtempSync(join(tmpdir(), 'sample-course-'));
  const files = new Map(Object.entries(SAMPLE));
  for (const [path, change] of Object.entries(changes)) {
    if (change === undefined) files.delete(path);
    else files.set(path, change(files.get(path) ?? ''));
  }
  for (const [path, text] of files) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  try {
    return look(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}
