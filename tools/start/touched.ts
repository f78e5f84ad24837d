/**
 * Which exercises a saved file touches, in the order worth running them.
 */

import type { Entry } from './standing.ts';

/**
 * @remarks A file of an exercise touches that exercise, and the later ones of its chapter that
 * have passed: what is taught later builds on it. Earlier ones never do. A file that no exercise
 * owns (given code, `index.ts`) touches the current exercise and what passed in the chapter.
 * Exercises that do not pass yet are not run unasked.
 * @param files - below `chapters/`, with `/`; anything but component code touches nothing
 * @param current - goes first among those whose files were saved, and among the others
 */
export function touchedBy(
  files: readonly string[],
  entries: readonly Entry[],
  current: string | undefined,
): Entry[] {
  const touched = new Set<Entry>();
  const owners: Entry[] = [];
  for (const file of files.filter(isCode)) {
    const [chapterId, name] = split(file);
    const own = entries.filter((entry) => entry.chapter.id === chapterId);
    const owner = own.find((entry) => entry.exercise.files.includes(name));
    if (owner) owners.push(owner);
    const from = owner ? own.indexOf(owner) + 1 : 0;
    if (!owner) for (const entry of own) if (entry.exercise.id === current) touched.add(entry);
    for (const entry of own.slice(from)) if (hadFullMarks(entry)) touched.add(entry);
  }
  const rank = (entry: Entry) =>
    (owners.includes(entry) ? 0 : 2) + (entry.exercise.id === current ? 0 : 1);
  const all = [...owners, ...touched].filter((entry, i, list) => list.indexOf(entry) === i);
  return all.sort((a, b) => rank(a) - rank(b) || entries.indexOf(a) - entries.indexOf(b));
}

/** What it builds on was saved just now, so one that passed stands as changed. */
function hadFullMarks({ standing }: Entry): boolean {
  return standing === 'passed' || standing === 'changed';
}

function isCode(file: string): boolean {
  return file.endsWith('.ts') && !file.endsWith('.test.ts') && !file.endsWith('.d.ts');
}

function split(file: string): [chapterId: string, name: string] {
  const slash = file.indexOf('/');
  return [file.slice(0, slash), file.slice(slash + 1)];
}
