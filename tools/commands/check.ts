/**
 * `npm run check`: everything that can be judged without running the tests, one line each.
 *
 * `npm run check -- layering` runs the checks whose name contains the words given. The list is in
 * `tools/checks/all-checks.ts`.
 */

import { ALL_CHECKS } from '../checks/all-checks.ts';
import { runChecks } from '../checks/check.ts';

async function main(words: readonly string[]): Promise<number> {
  const wanted = ALL_CHECKS.filter(({ name }) => words.every((word) => name.includes(word)));
  if (wanted.length === 0) {
    console.error(`no check is called "${words.join(' ')}"; there are:`);
    for (const { name } of ALL_CHECKS) console.error(`  ${name}`);
    return 2;
  }
  const { passed, failed } = await runChecks(wanted, process.cwd(), console.log);
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
