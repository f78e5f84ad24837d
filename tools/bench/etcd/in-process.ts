/** The store without a wire: how fast it is by itself, and what a million keys weigh. */

import { spawn } from 'node:child_process';
import { join } from 'node:path';

/** Puts and reads in a process of their own. */
export function measureInProcess(seconds: number): Promise<void> {
  return runStore('rates', String(seconds));
}

/** Memory with that many keys of 256 bytes, in a process of their own. */
export function measureMillionKeys(keys: number): Promise<void> {
  return runStore('memory', String(keys));
}

async function runStore(...job: string[]): Promise<void> {
  const child = spawn(
    process.execPath,
    [
      ...['--expose-gc', '--import', 'tsx', '-C', 'ref-apimachinery', '-C', 'ref-etcd'],
      ...[join(import.meta.dirname, 'store.ts'), ...job],
    ],
    { stdio: 'inherit' },
  );
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`measuring the store ended with ${code}`);
}
