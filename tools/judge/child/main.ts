/**
 * The program that runs in a child: read the job, take the platform away, link, test, report.
 *
 * The order matters: everything trusted is loaded and captured first, then the platform is locked,
 * then student code is evaluated for the first time.
 */

import * as fastCheck from 'fast-check';
import * as sortedBtree from 'sorted-btree';
import { recordCalls } from '../../../tests/kit/calls.ts';
import { failureOf, TestFailure } from '../../../tests/kit/failure.ts';
import * as kit from '../../../tests/kit/index.ts';
import { recordBeforeFreezing } from '../../../tests/kit/methods.ts';
import { currentRecording, listenToSteps } from '../../../tests/kit/recording.ts';
import { setPropertySeed } from '../../../tests/kit/seed.ts';
import * as notImplemented from '../../not-implemented.ts';
import type { Job, Message, ReportedFailure } from '../protocol.ts';
import { openChannel, readJob } from './channel.ts';
import { freezeReachable } from './freeze.ts';
import { Linker } from './link.ts';
import { runPatiently, Unending, watchProcess } from './patience.ts';
import { lockPlatform, type Platform } from './platform.ts';
import { type Case, collect } from './runner.ts';

const MAX_TEXT = 8_000;
const MAX_REPRO = 100_000;

type Send = (message: Message) => void;

async function main(): Promise<void> {
  const job = readJob();
  const send = openChannel(job.secret);
  const leave = process.exit.bind(process);
  setPropertySeed(job.seed);
  watchProcess();
  listenToSteps((step) => {
    const lines = step.lines.map((line) => line.slice(0, 2_000));
    send({ t: 'step', ...step, lines });
  });
  const codes = [...job.modules, ...job.tests].map((one) => one.code ?? '');
  const platform = lockPlatform(codes);
  const provided = new Map<string, object>([
    ['#not-implemented', esModule({ ...notImplemented })],
    ['sorted-btree', packageModule(sortedBtree)],
  ]);
  growSharedValues();
  freezeReachable([...provided.values()]);
  const linker = new Linker({
    ...job,
    names: [...platform.names, ...(job.traced ? ['$reached'] : [])],
    values: [...platform.values, ...(job.traced ? [reporterOf(send)] : [])],
    provided,
    beforeFreezing: recordClassesOf(job),
    onBroken: (module, thrown) => {
      const failure = describe(module.file, thrown);
      send({ t: 'broken', key: module.key, message: failure.message, stack: failure.stack ?? '' });
    },
  });
  await runJob(job, linker, platform, send);
  send({ t: 'done' });
  leave(0);
}

/**
 * Classes of given code and of the reference that a test makes objects of (its FakeClock): calls of
 * their methods are steps, too. All others stay as they are, and as fast.
 */
function recordClassesOf({ mode, tests }: Job): (exported: object) => void {
  const made = new Set(
    tests.flatMap(({ code }) =>
      [...code.matchAll(/\bnew [\w$]+\.([\w$]+)/g)].map(([, name]) => name),
    ),
  );
  return (exported) => {
    if (mode !== 'run') return;
    for (const name of Object.keys(exported)) {
      if (made.has(name)) recordBeforeFreezing(Reflect.get(exported, name));
    }
  };
}

/** Reports each exercise once. */
function reporterOf(send: Send): (exercise: string) => void {
  const known = new Set<string>();
  return (exercise) => {
    if (known.has(exercise)) return;
    known.add(exercise);
    send({ t: 'reached', exercise });
  };
}

async function runJob(job: Job, linker: Linker, platform: Platform, send: Send): Promise<void> {
  const forTests = new Map<string, object>([
    ['#kit', esModule({ ...kit })],
    ['fast-check', esModule({ ...fastCheck })],
  ]);
  for (const test of job.tests) {
    let cases: Case[];
    try {
      const file = `tests/${test.exercise}`;
      cases = collect(
        () => linker.evaluateTest(test.code, file, forTests, recordCalls),
        test.extra,
      );
    } catch (thrown) {
      send({ t: 'unloadable', failure: describe(test.exercise, thrown) });
      continue;
    }
    const tests = cases.map(({ name, core }) => ({ name, core }));
    if (job.mode === 'list') send({ t: 'list', exercise: test.exercise, tests });
    else await runCases(cases, job, platform, send);
  }
}

async function runCases(
  cases: readonly Case[],
  job: Job,
  platform: Platform,
  send: Send,
): Promise<void> {
  for (const test of cases) {
    const { name } = test;
    send({ t: 'begin', name });
    let failure: ReportedFailure | undefined;
    try {
      await runPatiently(() => test.run(), job.testMs);
    } catch (thrown) {
      failure = describe(name, thrown);
    }
    const output = platform.endTest();
    if (failure && output !== '') failure = { ...failure, output };
    send({ t: 'end', name, ...(failure && { failure }) });
  }
}

function describe(name: string, thrown: unknown): ReportedFailure {
  const recording = currentRecording();
  const failure = thrown instanceof TestFailure ? thrown : failureOf(name, thrown, recording);
  const { lesson } = failure;
  const unending = thrown instanceof Unending;
  return {
    ...lesson,
    message: (unending ? thrown.message : lesson.message).slice(0, MAX_TEXT),
    steps: lesson.steps.slice(-40).map((line) => line.slice(0, 2_000)),
    repro: lesson.repro.slice(0, MAX_REPRO),
    ...(unending && { timedOut: true }),
  };
}

function esModule(exports: object): object {
  return Object.freeze(Object.assign(exports, { __esModule: true }));
}

/** A CommonJS package as Node shows it to `import`: all of it is the default export. */
/**
 * All trees share one array for values that are `undefined`, and the first insertion fills it up to
 * the node size. It must be at its largest before it is frozen, or no tree can be written to.
 */
function growSharedValues(): void {
  const nested = sortedBtree.default as { default?: unknown };
  // How many `default`s deep the class is depends on who loads the package.
  const Tree = (typeof nested === 'function' ? nested : nested.default) as new (
    entries: undefined,
    compare: undefined,
    maxNodeSize: number,
  ) => { set(key: number, value: undefined): void };
  new Tree(undefined, undefined, 256).set(0, undefined);
}

function packageModule(module: object): object {
  const { default: whole, ...named } = module as { default: object };
  return esModule({ ...named, default: whole });
}

main().catch(() => process.exit(1));
