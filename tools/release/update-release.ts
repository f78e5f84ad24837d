/**
 * Brings a plan to a repository already handed out, without touching a line the student wrote.
 *
 * A file is the student's when it is not what was shipped. The new text of such a file goes to
 * `.course/updates/`, and only if the course changed it too.
 */

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { hashFile, hashText } from '../start/exercise-files.ts';
import type { ReleasePlan } from './release-plan.ts';
import { type Shipped, writeShipped } from './shipped.ts';
import { writeReleaseFile } from './write-release.ts';

/** Where new texts of files that a student changed are put. */
export const UPDATES = '.course/updates';

/** What an update did, by path from the top folder. */
export interface Update {
  readonly written: string[];
  readonly removed: string[];
  /** Changed by the student and by the course: the student's stands, the new text is beside. */
  readonly beside: string[];
}

/**
 * @remarks For each file there are three texts: as shipped, as it is now, as the plan has it.
 * Now = shipped: the plan's is written. Now = plan's: nothing to do. Otherwise the student changed
 * or deleted it: it stays, and if the plan's differs from the shipped one it is put beside.
 */
export function updateRelease(folder: string, shipped: Shipped, plan: ReleasePlan): Update {
  const update: Update = { written: [], removed: [], beside: [] };
  for (const [path, contents] of plan.files) {
    const wanted = hashText(contents);
    const now = hashFile(join(folder, ...path.split('/')));
    const before = shipped.files[path];
    if (now === wanted) continue;
    if (now === before) {
      writeReleaseFile(folder, path, contents);
      update.written.push(path);
    } else if (wanted !== before) {
      writeReleaseFile(folder, `${UPDATES}/${path}`, contents);
      update.beside.push(path);
    }
  }
  for (const [path, before] of Object.entries(shipped.files)) {
    if (plan.files.has(path) || hashFile(join(folder, ...path.split('/'))) !== before) continue;
    rmSync(join(folder, ...path.split('/')));
    update.removed.push(path);
  }
  writeShipped(folder, plan);
  return update;
}
