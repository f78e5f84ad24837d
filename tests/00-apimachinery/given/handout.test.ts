/**
 * The handout tells the truth: its shell sessions are run where there is a kubectl. Its TypeScript
 * sessions are run by `tests/docs/handouts.test.ts`.
 */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const path = 'chapters/00-apimachinery/README.md';
const handout = readFileSync(join(import.meta.dirname, '../../..', path), 'utf8');

function blocks(language: string): string[][] {
  const fence = new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g');
  return [...handout.matchAll(fence)].map((match) => (match[1] ?? '').trimEnd().split('\n'));
}

describe('the handout', () => {
  const hasKubectl = spawnSync('kubectl', ['version', '--client']).status === 0;
  const notRun = hasKubectl ? '' : ' (NOT RUN: kubectl is not installed)';
  if (notRun !== '') console.warn(`the shell sessions in ${path}${notRun}`);

  it('has shell sessions', () => {
    expect(blocks('console')).not.toEqual([]);
  });

  for (const lines of blocks('console')) {
    it.skipIf(!hasKubectl)(`shows what kubectl says: ${lines[0]}${notRun}`, () => {
      const said = lines.flatMap((line) => (line.startsWith('$ ') ? [line, runShell(line)] : []));
      expect(said.join('\n')).toBe(lines.join('\n'));
    });
  }

  function runShell(line: string): string {
    const { stdout, stderr } = spawnSync('sh', ['-c', line.slice(2)], { encoding: 'utf8' });
    return (stdout + stderr).trimEnd();
  }
});
