/** The program behind `npm run storm`: runs the storms of seeds, and tells what came of them. */

import { setMaxListeners } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { newPlan, type StormPlan } from '../storm/plan.ts';
import { parsePlan, planFileName, planText } from '../storm/plan-file.ts';
import { runStorm, type StormResult } from '../storm/run-storm.ts';
import { shorten } from '../storm/shorten.ts';
import { storyLines } from '../storm/story.ts';
import { runLives } from './storm-lives.ts';

/** Whose components run, as the command that starts this one says it; in JSON. */
const MINE_VARIABLE = 'STORM_MINE';
/** A folder for the plans of failures; absent: none is kept. */
const STORIES_VARIABLE = 'STORM_STORIES';

interface Options {
  readonly seed: number;
  readonly hours: number;
  readonly nodes: number;
  readonly tries: number;
  readonly lives: number;
  readonly jobs: number;
  readonly plan?: StormPlan;
}

const HOUR_MS = 3_600_000;
const SHORTEST_HOURS = 0.5;
/** Of one invariant: when the judge itself is wrong there are hundreds. */
const MOST_TOLD = 5;

await main();

async function main(): Promise<void> {
  // All parts of a cluster listen to one signal.
  setMaxListeners(0);
  const options = parse(process.argv.slice(2));
  if (options.lives > 1 && !options.plan) {
    process.exitCode = await runLives(options, print);
    if (process.exitCode === 0) tellSuccess();
    return;
  }
  const plan = options.plan ?? newPlan(options);
  const began = performance.now();
  const onStorm = (done: number, entries: number): void => {
    if (done % 10 === 0 || done === plan.storms.length) {
      print(`${done} of ${plan.storms.length} storms, ${entries} entries in the last history`);
    }
  };
  print(`seed ${plan.seed}: ${plan.storms.length} storms over ${plan.nodes} nodes`);
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
  for (const line of violationLines(result)) print(`  ${line}`);
  for (const { component, why } of result.collapses) print(`  ${component} ended: ${why}`);
  if (options.tries > 0) print(`\nlooking for a shorter story, in at most ${options.tries} runs`);
  const run = (shorter: StormPlan): Promise<StormResult> => runStorm(shorter);
  const found = await shorten(plan, result, { run, mostRuns: options.tries });
  const left = found.plan.faults.length + found.plan.deeds.length;
  print(`after ${found.runs} runs, ${left} things are left that have to happen:\n`);
  for (const line of storyLines(found.plan, found.result)) print(line);
  const file = keep(found.plan);
  if (file !== undefined) {
    print(`\nto see just this again: npm run storm -- --plan ${file}${mineFlag()}`);
  }
  if (options.plan) return;
  const { seed, hours, nodes } = options;
  print(
    `\nthe whole of it: npm run storm -- --seed ${seed} --hours ${hours} --nodes ${nodes}${mineFlag()}`,
  );
}

function violationLines({ violations }: StormResult): string[] {
  const names = [...new Set(violations.map(({ invariant }) => invariant))];
  return names.flatMap((name) => {
    const all = violations.filter(({ invariant }) => invariant === name);
    const told = all.slice(0, MOST_TOLD).map(({ sentence }) => `${name}: ${sentence}`);
    const more = all.length - told.length;
    return more > 0 ? [...told, `${name}: and ${more} more`] : told;
  });
}

/** @returns where the plan is, from here */
function keep(plan: StormPlan): string | undefined {
  const folder = process.env[STORIES_VARIABLE];
  if (folder === undefined) return undefined;
  mkdirSync(folder, { recursive: true });
  const path = join(folder, planFileName(plan));
  writeFileSync(path, planText(plan));
  return relative(process.cwd(), path);
}

function tellSuccess(): void {
  const mine = mineOf();
  print('nothing that must never happen has happened');
  const running = mine.filter((name) => name !== 'cluster');
  if (running.length > 0) {
    print(`Your ${running.join(', ')} survived the storm. That is worth a badge.`);
  }
  if (mine.includes('cluster')) print('Your invariants were the judge.');
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
    .usage('[--mine a,b | --reference] [options]')
    .description('Runs a whole cluster in virtual time while everything fails, and judges it.')
    .option('--seed <number>', 'which storm; the same seed is the same storm', number, seed)
    .option('--hours <number>', 'how many hours of the cluster', hours, 2)
    .option('--nodes <number>', 'how many nodes', positive, 3)
    .option('--lives <number>', 'so many clusters, one for each seed from --seed on', positive, 1)
    .option('--jobs <number>', 'so many of them at a time', positive, availableParallelism())
    .option('--tries <number>', 'runs that looking for a shorter story may take', number, 40)
    .option('--plan <file>', 'what happened is in this file', readPlan);
  command.parse([...args], { from: 'user' });
  return command.opts<Options>();
}

function number(text: string): number {
  const value = Number(text);
  if (text === '' || !(value >= 0)) throw new InvalidArgumentError('it is no number');
  return value;
}

/** The first storm is never left out, so less than that would not be what was asked for. */
function hours(text: string): number {
  const value = number(text);
  if (value < SHORTEST_HOURS) throw new InvalidArgumentError(`one storm takes ${SHORTEST_HOURS}`);
  return value;
}

function positive(text: string): number {
  const value = number(text);
  if (!Number.isInteger(value) || value === 0)
    throw new InvalidArgumentError('it must be 1 or more');
  return value;
}

function readPlan(path: string): StormPlan {
  try {
    return parsePlan(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
