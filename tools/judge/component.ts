/**
 * Gathers a component's modules, from its surface inwards: the student's, the reference's, or the
 * student's with borrowed files.
 *
 * Files outside the component's folder are not followed, nor are links.
 */

import { existsSync, lstatSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { Chapter } from '../syllabus.ts';
import { joinKey } from './child/link.ts';
import { compile, requiredBy } from './compile.ts';
import { referenceFolder } from './places.ts';
import type { Module } from './protocol.ts';

/** Whose code a component is, and where. */
export interface ComponentSource {
  readonly root: string;
  readonly chapter: Chapter;
  readonly whose: 'mine' | 'reference';
  /** The student's folder when it is not `chapters/<id>`; absolute. */
  readonly folder?: string;
  /** Exercises whose files are the reference's although the component is the student's. */
  readonly borrowed?: ReadonlySet<string>;
}

/** A module with what the judge needs besides. */
export interface Gathered extends Module {
  readonly map?: string;
}

/** Files the grader reads of a component, in bytes: more is not a component. */
const MAX_FILE = 2_000_000;
const MAX_FILES = 500;

/**
 * Compiles all files reachable from the surfaces asked for.
 *
 * @param surfaces - paths of index files inside the component: `['index.ts']`
 */
export async function gather(
  source: ComponentSource,
  surfaces: readonly string[],
): Promise<Gathered[]> {
  const { component } = source.chapter;
  const found = new Map<string, Gathered>();
  let open = surfaces.map((path) => `${component}/${path}`);
  while (open.length > 0 && found.size < MAX_FILES) {
    const round = await Promise.all(open.map((key) => gatherOne(source, key)));
    for (const module of round) if (module) found.set(module.key, module);
    const wanted = round.flatMap((module) =>
      module?.code === undefined
        ? []
        : requiredBy(module.code)
            .filter((name) => name.startsWith('.'))
            .map((name) => joinKey(module.key, name)),
    );
    open = [...new Set(wanted)].filter((key) => !found.has(key) && key.startsWith(`${component}/`));
  }
  return [...found.values()];
}

async function gatherOne(source: ComponentSource, key: string): Promise<Gathered | undefined> {
  const path = key.slice(source.chapter.component.length + 1);
  const exercise = source.chapter.exercises.find((e) => e.files.includes(path));
  const borrowed = exercise !== undefined && source.borrowed?.has(exercise.id) === true;
  const mine = source.whose === 'mine' && !borrowed;
  const place = mine ? studentFile(source, path) : referenceFile(source, path);
  if (!place) return undefined;
  const shared = {
    key,
    file: place.file,
    mine,
    ...(mine && exercise && { exercise: exercise.id }),
  };
  const compiled = await compile(readFileSync(place.path, 'utf8'), place.file);
  return { ...shared, ...compiled };
}

function studentFile(
  source: ComponentSource,
  path: string,
): { path: string; file: string } | undefined {
  const folder = source.folder ?? join(source.root, 'chapters', source.chapter.id);
  const absolute = join(folder, path);
  if (!existsSync(absolute)) return undefined;
  const status = lstatSync(absolute);
  const real = realpathSync(absolute);
  if (!status.isFile() || status.size > MAX_FILE) return undefined;
  if (real !== join(realpathSync(folder), path)) return undefined;
  return { path: absolute, file: `chapters/${source.chapter.id}/${path}` };
}

/** In a release the same file is a minified ES module. */
function referenceFile(
  source: ComponentSource,
  path: string,
): { path: string; file: string } | undefined {
  const folder = referenceFolder(source.root, source.chapter);
  for (const name of [path, path.replace(/\.ts$/, '.js'), path.replace(/\.js$/, '.ts')]) {
    const file = `${folder}/${name}`;
    const absolute = join(source.root, file);
    if (existsSync(absolute)) return { path: absolute, file };
  }
  return undefined;
}
