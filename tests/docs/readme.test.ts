/** The README's first screen: what the two commands print is what they print. */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ALL_CHECKS } from '../../tools/checks/all-checks.ts';
import { realTools } from '../../tools/checks/real-tools.ts';
import { readSyllabus } from '../../tools/syllabus.ts';
import { fencesOf } from './fences.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/** The `text` block behind the command; a line `…` stands for lines left out. */
function shownFor(command: string): string[] {
  const fences = fencesOf(ROOT, 'README.md');
  const at = fences.findIndex(({ info, text }) => info === 'console' && text === `$ ${command}`);
  const output = fences[at + 1];
  if (at < 0 || output?.info !== 'text') throw new Error(`README.md does not show ${command}`);
  return output.text.split('\n').filter((line) => line !== '…');
}

describe('npm start, as the README shows it', () => {
  const run = spawnSync(
    process.execPath,
    [join(ROOT, 'node_modules', 'tsx', 'dist', 'cli.mjs'), 'tools/commands/start.ts'],
    {
      cwd: ROOT,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1', COLUMNS: '100' },
      timeout: 30_000,
    },
  );
  const printed = run.stdout.split('\n');

  it('prints the board and exits with 0', () => {
    expect(run.stderr).toBe('');
    expect(run.status).toBe(0);
  });

  it('has the titles and, in order, the exercises that the README shows', () => {
    const stable = (lines: readonly string[]) =>
      lines.flatMap((line) => {
        const exercise = /(\d\.\d+)\s+(.+?)\s{2,}.*\((?:extra \+)?\d+ p?\)?/.exec(line);
        if (exercise) return [`${exercise[1]} ${exercise[2]}`];
        return /^\d\d-/.test(line) || line === 'Kubernetes from scratch' ? [line] : [];
      });
    const shown = stable(shownFor('npm ci && npm start'));
    const first = readSyllabus(ROOT)[0];
    expect(shown).toContain(`0.1 ${first?.exercises[0]?.title}`);
    expect(stable(printed).filter((line) => shown.includes(line))).toEqual(shown);
  });

  it('shows the pointers in the form the README shows', () => {
    const form = (lines: readonly string[]) =>
      lines.flatMap(
        (line) => /^(Next:|\s{2}(?:read|write|grade|stuck)\b|npm start in)/.exec(line)?.[1] ?? [],
      );
    expect(form(printed)).toEqual(form(shownFor('npm ci && npm start')));
  });
});

describe('npm test, as the README shows it', () => {
  const shown = shownFor('npm ci && npm test');

  it('names checks that exist', () => {
    const exercises = readSyllabus(ROOT).flatMap((chapter) => chapter.exercises);
    const known = [
      ...[realTools, ...ALL_CHECKS].map(({ name }) => name),
      ...exercises.map(({ id }) => `gates of ${id}`),
    ];
    const names = shown.flatMap((line) => /^✓ (.+) [\d.]+s$/.exec(line)?.[1] ?? []);
    expect(names.length).toBeGreaterThan(3);
    for (const name of names) expect(known).toContain(name);
  });

  it('has its parts and its last line', () => {
    const program = readFileSync(join(ROOT, 'tools/commands/test.ts'), 'utf8');
    for (const part of shown.filter((line) => line.startsWith('— '))) {
      expect(program).toContain(`'${part}'`);
    }
    expect(shown.at(-1)).toMatch(/^(\d+|N) passed, 0 failed$/);
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the program's own text.
    expect(program).toContain('${passed} passed, ${failed} failed');
  });
});
