/**
 * `npm run skeleton [-- --check | --force]`: writes the chapters' stubs from the solutions.
 *
 * With `--check` nothing is written and any drift is a failure. The work is in
 * `tools/source/skeleton.ts`.
 */

import { parseArgs } from 'node:util';
import { type Drift, planSkeleton, writeSkeleton } from '../source/skeleton.ts';

const USAGE = 'usage: npm run skeleton [-- --check | --force]';

function main(): number {
  let options: { check?: boolean | undefined; force?: boolean | undefined };
  try {
    options = parseArgs({
      options: { check: { type: 'boolean' }, force: { type: 'boolean' } },
    }).values;
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`);
    return 2;
  }
  try {
    return options.check ? check() : write(options.force ?? false);
  } catch (error) {
    console.error((error as Error).message);
    return 1;
  }
}

function check(): number {
  const { wanted, drift } = planSkeleton(process.cwd());
  for (const each of drift) console.error(describeDrift(each));
  if (drift.length > 0) {
    console.error(
      `${drift.length} files differ from what solutions/ makes: run \`npm run skeleton\``,
    );
    return 1;
  }
  console.log(`${wanted.size} files of chapters/ are in step with solutions/`);
  return 0;
}

function write(force: boolean): number {
  const root = process.cwd();
  const plan = planSkeleton(root);
  const { written, removed, refused } = writeSkeleton(root, plan, force);
  for (const path of written) console.log(`wrote chapters/${path}`);
  for (const path of removed) console.log(`removed chapters/${path}`);
  for (const path of refused) {
    console.error(`kept chapters/${path}: it was changed by hand since it was last written`);
  }
  if (refused.length > 0) console.error('use --force to write over these files');
  console.log(`${plan.wanted.size} files, ${written.length} written, ${removed.length} removed`);
  return refused.length > 0 ? 1 : 0;
}

function describeDrift({ path, kind, changedByHand }: Drift): string {
  return `chapters/${path}: ${kind}${changedByHand ? ' (changed by hand)' : ''}`;
}

process.exitCode = main();
