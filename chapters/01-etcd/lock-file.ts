/**
 * The file that says which process is writing to a folder: an adapter of `node-disk.ts`.
 *
 * A process that was killed leaves its lock behind; so the lock names the process and when it began,
 * and one whose process is gone counts for nothing.
 */

import { readFileSync } from 'node:fs';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The lock's name in its folder; what begins with it belongs to the lock. */
export const LOCK_FILE = 'lock';

/** Another process is writing to the folder. */
export class FolderInUseError extends Error {
  override readonly name = 'FolderInUseError';

  constructor(folder: string, pid: number) {
    super(`${folder} is in use by process ${pid}`);
  }
}

/**
 * Takes the lock of a folder.
 *
 * @returns a function that gives it back
 * @throws FolderInUseError when a living process has it
 */
export async function takeLock(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, LOCK_FILE);
  const mine = `${path}.${process.pid}`;
  // Linked when it is whole, so that nobody ever reads half a lock.
  await writeFile(mine, identityOf(process.pid));
  try {
    while (!(await isLinked(mine, path))) await removeStale(folder, path);
  } finally {
    await rm(mine, { force: true });
  }
  return () => rm(path, { force: true });
}

async function isLinked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function removeStale(folder: string, path: string): Promise<void> {
  const holder = await readFile(path, 'utf8').catch(() => '');
  const pid = Number.parseInt(holder, 10);
  if (isAlive(pid) && identityOf(pid) === holder) throw new FolderInUseError(folder, pid);
  const aside = `${path}.stale.${process.pid}`;
  try {
    await rename(path, aside);
  } catch {
    // Somebody else was faster; the next round finds out who has it now.
    return;
  }
  const removed = await readFile(aside, 'utf8');
  // Somebody took it in the moment between: it is theirs.
  if (removed !== holder) await rename(aside, path);
  else await rm(aside, { force: true });
}

function isAlive(pid: number): boolean {
  if (!(pid > 0) || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    // It has ended, and whoever started it has not noticed yet.
    return statOf(pid)?.[0] !== 'Z';
  } catch (error) {
    // It lives, but belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** A process by number and, where the system tells it, by start: numbers are used again. */
function identityOf(pid: number): string {
  const startedAt = statOf(pid)?.[19];
  return startedAt === undefined ? `${pid}` : `${pid} ${startedAt}`;
}

/** What Linux tells of a process, its state first; other systems tell nothing. */
function statOf(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Fields are counted after the program's name, which may hold anything.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}
