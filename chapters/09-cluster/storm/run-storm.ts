/**
 * Runs a plan from its beginning to its end, or to the first storm after which something is wrong.
 *
 * Each storm and the calm after it are judged together, as a history of their own.
 */

import type { Logger } from '#apimachinery';
import { findViolations } from '../invariants/find-violations.ts';
import type { Entry, Patience, Violation } from '../invariants/history.ts';
import { beginFault } from './faults.ts';
import type { StormPlan, StormTimes } from './plan.ts';
import { type Collapse, type PlantedBug, StormCluster } from './storm-cluster.ts';
import { askEverywhere } from './traffic.ts';
import { deploy, doDeed, uncordonAll } from './workload.ts';

/** What came of it. */
export interface StormResult {
  readonly violations: readonly Violation[];
  /** Programs that ended by themselves. */
  readonly collapses: readonly Collapse[];
  /** Of the last storm that was judged. */
  readonly history: readonly Entry[];
  readonly storms: number;
  readonly virtualMs: number;
  /** Of all storms: entries of the histories. */
  readonly entries: number;
}

/** How a run goes. */
export interface RunOptions {
  readonly log?: Logger;
  /** Something is wrong with the cluster itself: would it be found? */
  readonly bug?: PlantedBug;
  /** Absent: what histories are usually judged with. */
  readonly patience?: Patience;
  /** Is told of every entry of the history. */
  readonly onEntry?: (entry: Entry) => void;
  /** Is told when a storm has been judged. */
  readonly onStorm?: (done: number, entries: number) => void;
}

const TRAFFIC_MS = 20_000;

/** @returns after the first storm that broke something, or the last one */
export async function runStorm(plan: StormPlan, options: RunOptions = {}): Promise<StormResult> {
  const { onEntry = () => {}, onStorm = () => {}, log, bug } = options;
  const cluster = new StormCluster({ ...plan, ...(log && { log }), ...(bug && { bug }) });
  const { clock, recorder, collapses } = cluster;
  recorder.onEntry = onEntry;
  schedule(cluster, plan);
  await cluster.start();
  void deploy(cluster);
  let storms = 0;
  let violations: Violation[] = [];
  for (const times of plan.storms) {
    await clock.advance(times.beginsAt - clock.monotonic());
    recorder.beginAnew(cluster.nodes.flatMap(({ running }) => running));
    await passThrough(cluster, times);
    storms += 1;
    violations = findViolations(recorder.history, options.patience);
    onStorm(storms, recorder.history.length);
    if (violations.length > 0 || collapses.length > 0) break;
  }
  return {
    violations,
    collapses,
    history: recorder.history,
    storms,
    virtualMs: clock.monotonic(),
    entries: recorder.entryCount,
  };
}

/** Faults and deeds happen by themselves when their time comes. */
function schedule(cluster: StormCluster, { faults, deeds }: StormPlan): void {
  for (const fault of faults) cluster.clock.after(fault.at, () => beginFault(cluster, fault));
  for (const deed of deeds) cluster.clock.after(deed.at, () => void doDeed(cluster, deed));
}

async function passThrough(cluster: StormCluster, times: StormTimes): Promise<void> {
  const { clock, recorder } = cluster;
  const { beginsAt, endsAt, calmUntil } = times;
  recorder.add({ kind: 'storm-began', at: beginsAt });
  await withTraffic(cluster, endsAt, TRAFFIC_MS);
  cluster.repair();
  recorder.add({ kind: 'storm-ended', at: endsAt });
  void uncordonAll(cluster);
  await withTraffic(cluster, endsAt + 3 * 60_000, TRAFFIC_MS);
  await withTraffic(cluster, calmUntil, 10 * TRAFFIC_MS);
  recorder.add({ kind: 'history-ended', at: clock.monotonic() });
}

async function withTraffic(cluster: StormCluster, until: number, everyMs: number): Promise<void> {
  const { clock } = cluster;
  while (clock.monotonic() < until) {
    askEverywhere(cluster);
    await clock.advance(Math.min(everyMs, until - clock.monotonic()));
  }
}
