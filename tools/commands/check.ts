/**
 * `npm run check`: everything that can be judged without running the tests, one line each.
 *
 * `npm run check -- layering` runs the checks whose name contains the words given; `--gates` runs
 * the gates of all exercises (`--write`: and writes what needs what); `--mutants etcd/range` shows
 * mistakes in the solution that the hidden tests do not notice.
 */

import { parseArgs } from 'node:util';
import { ALL_CHECKS } from '../checks/all-checks.ts';
import { type Check, runChecks } from '../checks/check.ts';
import { gatesOf } from '../checks/gates.ts';
import { findSurvivors } from '../checks/survivors.ts';

const USAGE = 'usage: npm run check [-- WORDS… | --gates [--write] [WORDS…] | --mutants EXERCISE]';

async function main(): Promise<number> {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse();
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`);
    return 2;
  }
  const { values, positionals } = parsed;
  if (values.mutants !== undefined) return mutants(values.mutants);
  const root = process.cwd();
  const write = values.write ?? false;
  const all = values.gates ? gatesOf(root, { write, print: console.log }) : ALL_CHECKS;
  return run(all, positionals);
}

function parse() {
  return parseArgs({
    allowPositionals: true,
    options: {
      gates: { type: 'boolean' },
      write: { type: 'boolean' },
      mutants: { type: 'string' },
    },
  });
}

async function run(all: readonly Check[], words: readonly string[]): Promise<number> {
  const wanted = all.filter(({ name }) => words.every((word) => name.includes(word)));
  if (wanted.length === 0) {
    console.error(`no check is called "${words.join(' ')}"; there are:`);
    for (const { name } of all) console.error(`  ${name}`);
    return 2;
  }
  const { passed, failed } = await runChecks(wanted, process.cwd(), console.log);
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

async function mutants(id: string): Promise<number> {
  try {
    const { total, survivors } = await findSurvivors(process.cwd(), id);
    for (const survivor of survivors) console.log(`survives: ${survivor}`);
    console.log(`${id}: ${total - survivors.length} of ${total} mutants are noticed`);
    return 0;
  } catch (error) {
    console.error((error as Error).message);
    return 2;
  }
}

process.exitCode = await main();
