/** The program behind `npm run storm`: runs the storm of a seed, and tells what came of it. */

import { Command, InvalidArgumentError } from 'commander';
import { newPlan, type StormPlan } from '../storm/plan.ts';
import { runStorm, type StormResult } from '../storm/run-storm.ts';
import { shorten } from '../storm/shorten.ts';
import { storyLines } from '../storm/story.ts';

/** Whose components run, as the command that starts this one says it; in JSON. */
const MINE_VARIABLE = 'STORM_MINE';

interface Options {
  readonly seed: number;
  readonly hours: number;
  readonly nodes: number;
  readonly tries: number;
}

const HOUR_MS = 3_600_000;

await main();

async function main(): Promise<void> {
  const options = parse(process.argv.slice(2));
  const plan = newPlan(options);
  const began = performance.now();
  const onStorm = (done: number, entries: number): void => {
    if (done % 10 === 0 || done === plan.storms.length) {
      print(`${done} of ${plan.storms.length} storms, ${entries} entries in the last history`);
    }
  };
  print(`seed ${options.seed}: ${plan.storms.length} storms over ${options.nodes} nodes`);
  const result = await runStorm(plan, { onStorm });
  const seconds = (performance.now() - began) / 1000;
  const hours = result.virtualMs / HOUR_MS;
  print(`${hours.toFixed(2)} hours of the cluster in ${seconds.toFixed(1)} s`);
  if (result.violations.length + result.collapses.length > 0)
    await tellFailure(plan, result, options);
  else tellSuccess();
  // Parts of the cluster still wait on a clock that nobody moves.
  process.exit(process.exitCode ?? 0);
}

async function tellFailure(plan: StormPlan, result: StormResult, options: Options): Promise<void> {
  process.exitCode = 1;
  print(`\nbroken in storm ${result.storms}:`);
  for (const { invariant, sentence } of result.violations) print(`  ${invariant}: ${sentence}`);
  for (const { component, why } of result.collapses) print(`  ${component} ended: ${why}`);
  print(`\nlooking for a shorter story, in at most ${options.tries} runs`);
  const run = (shorter: StormPlan): Promise<StormResult> => runStorm(shorter);
  const found = await shorten(plan, result, { run, mostRuns: options.tries });
  const left = found.plan.faults.length + found.plan.deeds.length;
  print(`after ${found.runs} runs, ${left} things are left that have to happen:\n`);
  for (const line of storyLines(found.plan, found.result)) print(line);
  const { seed, hours, nodes } = options;
  print(
    `\nto replay: npm run storm -- --seed ${seed} --hours ${hours} --nodes ${nodes}${mineFlag()}`,
  );
}

function tellSuccess(): void {
  const mine = mineOf();
  print('nothing that must never happen has happened');
  if (mine.length > 0) print(`Your ${mine.join(', ')} survived the storm. That is worth a badge.`);
}

function mineOf(): string[] {
  return JSON.parse(process.env[MINE_VARIABLE] ?? '[]') as string[];
}

function mineFlag(): string {
  const mine = mineOf();
  return mine.length > 0 ? ` --mine ${mine.join(',')}` : ' --reference';
}

function parse(args: readonly string[]): Options {
  const seed = Math.floor(Date.now() % 1_000_000);
  const command = new Command('storm')
    .description('Runs a whole cluster in virtual time while everything fails, and judges it.')
    .option('--seed <number>', 'which storm; the same seed is the same storm', number, seed)
    .option('--hours <number>', 'how many hours of the cluster', number, 2)
    .option('--nodes <number>', 'how many nodes', number, 3)
    .option('--tries <number>', 'runs that looking for a shorter story may take', number, 40);
  command.parse([...args], { from: 'user' });
  return command.opts<Options>();
}

function number(text: string): number {
  const value = Number(text);
  if (!(value >= 0)) throw new InvalidArgumentError('it is no number');
  return value;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
