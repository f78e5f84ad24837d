/** The session that the README shows, replayed: the same commands bring the same lines. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../conformance/apiserver/program.ts';
import { compiledProgram } from '../conformance/compiled-program.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const hasKubectl = spawnSync('kubectl', ['version', '--client']).status === 0;
if (!hasKubectl) {
  console.warn('SKIPPED: kubectl is not installed; the session of the README is not replayed');
}

interface Step {
  readonly command: string;
  /** A line `…` stands for any lines, `…` in a line for any text. */
  readonly shown: readonly string[];
}

function readSession(): Step[] {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const [, text = ''] = /^```console session\n([\s\S]*?)^```/m.exec(readme) ?? [];
  return text
    .split(/^\$ /m)
    .filter((part) => part.trim() !== '')
    .map((part) => {
      const [command = '', ...shown] = part.trimEnd().split('\n');
      return { command, shown };
    });
}

/** What is shown, as a pattern for what is printed. */
function patternOf(shown: readonly string[]): RegExp {
  const lines = shown.map((line) => {
    if (line === '…') return '(?:.*\\n)*?';
    const escaped = line.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('…', '.*?');
    // Columns are as wide as what is in them.
    return `${escaped.replace(/ {2,}/g, ' +')}\\n`;
  });
  return new RegExp(`^${lines.join('')}$`);
}

describe.skipIf(!hasKubectl)('the session of the README', () => {
  const steps = readSession();
  let folder: string;
  let cluster: ChildProcess;
  let printed = '';

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'session-'));
    const program = await compiledProgram('09-cluster');
    const port = String(await freePort());
    const flags = ['--port', port, '--data-dir', join(folder, '.course/cluster'), '--no-page'];
    cluster = spawn(process.execPath, [program, ...flags], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise<void>((resolve, reject) => {
      cluster.once('exit', (code) => reject(new Error(`the cluster ended with ${code}`)));
      cluster.stdout?.on('data', (piece) => {
        printed += String(piece);
        if (/^ready$/m.test(printed)) resolve();
      });
    });
  }, 90_000);
  afterAll(async () => {
    if (cluster.exitCode === null) {
      cluster.kill('SIGTERM');
      await once(cluster, 'exit');
    }
    rmSync(folder, { recursive: true, force: true });
  }, 30_000);

  it('has steps', () => {
    expect(steps.length).toBeGreaterThan(5);
  });

  it('goes as shown', async () => {
    const kubeconfig = join(folder, '.course/cluster/kubeconfig');
    for (const { command, shown } of steps) {
      const pattern = patternOf(shown);
      if (command === 'npm run cluster') {
        // Which lines stand before is the command's own: it says whose components run.
        expect(printed).toMatch(new RegExp(pattern.source.slice(1)));
        continue;
      }
      const run = () => {
        const { stdout } = spawnSync('bash', ['-c', command], {
          encoding: 'utf8',
          env: { ...process.env, KUBECONFIG: kubeconfig },
          timeout: 60_000,
        });
        // Empty lines at the end are not shown.
        return `${stdout.trimEnd()}\n`;
      };
      // What changes nothing may be asked again; rules and names take a moment.
      const isQuestion = /^(?:curl|kubectl (?:get|exec|rollout status))/.test(command);
      if (isQuestion) await expect.poll(run, { timeout: 30_000, interval: 500 }).toMatch(pattern);
      else expect(run()).toMatch(pattern);
    }
  }, 240_000);
});
