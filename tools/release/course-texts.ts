/**
 * What stands at the top of a release: README, guide, licence, settings for npm, git and editors.
 */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSyllabus } from '../syllabus.ts';
import type { ReleaseFiles } from './release-plan.ts';

/** Taken over as they are, when the repository has them. */
const AS_THEY_ARE = [
  '.gitattributes',
  '.npmrc',
  'LICENSE',
  'docs/student-guide.md',
  'tsconfig.base.json',
  'tsconfig.json',
];

/** @returns the files above, and those a release has of its own */
export function courseTexts(root: string): ReleaseFiles {
  const files: ReleaseFiles = new Map();
  for (const path of AS_THEY_ARE) {
    if (existsSync(join(root, path))) files.set(path, readFileSync(join(root, path), 'utf8'));
  }
  files.set('.gitignore', 'node_modules/\n/.course/cache/\n/.course/repro/\n*.log\n');
  files.set('README.md', readme(root));
  return files;
}

function readme(root: string): string {
  const chapters = readSyllabus(root).map(
    ({ id, title }) => `- [${id}](./chapters/${id}/README.md): ${title}`,
  );
  return `# Kubernetes from scratch

You build Kubernetes in TypeScript, one component at a time. You need Node.js 20.19 or newer.

\`\`\`console
$ npm ci
$ npm start
\`\`\`

\`npm start\` shows where you are and what is next. On a terminal it watches your files and tells you at each save how the exercise does.

${chapters.join('\n')}

| command | what it does |
|---|---|
| \`npm start\` | the board, the next exercise, a verdict at each save |
| \`npm run grade\` | your points; \`npm run grade -- 01\` for one chapter |
| \`npm run hint -- etcd/range\` | the next hint of an exercise |
| \`npm run reset -- etcd/range\` | puts the stub back; your text is kept |
| \`npm run borrow -- etcd/range\` | uses the reference's file, at no points; \`unborrow\` gives yours back |
| \`npm run component -- etcd\` | runs what you built; with \`--ref\` the reference |
| \`npm test\` | the examples, and tests of your own in \`chapters/\` |

You work in \`chapters/\`. \`reference/\` and \`hidden/\` are the course's own; \`.course/\` remembers what you did and can be committed. The [student guide](./docs/student-guide.md) says more.
`;
}
