/**
 * `.course/release.json`: what a release was made of. It tells an update what a student changed.
 */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from '../course-state.ts';
import { hashText } from '../start/exercise-files.ts';
import type { ReleaseOptions, ReleasePlan } from './release-plan.ts';

/** What a release remembers of itself. */
export interface Shipped {
  readonly format: 1;
  readonly courseVersion: string;
  readonly options: ReleaseOptions;
  /** Hash of every file as it was shipped, by path from the top folder. */
  readonly files: Readonly<Record<string, string>>;
}

/** Where it stands in a release. */
export const SHIPPED = '.course/release.json';

/** @returns `undefined` when the folder is no release */
export function readShipped(folder: string): Shipped | undefined {
  const path = join(folder, SHIPPED);
  if (!existsSync(path)) return undefined;
  const shipped = JSON.parse(readFileSync(path, 'utf8')) as Shipped;
  if (shipped.format !== 1) throw new Error(`${path} has format ${shipped.format}, expected 1`);
  return shipped;
}

/** Says what the release in `folder` now is; written last, so that an update can be run again. */
export function writeShipped(folder: string, { courseVersion, options, files }: ReleasePlan): void {
  const hashes = [...files].map(([path, contents]) => [path, hashText(contents)] as const);
  hashes.sort(([a], [b]) => (a < b ? -1 : 1));
  const shipped: Shipped = { format: 1, courseVersion, options, files: Object.fromEntries(hashes) };
  writeWhole(join(folder, SHIPPED), `${JSON.stringify(shipped, undefined, 2)}\n`);
}
