/**
 * Check: an exercise's id is the same everywhere and missing nowhere.
 *
 * `chapter.json` declares it; the solution tags it; a test file, a handout section and a hint
 * ladder belong to it; `index.ts` exports it; `package.json` and the tsconfigs know its component.
 */

import { existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import ts from 'typescript';
import { type ExerciseDeclaration, findDeclarations } from '../source/exercises.ts';
import { type Chapter, readSyllabus } from '../syllabus.ts';
import { exportsOf } from './borrowing.ts';
import type { Check } from './check.ts';
import { headings } from './markdown.ts';
import { listFiles, readSource } from './source-files.ts';

/** Fails on an id that is missing, left over, twice, or in the wrong place. */
export const ids: Check = {
  name: 'ids',
  run: (root) => {
    const chapters = readSyllabus(root);
    return [
      ...chaptersWithoutSyllabus(root, chapters),
      ...twice(
        chapters.flatMap((c) => c.exercises.map(({ id }) => id)),
        'exercise',
      ),
      ...chapters.flatMap((chapter) => [
        ...declared(chapter),
        ...inCode(root, chapter),
        ...inTests(root, chapter),
        ...inHandout(root, chapter),
        ...inHints(root, chapter),
        ...inConfiguration(root, chapter),
      ]),
    ];
  },
};

function chaptersWithoutSyllabus(root: string, chapters: readonly Chapter[]): string[] {
  const folders = new Set(listFiles(root, 'solutions', '.ts').map((path) => path.split('/')[1]));
  return [...folders]
    .filter((name) => /^\d\d-/.test(name ?? '') && !chapters.some(({ id }) => id === name))
    .map((name) => `solutions/${name} has no chapters/${name}/chapter.json`);
}

function twice(names: readonly string[], what: string): string[] {
  const again = names.filter((name, i) => names.indexOf(name) !== i);
  return [...new Set(again)].map((name) => `${what} ${name} is declared twice`);
}

function declared({ id, component, exercises }: Chapter): string[] {
  const file = `chapters/${id}/chapter.json`;
  const problems = twice(
    exercises.map(({ title }) => title),
    `${file}: title`,
  );
  if (!id.endsWith(`-${component}`)) problems.push(`${file}: component ${component} is not ${id}`);
  if (!exercises.some(({ core }) => core)) problems.push(`${file}: there is no core exercise`);
  for (const exercise of exercises) {
    const expected = `${component}/${exercise.name}`;
    if (exercise.id !== expected || !/^[a-z][a-z0-9-]*$/.test(exercise.name)) {
      problems.push(`${file}: ${exercise.id} is not an id of ${component}`);
    }
    if (!(exercise.hours > 0)) problems.push(`${file}: ${exercise.id} needs hours above 0`);
    if (!exercise.files.some((path) => isNamedAfter(exercise.name, path))) {
      problems.push(`${file}: ${exercise.id} needs a file or a folder named ${exercise.name}`);
    }
  }
  problems.push(
    ...twice(
      exercises.flatMap(({ files }) => files),
      `${file}: file`,
    ),
  );
  return problems;
}

interface Tagged {
  /** From the chapter's folder, for example `range.ts`. */
  readonly file: string;
  readonly declaration: ExerciseDeclaration;
}

function inCode(root: string, chapter: Chapter): string[] {
  const folder = `solutions/${chapter.id}`;
  const tagged = listFiles(root, folder, '.ts').flatMap((path): Tagged[] =>
    findDeclarations(readSource(root, path)).map((declaration) => ({
      file: posix.relative(folder, path),
      declaration,
    })),
  );
  const problems = tagged.flatMap(({ file, declaration: { id } }) => {
    const exercise = chapter.exercises.find((e) => e.id === id);
    if (exercise === undefined) return [`${folder}/${file}: ${id} is not in chapter.json`];
    if (exercise.files.includes(file)) return [];
    return [`${folder}/${file}: holds ${id}, but chapter.json does not list it there`];
  });
  const surface = exportedBySurfaces(root, folder);
  for (const { id, files } of chapter.exercises) {
    const own = tagged.filter(({ declaration }) => declaration.id === id);
    if (own.length === 0) problems.push(`${folder}: nothing carries @exercise ${id}`);
    else if (!own.some(({ declaration }) => surface.has(outermostName(declaration)))) {
      problems.push(`${folder}/index.ts exports nothing of ${id}`);
    }
    for (const file of files) {
      if (!existsSync(join(root, folder, file))) problems.push(`${folder}/${file} is missing`);
    }
  }
  return [...new Set(problems)];
}

/** `Store` for `Store.range`, `deleteRange` for a function. */
function outermostName({ member }: ExerciseDeclaration): string {
  return member.split('.')[0] ?? member;
}

function exportedBySurfaces(root: string, folder: string): Set<string> {
  const surfaces = listFiles(root, folder, '/index.ts').map((path) => readSource(root, path));
  return new Set(surfaces.flatMap((file) => [...exportsOf(file)]));
}

function inTests(root: string, { id: chapterId, exercises }: Chapter): string[] {
  const folder = `tests/${chapterId}`;
  const found = listFiles(root, folder, '.test.ts')
    .map((path) => posix.relative(folder, path))
    .filter((path) => !path.includes('/'));
  const wanted = exercises.map(({ name }) => `${name}.test.ts`);
  const missing = wanted.filter((name) => !found.includes(name));
  const extra = found.filter((name) => !wanted.includes(name));
  const withoutCore = found.filter(
    (name) => !readFileSync(join(root, folder, name), 'utf8').includes('it.core('),
  );
  return [
    ...missing.map((name) => `${folder}/${name} is missing`),
    ...extra.map((name) => `${folder}/${name} belongs to no exercise`),
    ...withoutCore.map((name) => `${folder}/${name} has no it.core test`),
  ];
}

function inHandout(root: string, { id: chapterId, exercises }: Chapter): string[] {
  const path = `chapters/${chapterId}/README.md`;
  if (!existsSync(join(root, path))) return [`${path} is missing`];
  const titles = exercises.map(({ title }) => title);
  const sections = headings(readFileSync(join(root, path), 'utf8'))
    .filter(({ level, text }) => level === 2 && titles.includes(text))
    .map(({ text }) => text);
  const problems = exercises
    .filter(({ title }) => !sections.includes(title))
    .map(({ id, title }) => `${path}: ${id} needs a section "## ${title}"`);
  problems.push(...twice(sections, `${path}: section`));
  if (problems.length === 0 && sections.some((title, i) => title !== titles[i])) {
    problems.push(`${path}: sections are in another order than chapter.json`);
  }
  return problems;
}

function inHints(root: string, { id: chapterId, exercises }: Chapter): string[] {
  const path = `chapters/${chapterId}/hints.md`;
  if (!existsSync(join(root, path))) return [`${path} is missing`];
  const ladders = readLadders(readFileSync(join(root, path), 'utf8'));
  const problems = twice(
    ladders.map(({ id }) => id),
    `${path}: ladder`,
  );
  for (const { id } of exercises) {
    const ladder = ladders.find((l) => l.id === id);
    if (ladder === undefined) problems.push(`${path}: ${id} has no ladder "## ${id}"`);
    else if (ladder.rungs.length < 2) problems.push(`${path}: ${id} needs two hints or more`);
    else if (ladder.rungs.some((rung, i) => rung !== `Hint ${i + 1}`)) {
      problems.push(`${path}: the hints of ${id} must be "### Hint 1", "### Hint 2", …`);
    }
  }
  for (const { id } of ladders) {
    if (!exercises.some((e) => e.id === id)) problems.push(`${path}: "## ${id}" is no exercise`);
  }
  return problems;
}

function readLadders(text: string): { id: string; rungs: string[] }[] {
  const ladders: { id: string; rungs: string[] }[] = [];
  for (const heading of headings(text)) {
    if (heading.level === 2) ladders.push({ id: heading.text, rungs: [] });
    if (heading.level === 3) ladders.at(-1)?.rungs.push(heading.text);
  }
  return ladders;
}

function inConfiguration(root: string, { id: chapterId, component }: Chapter): string[] {
  const { imports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    imports: Record<string, unknown>;
  };
  const expected = JSON.stringify({
    [`ref-${component}`]: `./solutions/${chapterId}/index.ts`,
    default: `./chapters/${chapterId}/index.ts`,
  });
  const problems: string[] = [];
  if (JSON.stringify(imports[`#${component}`]) !== expected) {
    problems.push(`package.json: imports["#${component}"] must be ${expected}`);
  }
  for (const project of ['solutions', 'tests', 'tools']) {
    const path = `${project}/tsconfig.json`;
    const { config } = ts.readConfigFile(join(root, path), ts.sys.readFile);
    const conditions: string[] = config?.compilerOptions?.customConditions ?? [];
    if (!conditions.includes(`ref-${component}`)) {
      problems.push(`${path}: customConditions must include ref-${component}`);
    }
  }
  const index = `solutions/${chapterId}/index.ts`;
  if (!existsSync(join(root, index))) problems.push(`${index} is missing`);
  else if (/^export\s+\*/m.test(readFileSync(join(root, index), 'utf8'))) {
    problems.push(`${index}: the public surface lists its names, no "export *"`);
  }
  return problems;
}

/** Is it `range.ts` itself, in whatever folder, or in a folder `range/` of its own? */
function isNamedAfter(exercise: string, path: string): boolean {
  return path.startsWith(`${exercise}/`) || path.split('/').at(-1) === `${exercise}.ts`;
}
