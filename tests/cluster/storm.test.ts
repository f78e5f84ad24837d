/** The storm: it replays, it finds shorter stories, and the reference survives it. */

import { setMaxListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { Entry } from '#cluster';
import { newPlan, type StormPlan } from '../../solutions/09-cluster/storm/plan.ts';
import { parsePlan, planText } from '../../solutions/09-cluster/storm/plan-file.ts';
import { runStorm, type StormResult } from '../../solutions/09-cluster/storm/run-storm.ts';
import { shorten } from '../../solutions/09-cluster/storm/shorten.ts';
import { storyLines } from '../../solutions/09-cluster/storm/story.ts';

// All parts of a cluster listen to one signal.
setMaxListeners(0);

const MINUTE_MS = 60_000;
const FIXED_SEED = 20_260_101;

/** A whole storm with its calm takes some seconds, more on a busy machine. */
const TIMEOUT_MS = 300_000;

async function recorded(plan: StormPlan): Promise<string[]> {
  const lines: string[] = [];
  await runStorm(plan, { onEntry: (entry: Entry) => lines.push(JSON.stringify(entry)) });
  return lines;
}

/** What a failing test shows: everything that is needed to see it again. */
function storyOf(plan: StormPlan, result: StormResult): string {
  if (result.violations.length + result.collapses.length === 0) return '';
  const replay = `npm run storm -- --seed ${plan.seed} --hours 0.5 --nodes ${plan.nodes} --reference`;
  return [...storyLines(plan, result), `to replay: ${replay}`].join('\n');
}

describe('a plan', () => {
  it('is the same for the same seed, and another for another', () => {
    const options = { hours: 2, nodes: 3 };
    expect(newPlan({ seed: 1, ...options })).toEqual(newPlan({ seed: 1, ...options }));
    expect(newPlan({ seed: 1, ...options })).not.toEqual(newPlan({ seed: 2, ...options }));
  });

  it('begins the same however long it is', () => {
    const short = newPlan({ seed: 7, hours: 1, nodes: 3 });
    const long = newPlan({ seed: 7, hours: 10, nodes: 3 });
    expect(long.storms.length).toBeGreaterThan(10);
    expect(long.faults.slice(0, short.faults.length)).toEqual(short.faults);
    expect(long.deeds.slice(0, short.deeds.length)).toEqual(short.deeds);
  });

  it('has all its faults within its storms', () => {
    const { storms, faults, deeds } = newPlan({ seed: 3, hours: 10, nodes: 5 });
    for (const { at } of [...faults, ...deeds]) {
      expect(storms.some(({ beginsAt, endsAt }) => at > beginsAt && at < endsAt)).toBe(true);
    }
    for (const { at, ms } of faults) {
      expect(storms.some(({ beginsAt, endsAt }) => at > beginsAt && at + ms <= endsAt)).toBe(true);
    }
  });
});

describe("a plan's file", () => {
  const plan = newPlan({ seed: 3, hours: 1, nodes: 3 });

  it('brings back the plan', () => {
    expect(parsePlan(planText(plan))).toEqual(plan);
    expect(parsePlan(planText({ ...plan, faults: [], deeds: [] })).faults).toEqual([]);
  });

  it('is refused when something is missing', () => {
    const { seed: _, ...noSeed } = plan;
    expect(() => parsePlan(JSON.stringify(noSeed))).toThrow('seed is no number');
    expect(() => parsePlan(JSON.stringify({ ...plan, storms: [] }))).toThrow('no storm');
    const faults = [{ ...plan.faults[0], at: 'soon' }];
    expect(() => parsePlan(JSON.stringify({ ...plan, faults }))).toThrow('faults[0].at');
    expect(() => parsePlan('storms')).toThrow('JSON');
  });
});

describe('shortening', () => {
  const came = (isBroken: boolean): StormResult => ({
    violations: isBroken ? [{ invariant: 'twins', sentence: 'two', entries: [] }] : [],
    collapses: [],
    history: [],
    storms: 1,
    virtualMs: 0,
    entries: 0,
  });

  it('leaves what it takes, and nothing else', async () => {
    const plan = newPlan({ seed: 1, hours: 0.5, nodes: 3 });
    const needed = [plan.faults[1], plan.faults[5]].map((fault) => fault?.id);
    const run = async ({ faults }: StormPlan): Promise<StormResult> =>
      came(needed.every((id) => faults.some((fault) => fault.id === id)));
    const { plan: shorter } = await shorten(plan, came(true), { run, mostRuns: 1000 });
    expect(shorter.faults.map(({ id }) => id)).toEqual(needed);
    expect(shorter.deeds).toEqual([]);
  });

  it('does not take another failure for the same', async () => {
    const plan = newPlan({ seed: 1, hours: 0.5, nodes: 3 });
    const other = { ...came(true), violations: [] };
    const run = async (): Promise<StormResult> => other;
    const { plan: shorter } = await shorten(plan, came(true), { run, mostRuns: 1000 });
    expect(shorter.faults).toEqual(plan.faults);
  });

  it('ends when it has tried often enough', async () => {
    const plan = newPlan({ seed: 1, hours: 0.5, nodes: 3 });
    let runs = 0;
    const run = async (): Promise<StormResult> => {
      runs += 1;
      return came(false);
    };
    await shorten(plan, came(true), { run, mostRuns: 5 });
    expect(runs).toBe(5);
  });
});

describe('the storm', () => {
  it(
    'replays exactly',
    async () => {
      const times = { stormMs: 3 * MINUTE_MS, calmMs: MINUTE_MS };
      const plan = newPlan({ seed: FIXED_SEED, hours: 0, nodes: 2, ...times });
      const first = await recorded(plan);
      const second = await recorded(plan);
      expect(first.length).toBeGreaterThan(300);
      expect(second).toEqual(first);
    },
    TIMEOUT_MS,
  );

  it(
    'finds a store that says too early that something is written, and the shortest story of it',
    async () => {
      const plan = newPlan({
        seed: FIXED_SEED,
        hours: 0,
        nodes: 2,
        stormMs: 3 * MINUTE_MS,
        calmMs: 1,
      });
      const power = { ...plan.faults[0], at: 7 * MINUTE_MS, kind: 'store loses power', ms: 5000 };
      const faults = [
        ...plan.faults,
        { ...power, id: 999, target: '', amount: 0 },
      ] as StormPlan['faults'];
      const run = (of: StormPlan) => runStorm(of, { bug: 'the store does not wait for its disk' });
      const result = await run({ ...plan, faults });
      expect(result.violations.map(({ invariant }) => invariant)).toContain('lost-write');
      const mostRuns = 6;
      const shorter = await shorten({ ...plan, faults }, result, { run, mostRuns });
      expect(shorter.plan.faults.some(({ kind }) => kind === 'store loses power')).toBe(true);
      expect(shorter.plan.faults.length).toBeLessThan(faults.length);
      expect(storyLines(shorter.plan, shorter.result).join('\n')).toMatch(
        /lost-write: .* is not there after a restart/,
      );
    },
    TIMEOUT_MS,
  );

  it(
    'breaks nothing that must never break, with the fixed seed',
    async () => {
      const plan = newPlan({ seed: FIXED_SEED, hours: 0.5, nodes: 3 });
      expect(storyOf(plan, await runStorm(plan))).toBe('');
    },
    TIMEOUT_MS,
  );

  it(
    'breaks nothing that must never break, with any seed',
    async () => {
      const seed = Date.now() % 1_000_000;
      console.info(`the storm's seed is ${seed}`);
      const plan = newPlan({ seed, hours: 0.5, nodes: 3 });
      expect(storyOf(plan, await runStorm(plan))).toBe('');
    },
    TIMEOUT_MS,
  );
});
