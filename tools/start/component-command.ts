/**
 * `npm run component`: one component's main as a process, under the real one's name.
 *
 * Whose code it is follows from `--ref` and `--mine`; see `implementations.ts` and, for extras that
 * are not written, `loans.ts`. What stands after the name is the main's business.
 */

import { existsSync } from 'node:fs';
import { chooseMine, conditionArguments } from '../implementations.ts';
import { type Chapter, readSyllabus } from '../syllabus.ts';
import { runNode } from './child.ts';
import { chapterFile, isNotWritten, referenceFile } from './exercise-files.ts';
import { UsageError } from './find-exercise.ts';
import { findLoans, type Loan, loanArguments, loansText } from './loans.ts';
import type { CommandContext } from './run-command.ts';

/** Components whose real name is another than their import name. */
const REAL_NAMES: Readonly<Record<string, string>> = {
  apiserver: 'kube-apiserver',
  'controller-manager': 'kube-controller-manager',
  scheduler: 'kube-scheduler',
};

/** What the command line asks for. */
export interface ComponentRequest {
  /** The real name, for example `kube-apiserver`. */
  readonly name: string;
  /** All of it the reference's? */
  readonly reference: boolean;
  /** Components that are the student's beside the named one. */
  readonly mine: readonly string[];
  /** For the main, untouched. */
  readonly flags: readonly string[];
}

/** `npm run component -- [--ref] [--mine a,b] NAME flags…` */
export async function componentCommand({ root, args }: CommandContext): Promise<number> {
  const request = parseComponentRequest(args);
  const chapter = chapterOf(root, request.name, readSyllabus(root));
  const { args: nodeArgs, environment, loans } = componentRun(root, request, chapter);
  if (loans.length > 0) process.stderr.write(`${loansText(loans)}\n`);
  const code = await runNode(nodeArgs, environment);
  // 2 is a wrong flag or value, which the main has explained in its one line.
  if (code !== 0 && code !== 2 && !request.reference) explainMissing(root, chapter);
  return code;
}

/** @throws UsageError when it is not `[--ref] [--mine a,b] NAME flags…` */
export function parseComponentRequest(args: readonly string[]): ComponentRequest {
  let reference = false;
  const mine: string[] = [];
  const rest = [...args];
  while (rest[0]?.startsWith('-')) {
    const flag = rest.shift() ?? '';
    if (flag === '--') continue;
    if (flag === '--ref') reference = true;
    else if (flag === '--mine') mine.push(...splitList(rest.shift()));
    else if (flag.startsWith('--mine=')) mine.push(...splitList(flag.slice('--mine='.length)));
    else throw new UsageError(`unknown flag ${flag}; before the name go --ref and --mine a,b`);
  }
  const [name, ...flags] = rest;
  if (name === undefined) throw new UsageError('which component? for example: etcd');
  if (reference && mine.length > 0) throw new UsageError('--ref and --mine exclude each other');
  return { name, reference, mine, flags };
}

/** How node runs a component, and what of it is lent. */
export interface ComponentRun {
  /** tsx, loans, conditions, the main, its flags. */
  readonly args: readonly string[];
  /** Added to this process's own. */
  readonly environment: Readonly<Record<string, string>>;
  readonly loans: readonly Loan[];
}

/** Extras of the student's components that are not written come from the reference. */
export function componentRun(
  root: string,
  request: ComponentRequest,
  chapter: Chapter,
): ComponentRun {
  const chapters = readSyllabus(root);
  const components = chapters.map((each) => each.component);
  const mine = request.reference ? [] : [chapter.component, ...request.mine];
  const unknown = mine.find((component) => !components.includes(component));
  if (unknown !== undefined) {
    throw new UsageError(`there is no component ${unknown}; there are: ${components.join(', ')}`);
  }
  const main = mainPath(root, chapter, request.reference);
  if (!existsSync(main)) throw new UsageError(`${request.name} has no main to run: no ${main}`);
  const ofMine = chapters.filter(({ component }) => mine.includes(component));
  const loans = findLoans(root, ofMine);
  const lent = loanArguments(root, loans);
  const args = [
    ...['--import', import.meta.resolve('tsx')],
    ...lent.args,
    ...['--import', new URL('not-written-notice.ts', import.meta.url).href],
    ...conditionArguments(chooseMine(components, mine)),
    main,
    ...request.flags,
  ];
  return { args, environment: lent.environment, loans };
}

function chapterOf(root: string, name: string, chapters: readonly Chapter[]): Chapter {
  const named = (chapter: Chapter) => REAL_NAMES[chapter.component] ?? chapter.component;
  const found = chapters.find((chapter) => named(chapter) === name);
  if (found) return found;
  const runnable = chapters.filter((chapter) => existsSync(mainPath(root, chapter, true)));
  throw new UsageError(
    `there is no component ${name}; there are: ${runnable.map(named).join(', ')}`,
  );
}

function mainPath(root: string, chapter: Chapter, reference: boolean): string {
  const file = reference ? referenceFile : chapterFile;
  return file(root, chapter.id, 'main.ts');
}

/** A main may have put "not written yet" into its own words; this says what to do about it. */
function explainMissing(root: string, chapter: Chapter): void {
  const missing = chapter.exercises.filter(
    (exercise) => exercise.core && isNotWritten(root, { chapter, exercise }),
  );
  const [first] = missing;
  if (!first) return;
  const more = missing.length > 1 ? ` and ${missing.length - 1} more` : '';
  process.stderr.write(
    `Not written yet in your ${chapter.component}: ${first.id}${more}. ` +
      `Borrow the reference's: npm run borrow -- ${first.id}\n`,
  );
}

function splitList(text: string | undefined): string[] {
  if (text === undefined || text === '') throw new UsageError('--mine needs components: a,b');
  return text.split(',');
}
