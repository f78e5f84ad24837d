/**
 * Finds a shorter story of the same failure: leaves out faults and deeds as long as it still fails.
 *
 * Every try is a whole run, so it begins with large pieces, and ends when it has tried often enough.
 */

import type { InvariantName } from '../invariants/history.ts';
import type { Deed, Fault, StormPlan } from './plan.ts';
import type { StormResult } from './run-storm.ts';

/** How a run failed: the same invariant is the same failure. */
export type Failure = InvariantName | 'collapse';

/** @returns what a run broke first; absent: nothing */
export function failureOf({ violations, collapses }: StormResult): Failure | undefined {
  return violations[0]?.invariant ?? (collapses.length > 0 ? 'collapse' : undefined);
}

/** What shortening needs. */
export interface ShortenOptions {
  readonly run: (plan: StormPlan) => Promise<StormResult>;
  readonly mostRuns: number;
  readonly onTry?: (left: number, failed: boolean) => void;
}

/** A plan that still fails, and how. */
export interface Shortened {
  readonly plan: StormPlan;
  readonly result: StormResult;
  readonly runs: number;
}

type Happening =
  | { readonly what: 'fault'; readonly of: Fault }
  | { readonly what: 'deed'; readonly of: Deed };

/**
 * @param result - of the plan: it failed
 * @returns the shortest plan that was found
 */
export async function shorten(
  plan: StormPlan,
  result: StormResult,
  { run, mostRuns, onTry = () => {} }: ShortenOptions,
): Promise<Shortened> {
  const failure = failureOf(result);
  const storms = plan.storms.slice(0, result.storms);
  const end = storms.at(-1)?.endsAt ?? 0;
  let best: Shortened = { plan: { ...plan, storms }, result, runs: 0 };
  let left = happeningsOf(plan).filter(({ of }) => of.at <= end);
  let runs = 0;
  for (let size = Math.ceil(left.length / 2); size >= 1; size = halve(size)) {
    // From the end: what came last is most often not what it took.
    for (let to = left.length; to > 0 && runs < mostRuns; to -= size) {
      const from = Math.max(0, to - size);
      const rest = left.filter((_, i) => i < from || i >= to);
      const tried = planOf({ ...plan, storms }, rest);
      const came = await run(tried);
      runs += 1;
      const isSame = failureOf(came) === failure;
      onTry(rest.length, isSame);
      if (!isSame) continue;
      left = rest;
      best = { plan: tried, result: came, runs };
    }
    if (runs >= mostRuns) break;
  }
  return { ...best, runs };
}

/** 8, 4, 2, 1, and then none. */
function halve(size: number): number {
  return size === 1 ? 0 : Math.ceil(size / 2);
}

function happeningsOf({ faults, deeds }: StormPlan): Happening[] {
  return [
    ...faults.map((of): Happening => ({ what: 'fault', of })),
    ...deeds.map((of): Happening => ({ what: 'deed', of })),
  ].sort((a, b) => a.of.at - b.of.at);
}

function planOf(plan: StormPlan, happenings: readonly Happening[]): StormPlan {
  const faults = happenings.flatMap(({ what, of }) => (what === 'fault' ? [of] : []));
  const deeds = happenings.flatMap(({ what, of }) => (what === 'deed' ? [of] : []));
  return { ...plan, faults, deeds };
}
