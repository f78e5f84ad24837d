/**
 * `npm run release` in words.
 */

import { isAbsolute, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { UsageError } from '../start/find-exercise.ts';
import type { CommandContext } from '../start/run-command.ts';
import { readSyllabusChoice } from './chapter-files.ts';
import { planRelease, type ReleaseOptions } from './release-plan.ts';
import { readShipped } from './shipped.ts';
import { UPDATES, type Update, updateRelease } from './update-release.ts';
import { checkOutFolder, writeRelease } from './write-release.ts';

const USAGE = 'npm run release -- --out DIR | --update DIR [--hidden omit] [--syllabus FILE]';

/** `npm run release -- --out DIR | --update DIR [--hidden bundled|omit] [--syllabus FILE]` */
export async function releaseCommand({ root, args, print }: CommandContext): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      out: { type: 'string' },
      update: { type: 'string' },
      hidden: { type: 'string' },
      syllabus: { type: 'string' },
    },
  });
  const { out, update, hidden } = values;
  if ((out === undefined) === (update === undefined)) throw new UsageError(USAGE);
  if (hidden !== undefined && hidden !== 'omit' && hidden !== 'bundled') {
    throw new UsageError(`--hidden is omit or bundled, not ${hidden}`);
  }
  const syllabus =
    values.syllabus === undefined
      ? undefined
      : readSyllabusChoice(root, fromCaller(values.syllabus));
  if (out !== undefined) {
    const options: ReleaseOptions = { hidden: hidden ?? 'bundled', syllabus };
    await makeNew(root, fromCaller(out), options, print);
    return 0;
  }
  await bringUpToDate(root, fromCaller(update ?? ''), { hidden, syllabus }, print);
  return 0;
}

type Print = CommandContext['print'];

async function makeNew(root: string, folder: string, options: ReleaseOptions, print: Print) {
  checkOutFolder(folder);
  const plan = await planRelease(root, options);
  writeRelease(folder, plan);
  print(`${plan.files.size} files in ${folder}, course version ${plan.courseVersion}`);
  if (options.hidden === 'omit') print('The hidden tests are not in it: only you can grade.');
  print('Try it there: npm ci && npm start');
}

async function bringUpToDate(
  root: string,
  folder: string,
  wished: Partial<ReleaseOptions>,
  print: Print,
) {
  const shipped = readShipped(folder);
  if (!shipped) throw new UsageError(`${folder} is not a release; nothing was written`);
  const plan = await planRelease(root, {
    hidden: wished.hidden ?? shipped.options.hidden,
    syllabus: wished.syllabus ?? shipped.options.syllabus,
  });
  printUpdate(updateRelease(folder, shipped, plan), print);
  print(`course version ${shipped.courseVersion} → ${plan.courseVersion}`);
}

function printUpdate({ written, removed, beside }: Update, print: Print): void {
  for (const path of written) print(`new      ${path}`);
  for (const path of removed) print(`gone     ${path}`);
  for (const path of beside) {
    print(`yours    ${path} was left as it is; the course's new text: ${UPDATES}/${path}`);
  }
  print(
    `${written.length} written, ${removed.length} removed, ${beside.length} left to the student`,
  );
}

/** npm runs scripts in the top folder; a path means what it meant where it was typed. */
function fromCaller(path: string): string {
  return isAbsolute(path) ? path : resolve(join(process.env.INIT_CWD ?? process.cwd(), path));
}
