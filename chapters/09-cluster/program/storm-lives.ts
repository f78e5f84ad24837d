/** Many clusters in their storms, several at a time: each is a process of its own, with its own seed. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** Which, and how. */
export interface Lives {
  /** The first seed. */
  readonly seed: number;
  readonly lives: number;
  /** At a time. */
  readonly jobs: number;
  readonly hours: number;
  readonly nodes: number;
  readonly tries: number;
}

/**
 * Runs this program again for each seed. The first that fails ends all, and is told whole.
 *
 * @returns the exit code: 0 when all survived
 */
export async function runLives(lives: Lives, print: (line: string) => void): Promise<number> {
  const began = performance.now();
  const running = new Set<ChildProcess>();
  let next = 0;
  let failed: string | undefined;
  const work = async (): Promise<void> => {
    while (next < lives.lives && failed === undefined) {
      const seed = lives.seed + next++;
      const { code, output } = await runLife(seed, lives, running);
      if (failed !== undefined) return;
      if (code === 0) {
        print(output.find((line) => line.startsWith('seed ')) ?? '');
        print(`  ${output.find((line) => line.includes(' hours of the cluster in ')) ?? ''}`);
        continue;
      }
      failed = output.join('\n');
      for (const child of running) child.kill();
    }
  };
  await Promise.all(Array.from({ length: Math.min(lives.jobs, lives.lives) }, work));
  if (failed !== undefined) {
    print(failed);
    return 1;
  }
  const seconds = (performance.now() - began) / 1000;
  print(`${lives.lives} clusters in ${seconds.toFixed(1)} s, ${lives.jobs} at a time`);
  return 0;
}

async function runLife(
  seed: number,
  { hours, nodes, tries }: Lives,
  running: Set<ChildProcess>,
): Promise<{ readonly code: number; readonly output: readonly string[] }> {
  const [program = ''] = process.argv.slice(1);
  const flags = Object.entries({ seed, hours, nodes, tries }).flatMap(([name, value]) => [
    `--${name}`,
    String(value),
  ]);
  const child = spawn(process.execPath, [...process.execArgv, program, ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.add(child);
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (piece) => {
    text += piece;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  running.delete(child);
  return { code: code ?? 1, output: text.trimEnd().split('\n') };
}
