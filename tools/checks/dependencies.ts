/**
 * The committed record of which exercises need which: `docs/exercise-dependencies.json`.
 *
 * The gates measure it (`gates.ts`); this file only reads, writes and compares it.
 */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The record's path in the repository. */
export const DEPENDENCIES_FILE = 'docs/exercise-dependencies.json';

/** Exercise id to the ids of the exercises whose stubs make its tests fail, itself left out. */
export type Dependencies = Readonly<Record<string, readonly string[]>>;

/** @returns the record; `undefined` when it was never written */
export function readDependencies(root: string): Dependencies | undefined {
  const path = join(root, DEPENDENCIES_FILE);
  if (!existsSync(path)) return undefined;
  return (JSON.parse(readFileSync(path, 'utf8')) as { needs: Dependencies }).needs;
}

/** Writes the record, one exercise a line. */
export function writeDependencies(root: string, needs: Dependencies): void {
  writeFileSync(join(root, DEPENDENCIES_FILE), dependenciesText(needs));
}

/** The record's text: JSON with one exercise a line, so that a change is one line in a diff. */
export function dependenciesText(needs: Dependencies): string {
  const lines = Object.entries(needs).map(
    ([id, others]) =>
      `    ${JSON.stringify(id)}: [${others.map((o) => JSON.stringify(o)).join(', ')}]`,
  );
  return `{\n  "needs": {\n${lines.join(',\n')}\n  }\n}\n`;
}

/**
 * A table for people: exercises down and across, a mark where a row's tests need the column.
 *
 * @returns lines of text, for example `etcd/range        ● · ·`
 */
export function dependenciesTable(needs: Dependencies): string[] {
  const ids = Object.keys(needs);
  const width = Math.max(0, ...ids.map((id) => id.length));
  return ids.map((id, i) => {
    const others = needs[id] ?? [];
    const marks = ids.map((other, j) => (i === j ? '■' : others.includes(other) ? '●' : '·'));
    return `${id.padEnd(width)} ${marks.join(' ')}  ${others.join(' ')}`.trimEnd();
  });
}
