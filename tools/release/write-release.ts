/**
 * Makes a new student repository of a plan, in an empty folder.
 */

import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UsageError } from '../start/find-exercise.ts';
import type { ReleasePlan } from './release-plan.ts';
import { readShipped, writeShipped } from './shipped.ts';

/**
 * Refuses a folder with anything in it.
 *
 * @throws UsageError that says what to do instead
 */
export function checkOutFolder(folder: string): void {
  if (!existsSync(folder) || readdirSync(folder).length === 0) return;
  if (readShipped(folder)) {
    throw new UsageError(`${folder} is a release already: npm run release -- --update ${folder}`);
  }
  throw new UsageError(`${folder} is not empty and is not a release; nothing was written`);
}

/** Writes every file of the plan. */
export function writeRelease(folder: string, plan: ReleasePlan): void {
  checkOutFolder(folder);
  for (const [path, contents] of plan.files) writeReleaseFile(folder, path, contents);
  writeShipped(folder, plan);
}

/** Writes one file of a release, making its folder. */
export function writeReleaseFile(
  folder: string,
  path: string,
  contents: string | Uint8Array,
): void {
  const target = join(folder, ...path.split('/'));
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, contents);
}
