/** Finds where in a student's own file something was thrown, from a stack of compiled code. */

import { SourceMap } from 'node:module';
import type { Gathered } from './component.ts';

/**
 * The first place in a stack that is in one of the student's files.
 *
 * @returns `chapters/01-etcd/range.ts:12:5`, or `undefined` when the stack names none
 */
export function studentPosition(stack: string, modules: readonly Gathered[]): string | undefined {
  for (const line of stack.split('\n')) {
    const match = /\(?(chapters\/[^():]+):(\d+):(\d+)\)?$/.exec(line.trim());
    const module = match && modules.find((one) => one.mine && one.file === match[1]);
    if (!match || !module?.map) continue;
    return originalPosition(module, Number(match[2]), Number(match[3]));
  }
  return undefined;
}

function originalPosition(module: Gathered, line: number, column: number): string {
  const map = new SourceMap(JSON.parse(module.map ?? '{}'));
  const entry = map.findEntry(line - 1, column - 1);
  if (!('originalLine' in entry)) return module.file;
  return `${module.file}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
}
