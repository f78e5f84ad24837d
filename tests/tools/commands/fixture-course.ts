/**
 * A course of one chapter in a temporary folder, small enough to see all of it at once.
 */

import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));

const IMPORT = "import { NotImplemented } from '#not-implemented';\n";

const SOLUTION = {
  'index.ts': "export { add } from './add.ts';\nexport { twice } from './twice.ts';\n",
  'add.ts': `/**
 * Adds two numbers.
 *
 * @exercise sums/add
 */
export function add(a: number, b: number): number {
  return a + b;
}
`,
  'twice.ts': `import { add } from './add.ts';

/**
 * Doubles a number.
 *
 * @exercise sums/twice
 */
export function twice(a: number): number {
  return add(a, a);
}
`,
  'main.ts': `import { twice } from '#sums';

process.stdout.write(\`\${twice(Number(process.argv[2]))}\\n\`);
process.exitCode = 7;
`,
};

/** The stub of `sums/add`, as the skeleton writes it. */
export const ADD_STUB = `${IMPORT}
/**
 * Adds two numbers.
 *
 * @exercise sums/add
 */
export function add(a: number, b: number): number {
  throw new NotImplemented('sums/add', 'add');
}
`;

const TWICE_STUB = `${IMPORT}
/**
 * Doubles a number.
 *
 * @exercise sums/twice
 */
export function twice(a: number): number {
  throw new NotImplemented('sums/twice', 'twice');
}
`;

const CHAPTER = {
  id: '00-sums',
  component: 'sums',
  title: 'Sums, small and whole',
  exercises: [
    { id: 'sums/add', title: 'Add', core: true, hours: 1, files: ['add.ts'] },
    { id: 'sums/twice', title: 'Twice', core: false, hours: 0.5, files: ['twice.ts'] },
  ],
};

const HINTS = `# Hints

## sums/add

### Hint 1

Look at the plus sign.

### Hint 2

\`\`\`ts
## not a heading
a + b
\`\`\`

## sums/twice

### Hint 1

Use add.
`;

const TEST = (name: string, body: string) => `import { describe, expect, it } from '#kit';
import { ${name} } from '#sums';

describe('${name}', () => {
  it.core('${body}', () => {
    expect(${body}).toBe(4);
  });
});
`;

const PACKAGE = {
  name: 'small-course',
  version: '0.1.0',
  type: 'module',
  private: true,
  imports: {
    '#sums': { 'ref-sums': './solutions/00-sums/index.ts', default: './chapters/00-sums/index.ts' },
    '#not-implemented': './tools/not-implemented.ts',
    '#kit': './tests/kit/index.ts',
  },
  scripts: { start: 'tsx tools/commands/start.ts', release: 'tsx tools/commands/release.ts' },
};

/** Where the solutions of the fixture stand; tests compare with them. */
export const SUMS_SOLUTION: Readonly<Record<string, string>> = SOLUTION;

/** The instructor's repository this test runs in; commands of the fixture are started from it. */
export const REPOSITORY_ROOT = REPOSITORY;

/** Writes the course; dispose of it when done. */
export function makeCourse(): { root: string; [Symbol.dispose](): void } {
  const root = mkdtempSync(join(tmpdir(), 'small-course-'));
  const put = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  for (const [name, text] of Object.entries(SOLUTION)) put(`solutions/00-sums/${name}`, text);
  const chapter = { ...SOLUTION, 'add.ts': ADD_STUB, 'twice.ts': TWICE_STUB };
  for (const [name, text] of Object.entries(chapter)) put(`chapters/00-sums/${name}`, text);
  put('chapters/00-sums/chapter.json', JSON.stringify(CHAPTER));
  put('chapters/00-sums/hints.md', HINTS);
  put('chapters/00-sums/README.md', '# Sums\n\n## Add\n\nAdd.\n\n## Twice\n\nTwice.\n');
  put('tests/00-sums/add.test.ts', TEST('add', 'add(1, 3)'));
  put('tests/00-sums/twice.test.ts', TEST('twice', 'twice(2)'));
  put('package.json', JSON.stringify(PACKAGE, undefined, 2));
  for (const name of ['tsconfig.base.json', 'tsconfig.json', 'package-lock.json']) {
    cpSync(join(REPOSITORY, name), join(root, name));
  }
  put('solutions/tsconfig.json', '{ "extends": "../tsconfig.base.json", "include": ["."] }');
  cpSync(join(REPOSITORY, 'tools'), join(root, 'tools'), { recursive: true });
  cpSync(join(REPOSITORY, 'tests', 'kit'), join(root, 'tests', 'kit'), { recursive: true });
  symlinkSync(join(REPOSITORY, 'node_modules'), join(root, 'node_modules'), 'junction');
  return { root, [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }) };
}
