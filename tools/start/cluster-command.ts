/**
 * `npm run cluster`: the whole cluster, made of what the student has passed and the reference for the
 * rest.
 *
 * Here it is decided whose components run; what they do is the main of the chapter `09-cluster`.
 */

import { existsSync } from 'node:fs';
import { readState } from '../course-state.ts';
import { chooseMine, conditionsFor } from '../implementations.ts';
import { type Chapter, readSyllabus } from '../syllabus.ts';
import { runNode } from './child.ts';
import { chapterFile, isNotWritten, referenceFile } from './exercise-files.ts';
import { UsageError } from './find-exercise.ts';
import { findLoans, loansText } from './loans.ts';
import { bundlePage, PAGE_VARIABLE } from './page-bundle.ts';
import { bundleProgram } from './program-bundle.ts';
import type { CommandContext } from './run-command.ts';
import { type Entry, isSettled, readStandings } from './standing.ts';

/** What the command line asks for. */
export interface ClusterRequest {
  /** `passed`: what was passed is the student's. */
  readonly whose: 'passed' | 'reference' | readonly string[];
  /** For the main, untouched. */
  readonly flags: readonly string[];
}

/** Whose a component is, and why. */
export interface Owner {
  readonly component: string;
  readonly isMine: boolean;
  readonly why: string;
}

/** `npm run cluster -- [--mine a,b | --reference] [join | leave | token] flags…` */
export async function clusterCommand({ root, args, print }: CommandContext): Promise<number> {
  const request = parseClusterRequest(args);
  const chapters = readSyllabus(root);
  refuseUnwritten(root, chapters, request);
  const entries = readStandings(root, chapters, readState(root));
  const owners = ownersOf(chapters, entries, request);
  const components = chapters.map(({ component }) => component);
  const mine = owners.filter(({ isMine }) => isMine).map(({ component }) => component);
  const main = mainOf(root, '09-cluster', mine.includes('cluster'));
  if (!existsSync(main)) throw new UsageError(`there is no cluster to run: no ${main}`);
  const [first = ''] = request.flags;
  const isHelp = asksForHelp(args);
  const isWhole = !OTHER_COMMANDS.has(first) && !isHelp;
  // What `token` prints is for pasting, and nobody's components run.
  const isNode = first === 'join' && !isHelp;
  if (isHelp && !OTHER_COMMANDS.has(first)) for (const line of whoseUsage('cluster')) print(line);
  if (isWhole || isNode) for (const line of ownersLines(owners)) print(line);
  const isNamed = Array.isArray(request.whose);
  const loans = findLoans(
    root,
    chapters.filter(({ component }) => mine.includes(component)),
    // What was named is taken as it is; else an extra must have passed.
    (id) => !isNamed && !entries.some((entry) => entry.exercise.id === id && isSettled(entry)),
  );
  if (loans.length > 0 && (isWhole || isNode)) print(loansText(loans));
  const conditions = conditionsFor(chooseMine(components, mine));
  const program = (path: string) => bundleProgram({ root, main: path, conditions, loans });
  const environment: Record<string, string> = {};
  if (isWhole && request.flags.includes('--processes')) {
    const programs: Record<string, string> = {};
    for (const { id, component } of chapters) {
      const path = mainOf(root, id, mine.includes(component));
      if (component !== 'cluster' && existsSync(path)) programs[component] = await program(path);
    }
    environment[PROGRAMS_VARIABLE] = JSON.stringify(programs);
  }
  if (isWhole && !request.flags.includes('--no-page')) {
    const ofFile = mine.includes('cluster') ? chapterFile : referenceFile;
    const page = await bundlePage(root, ofFile(root, '09-cluster', 'page/browser/app.ts'));
    if (page !== undefined) environment[PAGE_VARIABLE] = page;
  }
  return runNode([await program(main), ...request.flags], environment);
}

/** Is only asked how one asks? */
export function asksForHelp(args: readonly string[]): boolean {
  return args.includes('--help') || args.includes('-h');
}

/** What is said of flags that are taken here, before the program says which are its own. */
export function whoseUsage(command: string): string[] {
  return [
    `npm run ${command} -- [--mine a,b | --reference] flags…`,
    '  --mine a,b    these components are yours, whatever has passed, and only these',
    "  --reference   all components are the reference's",
    '  without either: yours are those whose core exercises have all passed',
    '',
  ];
}

/**
 * Looks whether what was named can run at all: a core exercise is never lent.
 *
 * @throws UsageError when a core exercise of a named component is not written
 */
export function refuseUnwritten(
  root: string,
  chapters: readonly Chapter[],
  { whose }: Pick<ClusterRequest, 'whose'>,
): void {
  if (typeof whose === 'string') return;
  const missing = chapters
    .filter(({ component }) => whose.includes(component))
    .flatMap((chapter) =>
      chapter.exercises
        .filter((exercise) => exercise.core && isNotWritten(root, { chapter, exercise }))
        .map(({ id }) => id),
    );
  const [first] = missing;
  if (first === undefined) return;
  throw new UsageError(
    `not written yet, and a core exercise: ${missing.join(', ')}. ` +
      `Write it, or borrow the reference's: npm run borrow -- ${first}`,
  );
}

/** What the cluster's main does beside running a cluster; they come first. */
const OTHER_COMMANDS: ReadonlySet<string> = new Set(['join', 'leave', 'token']);

/** Tells the cluster's main which programs it starts: paths by component, in JSON. */
const PROGRAMS_VARIABLE = 'CLUSTER_PROGRAMS';

function mainOf(root: string, chapterId: string, isMine: boolean): string {
  return (isMine ? chapterFile : referenceFile)(root, chapterId, 'main.ts');
}

/** @throws UsageError when `--mine` and `--reference` are both there, or `--mine` names nothing */
export function parseClusterRequest(args: readonly string[]): ClusterRequest {
  const mine: string[] = [];
  let isReference = false;
  const flags: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const [name = '', value] = (args[i] ?? '').split(/=(.*)/s);
    if (name === '--reference') isReference = true;
    else if (name === '--mine') {
      const named = value ?? args[++i] ?? '';
      if (named === '' || named.startsWith('-'))
        throw new UsageError('--mine needs components: a,b');
      mine.push(...named.split(','));
    } else flags.push(args[i] ?? '');
  }
  if (isReference && mine.length > 0) {
    throw new UsageError('--reference and --mine exclude each other');
  }
  if (mine.length > 0) return { whose: mine, flags };
  return { whose: isReference ? 'reference' : 'passed', flags };
}

/**
 * Decides whose each component is.
 *
 * @remarks A component is the student's when it was named, or when nothing was and all its core
 * exercises have passed (one that is borrowed counts: the reference's file stands in the student's
 * place).
 * @throws UsageError when there is no such component
 */
export function ownersOf(
  chapters: readonly Chapter[],
  entries: readonly Entry[],
  { whose }: Pick<ClusterRequest, 'whose'>,
): Owner[] {
  if (typeof whose !== 'string') {
    const unknown = whose.find((name) => !chapters.some(({ component }) => component === name));
    if (unknown !== undefined) {
      const all = chapters.map(({ component }) => component).join(', ');
      throw new UsageError(`there is no component ${unknown}; there are: ${all}`);
    }
  }
  return chapters.map((chapter): Owner => {
    const { component } = chapter;
    if (whose === 'reference') return { component, isMine: false, why: 'as asked' };
    if (whose !== 'passed') {
      return { component, isMine: whose.includes(component), why: 'as asked' };
    }
    const core = entries.filter((entry) => entry.chapter === chapter && entry.exercise.core);
    const settled = core.filter(isSettled).length;
    const isMine = core.length > 0 && settled === core.length;
    return { component, isMine, why: `${settled} of ${core.length}` };
  });
}

/** `yours: etcd` and `the reference's: apiserver (3 of 9 core exercises passed), client (0 of 6)`. */
export function ownersLines(owners: readonly Owner[]): string[] {
  const mine = owners.filter(({ isMine }) => isMine);
  const others = owners.filter(({ isMine }) => !isMine);
  const asked = owners.every(({ why }) => why === 'as asked');
  const named = ({ component, why }: Owner): string =>
    asked ? component : `${component} (${why})`;
  const note = asked ? '' : ', with how many core exercises have passed';
  const lines: string[] = [];
  if (mine.length > 0) lines.push(`yours: ${mine.map(({ component }) => component).join(', ')}`);
  if (mine.length === 0 && asked) return ["all of it is the reference's"];
  if (others.length > 0) lines.push(`the reference's${note}: ${others.map(named).join(', ')}`);
  return lines;
}
