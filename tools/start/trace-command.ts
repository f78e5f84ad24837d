/**
 * `npm run trace`: a packet's way through a node's rules, in the model of netfilter.
 *
 * The model is the student's once they have written it. Here it is decided whose it is; flags and text
 * are the program's, in the chapter `08-kube-proxy`.
 */

import { chooseMine, conditionArguments } from '../implementations.ts';
import { readSyllabus } from '../syllabus.ts';
import { runNode } from './child.ts';
import { chapterFile, isNotWritten, referenceFile } from './exercise-files.ts';
import { UsageError } from './find-exercise.ts';
import type { CommandContext } from './run-command.ts';

const COMPONENT = 'kube-proxy';
const MODEL = 'kube-proxy/netfilter';
const PROGRAM = 'program/trace.ts';

/** `npm run trace -- --rules FILE --from IP --to IP:PORT/tcp …` */
export async function traceCommand({ root, args }: CommandContext): Promise<number> {
  const chapters = readSyllabus(root);
  const chapter = chapters.find(({ component }) => component === COMPONENT);
  const exercise = chapter?.exercises.find(({ id }) => id === MODEL);
  if (!chapter || !exercise) throw new UsageError(`there is no exercise ${MODEL} here`);
  const isMissing = isNotWritten(root, { chapter, exercise });
  const isReference = isMissing || args.includes('--ref');
  const isHelp = args.includes('--help') || args.includes('-h');
  if (isMissing && !args.includes('--ref') && !isHelp) {
    process.stderr.write(`${MODEL} is not written yet: this is the reference's model\n`);
  }
  const file = isReference ? referenceFile : chapterFile;
  const components = chapters.map(({ component }) => component);
  // Of other components the model uses clocks and chance only.
  const mine = isReference ? [] : [COMPONENT];
  const flags = args.filter((word) => word !== '--ref');
  return runNode([
    ...['--import', import.meta.resolve('tsx')],
    ...conditionArguments(chooseMine(components, mine)),
    file(root, chapter.id, PROGRAM),
    ...flags,
  ]);
}
