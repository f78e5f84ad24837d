/**
 * `npm run storm`: the whole cluster under faults in virtual time, of what the student has passed and
 * the reference.
 *
 * Whose components run is decided as for `npm run cluster`; what happens is `09-cluster/storm`.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readState } from '../course-state.ts';
import { chooseMine, conditionsFor } from '../implementations.ts';
import { readSyllabus } from '../syllabus.ts';
import { runNode } from './child.ts';
import {
  asksForHelp,
  ownersLines,
  ownersOf,
  parseClusterRequest,
  refuseUnwritten,
  whoseUsage,
} from './cluster-command.ts';
import { chapterFile, referenceFile } from './exercise-files.ts';
import { UsageError } from './find-exercise.ts';
import { findLoans, loansText } from './loans.ts';
import { bundleProgram } from './program-bundle.ts';
import type { CommandContext } from './run-command.ts';
import { isSettled, readStandings } from './standing.ts';

/** Tells the program whose components it runs, for its last line. */
const MINE_VARIABLE = 'STORM_MINE';
/** Tells it where plans of failures are kept. */
const STORIES_VARIABLE = 'STORM_STORIES';
/** Most of what a storm makes is gone at once: with room for it, cleaning up costs half. */
const YOUNG_SPACE = '--max-semi-space-size=64';

/** `npm run storm -- [--mine a,b | --reference] [--seed N] [--hours H] [--lives L] …` */
export async function stormCommand({ root, args, print }: CommandContext): Promise<number> {
  const request = parseClusterRequest(args);
  const chapters = readSyllabus(root);
  refuseUnwritten(root, chapters, request);
  const entries = readStandings(root, chapters, readState(root));
  const owners = ownersOf(chapters, entries, request);
  const components = chapters.map(({ component }) => component);
  const mine = owners.filter(({ isMine }) => isMine).map(({ component }) => component);
  const fileOf = mine.includes('cluster') ? chapterFile : referenceFile;
  const main = fileOf(root, '09-cluster', 'program/storm.ts');
  if (!existsSync(main)) throw new UsageError(`there is no storm to run: no ${main}`);
  const isHelp = asksForHelp(args);
  for (const line of isHelp ? whoseUsage('storm') : ownersLines(owners)) print(line);
  const isNamed = Array.isArray(request.whose);
  const loans = findLoans(
    root,
    chapters.filter(({ component }) => mine.includes(component)),
    // What was named is taken as it is; else an extra must have passed.
    (id) => !isNamed && !entries.some((entry) => entry.exercise.id === id && isSettled(entry)),
  );
  if (loans.length > 0 && !isHelp) print(loansText(loans));
  const conditions = conditionsFor(chooseMine(components, mine));
  const program = await bundleProgram({ root, main, conditions, loans });
  const environment = {
    [MINE_VARIABLE]: JSON.stringify(mine),
    [STORIES_VARIABLE]: join(root, '.course', 'storm'),
  };
  return runNode([YOUNG_SPACE, program, ...request.flags], environment);
}
