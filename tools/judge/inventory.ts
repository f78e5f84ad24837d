/**
 * Which tests there are, known before any student code runs: collected with the reference.
 */

import type { Assembly } from './assembly.ts';
import { LIMITS, runChild } from './child.ts';
import { cached, hashOf } from './hash.ts';
import type { DeclaredTest, TestFile } from './protocol.ts';

/** Tests by exercise id. */
export type Inventory = ReadonlyMap<string, readonly DeclaredTest[]>;

/**
 * Lists the tests of hidden test files.
 *
 * @param program - the child's program and a hash of it
 * @param reference - the components the tests import, all of them the reference's
 * @throws Error when a test file cannot be loaded with the reference
 */
export async function listTests(
  root: string,
  program: { path: string; key: string },
  tests: readonly TestFile[],
  reference: Assembly,
): Promise<Inventory> {
  const codes = [...tests, ...reference.modules].map((one) => one.code ?? '');
  const ids = tests.map((test) => test.exercise).join();
  const name = `tests-${hashOf(program.key, ids, ...codes)}.json`;
  const make = (): Promise<string> => collect(program.path, tests, reference);
  const { text } = await cached(root, name, make);
  return new Map(JSON.parse(text) as [string, DeclaredTest[]][]);
}

async function collect(
  program: string,
  tests: readonly TestFile[],
  { modules, surfaces }: Assembly,
): Promise<string> {
  const job = { mode: 'list' as const, seed: 0, testMs: 0, modules, surfaces, tests };
  const { messages, ending, errorText } = await runChild(program, job, { limits: LIMITS });
  for (const message of messages) {
    if (message.t === 'broken') throw new Error(`the reference: ${message.message}`);
    if (message.t === 'unloadable') {
      throw new Error(`a hidden test file cannot be loaded: ${message.failure.message}`);
    }
  }
  if (ending !== 'done') throw new Error(`the list of tests could not be made: ${errorText}`);
  const lists = new Map<string, DeclaredTest[]>();
  for (const message of messages) {
    if (message.t !== 'list') continue;
    lists.set(message.exercise, [...(lists.get(message.exercise) ?? []), ...message.tests]);
  }
  return JSON.stringify([...lists]);
}
