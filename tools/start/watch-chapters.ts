/**
 * Tells when files below `chapters/` are saved. The adapter to the file system's notices.
 */

import { existsSync, type FSWatcher, readdirSync, readFileSync, watch } from 'node:fs';
import { join } from 'node:path';
import { hashText } from './exercise-files.ts';

/** How long to wait for an editor to finish: many write a file in two steps. */
const DEBOUNCE_MS = 15;

/**
 * Watches until closed.
 *
 * @remarks Each folder is watched by itself: recursive watching is not the same on all systems,
 * and a file replaced by an editor (written beside, then renamed) is only seen from its folder. A
 * notice without a change of content is dropped.
 * @param onSaved - paths below `chapters/`, with `/`
 */
export function watchChapters(root: string, onSaved: (files: string[]) => void): { close(): void } {
  const top = join(root, 'chapters');
  const watchers = new Map<string, FSWatcher>();
  const hashes = new Map<string, string | undefined>();
  const noticed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;

  const report = () => {
    const changed = [...noticed].filter((file) => {
      const now = contentOf(join(top, file));
      const isNew = hashes.get(file) !== now;
      hashes.set(file, now);
      return isNew;
    });
    noticed.clear();
    if (changed.length > 0) onSaved(changed);
  };
  const notice = (file: string) => {
    noticed.add(file);
    clearTimeout(timer);
    timer = setTimeout(report, DEBOUNCE_MS);
  };
  const add = (below: string, isFirst: boolean) => {
    const folder = join(top, below);
    if (watchers.has(below) || !existsSync(folder)) return;
    const watcher = watch(folder, (_event, name) => {
      if (name === null) return;
      const file = below === '' ? name : `${below}/${name}`;
      if (file.endsWith('.ts')) notice(file);
      else if (isFolder(folder, name)) add(file, false);
    });
    // A folder that is deleted ends its watcher; it comes back with its parent's notice.
    watcher.on('error', () => {
      watcher.close();
      watchers.delete(below);
    });
    watchers.set(below, watcher);
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const file = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory() && entry.name !== 'node_modules') add(file, isFirst);
      else if (entry.name.endsWith('.ts') && isFirst) hashes.set(file, contentOf(join(top, file)));
      else if (entry.name.endsWith('.ts')) notice(file);
    }
  };
  add('', true);
  return {
    close: () => {
      clearTimeout(timer);
      for (const watcher of watchers.values()) watcher.close();
    },
  };
}

function isFolder(folder: string, name: string): boolean {
  const found = existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : [];
  return found.some((entry) => entry.name === name && entry.isDirectory());
}

function contentOf(path: string): string | undefined {
  try {
    return hashText(readFileSync(path));
  } catch {
    // Deleted, or being replaced just now: another notice follows.
    return undefined;
  }
}
