/**
 * The handout tells the truth: its TypeScript sessions are run, and so are its shell sessions where
 * there is a kubectl.
 *
 * A TypeScript line that ends in `// → text` is an expression whose text must be that, or which
 * must throw the class named after `throws`. Other lines are statements without types.
 */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as apimachinery from '#apimachinery';

const path = 'chapters/00-apimachinery/README.md';
const handout = readFileSync(join(import.meta.dirname, '../../..', path), 'utf8');

function blocks(language: string): string[][] {
  const fence = new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g');
  return [...handout.matchAll(fence)].map((match) => (match[1] ?? '').trimEnd().split('\n'));
}

/** What each expression of a session says: its text, or `throws` and the class. */
function runSession(lines: readonly string[]): string[] {
  const said: string[] = [];
  const say = (expression: () => unknown): void => {
    try {
      said.push(String(expression()));
    } catch (error) {
      said.push(`throws ${(error as Error).name}`);
    }
  };
  const body = lines.map((line) => {
    const [code = '', expected] = line.split(' // → ');
    return expected === undefined ? `${code};` : `say(() => (${code}));`;
  });
  new Function('say', ...Object.keys(apimachinery), body.join('\n'))(
    say,
    ...Object.values(apimachinery),
  );
  return said;
}

describe('the handout', () => {
  const sessions = blocks('ts');

  it('has a session for each exercise', () => {
    expect(sessions.length).toBeGreaterThanOrEqual(5);
  });

  for (const [number, lines] of sessions.entries()) {
    it(`says what its session ${number + 1} says: ${lines[0]}`, () => {
      const expected = lines.flatMap((line) => line.split(' // → ').slice(1));
      expect(runSession(lines)).toEqual(expected);
    });
  }

  const hasKubectl = spawnSync('kubectl', ['version', '--client']).status === 0;
  for (const lines of blocks('console')) {
    it.skipIf(!hasKubectl)(`shows what kubectl says: ${lines[0]}`, () => {
      const said = lines.flatMap((line) => (line.startsWith('$ ') ? [line, runShell(line)] : []));
      expect(said.join('\n')).toBe(lines.join('\n'));
    });
  }

  function runShell(line: string): string {
    const { stdout, stderr } = spawnSync('sh', ['-c', line.slice(2)], { encoding: 'utf8' });
    return (stdout + stderr).trimEnd();
  }
});
