/** Short names for contents, and the disposable files under `.course/cache` that they name. */

import { createHash, randomUUID } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

/** One hash over several texts; where one ends and the next begins counts. */
export function hashOf(...texts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(`${text.length}:`).update(text);
  return hash.digest('hex').slice(0, 32);
}

/** The last texts made, for another course in the same process that needs the same. */
const made = new Map<string, string>();
const MAX_MADE = 200;

/**
 * Finds a file in the cache, or makes it.
 *
 * @param name - holds the hash of everything that `make` depends on
 * @returns the file's path and text
 */
export async function cached(
  root: string,
  name: string,
  make: () => Promise<string>,
): Promise<{ path: string; text: string }> {
  const folder = join(root, '.course', 'cache');
  const path = join(folder, name);
  if (existsSync(path)) return { path, text: readFileSync(path, 'utf8') };
  const text = made.get(name) ?? (await make());
  if (made.size >= MAX_MADE) made.clear();
  made.set(name, text);
  mkdirSync(folder, { recursive: true });
  const beside = `${path}.${randomUUID()}.new`;
  writeFileSync(beside, text);
  renameSync(beside, path);
  prune(folder);
  return { path, text };
}

const MAX_CACHED = 200_000_000;

/** Removes the oldest files once there are many: each edit of a test or the kit leaves one. */
function prune(folder: string): void {
  const files = readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    const status = statSync(path, { throwIfNoEntry: false });
    return status?.isFile() ? [{ path, size: status.size, time: status.mtimeMs }] : [];
  });
  let total = 0;
  for (const file of files.sort((a, b) => b.time - a.time)) {
    total += file.size;
    if (total > MAX_CACHED) rmSync(file.path, { force: true });
  }
}
