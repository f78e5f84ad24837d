/**
 * A release as a set of files in memory: what a student's repository holds, before any is written.
 *
 * `write-release.ts` makes a new repository of it, `update-release.ts` brings it to one already
 * handed out. Each kind of file has a module of its own beside this one.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chapterFiles, type SyllabusChoice } from './chapter-files.ts';
import { courseTexts } from './course-texts.ts';
import { engineFiles } from './engine-files.ts';
import { hiddenFiles } from './hidden-files.ts';
import { packageFiles } from './package-files.ts';
import { referenceFiles } from './reference-files.ts';

/** Contents by path from the release's top folder, with `/`. */
export type ReleaseFiles = Map<string, string | Uint8Array>;

/** What an instructor can choose. */
export interface ReleaseOptions {
  /** `bundled`: students grade alone; `omit`: the hidden tests stay with the instructor. */
  readonly hidden: 'bundled' | 'omit';
  readonly syllabus?: SyllabusChoice;
}

/** A release that is not written yet. */
export interface ReleasePlan {
  readonly courseVersion: string;
  readonly options: ReleaseOptions;
  readonly files: ReleaseFiles;
}

/**
 * Makes all files of a release.
 *
 * @param root - the instructor's repository
 */
export async function planRelease(root: string, options: ReleaseOptions): Promise<ReleasePlan> {
  const files: ReleaseFiles = new Map([
    ...courseTexts(root),
    ...packageFiles(root),
    ...engineFiles(root),
    ...chapterFiles(root, options.syllabus),
    ...referenceFiles(root),
    ...(options.hidden === 'bundled' ? await hiddenFiles(root) : []),
  ]);
  unlinkMissing(files);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return { courseVersion: String(version), options, files };
}

/** In handouts and guides, a relative link to a file that is not in the release becomes plain text. */
function unlinkMissing(files: ReleaseFiles): void {
  for (const [path, text] of files) {
    if (!path.endsWith('.md') || typeof text !== 'string') continue;
    const linked = /(!?)\[([^\]]*)\]\((?![a-z]+:|#)([^)\s#]+)(#[^)]*)?\)/g;
    const changed = text.replace(linked, (all, image: string, words: string, target: string) => {
      const to = join('/', path, '..', target).slice(1).replaceAll('\\', '/');
      const isThere = files.has(to) || [...files.keys()].some((file) => file.startsWith(`${to}/`));
      return isThere || image ? all : words;
    });
    if (changed !== text) files.set(path, changed);
  }
}
