/**
 * Compares the chapters on disk with the stubs their solutions make, and writes them.
 *
 * `chapters/.skeleton.json` keeps a hash of each file as last written here: a file with another
 * hash was changed by a person and is not written over. What a stub is, is in `make-stub.ts`.
 */

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeStub } from './make-stub.ts';

/** The manifest's path below the repository's top folder. */
export const MANIFEST = 'chapters/.skeleton.json';

/** Files of a chapter that are written by hand and never generated. */
const HANDWRITTEN = ['README.md', 'hints.md', 'chapter.json', 'examples.test.ts'];

/** One difference between the chapters and what the solutions make of them. */
export interface Drift {
  /** Below `chapters/`, for example `01-etcd/range.ts`. */
  readonly path: string;
  readonly kind: 'missing' | 'different' | 'left over' | 'manifest out of date';
  /** Was the file changed (or added) by a person since it was last written? */
  readonly changedByHand: boolean;
}

/** What the chapters should be and how they are not. */
export interface SkeletonPlan {
  /** Path below `chapters/` to contents. */
  readonly wanted: ReadonlyMap<string, Buffer>;
  readonly drift: readonly Drift[];
}

/**
 * Generates all stubs in memory and compares them with the disk.
 *
 * @throws SourceError when a solution cannot be made into a stub
 */
export function planSkeleton(root: string): SkeletonPlan {
  const wanted = generate(root);
  const manifest = readManifest(root);
  const drift: Drift[] = [];
  for (const [path, contents] of wanted) {
    const found = readIfThere(join(root, 'chapters', path));
    const recorded = manifest.get(path);
    const changedByHand = found !== undefined && hashOf(found) !== recorded;
    if (found === undefined) drift.push({ path, kind: 'missing', changedByHand: false });
    else if (!found.equals(contents)) drift.push({ path, kind: 'different', changedByHand });
    else if (changedByHand) {
      drift.push({ path, kind: 'manifest out of date', changedByHand: false });
    }
  }
  for (const path of new Set([...manifest.keys(), ...listChapters(root)])) {
    if (wanted.has(path)) continue;
    const found = readIfThere(join(root, 'chapters', path));
    const changedByHand = found !== undefined && hashOf(found) !== manifest.get(path);
    drift.push({ path, kind: 'left over', changedByHand });
  }
  drift.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { wanted, drift };
}

/** What {@link writeSkeleton} did. */
export interface Written {
  readonly written: readonly string[];
  readonly removed: readonly string[];
  /** Files it left alone because a person changed them. */
  readonly refused: readonly string[];
}

/**
 * Brings the chapters in step with a plan.
 *
 * @param force - also writes over (and removes) files that a person changed
 */
export function writeSkeleton(root: string, plan: SkeletonPlan, force: boolean): Written {
  const manifest = readManifest(root);
  const written: string[] = [];
  const removed: string[] = [];
  const refused: string[] = [];
  for (const { path, kind, changedByHand } of plan.drift) {
    const target = join(root, 'chapters', path);
    const contents = plan.wanted.get(path);
    if (changedByHand && !force) {
      refused.push(path);
    } else if (contents === undefined) {
      rmSync(target, { force: true });
      manifest.delete(path);
      removed.push(path);
    } else {
      mkdirSync(dirname(target), { recursive: true });
      if (kind !== 'manifest out of date') writeFileSync(target, contents);
      manifest.set(path, hashOf(contents));
      written.push(path);
    }
  }
  if (written.length + removed.length > 0) writeManifest(root, manifest);
  return { written, removed, refused };
}

/** Reads a tree of solutions and makes chapters of it, in memory. */
function generate(root: string): Map<string, Buffer> {
  const texts = new Map<string, string>();
  const wanted = new Map<string, Buffer>();
  for (const path of listSolutions(root)) {
    const contents = readFileSync(join(root, 'solutions', path));
    if (path.endsWith('.ts')) texts.set(path, contents.toString('utf8'));
    else wanted.set(path, contents);
  }
  for (const [path, text] of makeStub(texts, root)) wanted.set(path, Buffer.from(text));
  return wanted;
}

function listSolutions(root: string): string[] {
  const folder = join(root, 'solutions');
  return chapterFolders(folder).flatMap((chapter) =>
    listFiles(folder, chapter).filter((path) => {
      if (!HANDWRITTEN.includes(path.slice(chapter.length + 1))) return true;
      throw new Error(`solutions/${path}: this file is written by hand in chapters/`);
    }),
  );
}

function listChapters(root: string): string[] {
  const folder = join(root, 'chapters');
  return chapterFolders(folder).flatMap((chapter) =>
    listFiles(folder, chapter).filter((path) => {
      const name = path.slice(chapter.length + 1);
      return !HANDWRITTEN.includes(name) && !/\.(md|svg|png)$/.test(name);
    }),
  );
}

function chapterFolders(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => /^\d\d-/.test(name))
    .sort();
}

function listFiles(folder: string, below: string): string[] {
  return readdirSync(join(folder, below), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = `${below}/${entry.name}`;
      return entry.isDirectory() ? listFiles(folder, path) : [path];
    });
}

/** @returns path below `chapters/` to the hash of what was last written there */
export function readManifest(root: string): Map<string, string> {
  const found = readIfThere(join(root, MANIFEST));
  if (found === undefined) return new Map();
  const { files } = JSON.parse(found.toString('utf8')) as { files: Record<string, string> };
  return new Map(Object.entries(files));
}

function writeManifest(root: string, manifest: ReadonlyMap<string, string>): void {
  const files = Object.fromEntries([...manifest].sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(join(root, MANIFEST), `${JSON.stringify({ files }, null, 2)}\n`);
}

/** The hash the manifest keeps of a file. */
export function hashOf(contents: Buffer): string {
  return createHash('sha256').update(contents).digest('hex');
}

function readIfThere(path: string): Buffer | undefined {
  return existsSync(path) ? readFileSync(path) : undefined;
}
