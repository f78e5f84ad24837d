/**
 * What goes wrong in a storm and what people do meanwhile, and when: all of it known beforehand.
 *
 * A plan is data. So a storm can be told, replayed, and run again without one of its faults.
 */

import { type Random, seededRandom } from '#apimachinery';

/** What can go wrong. */
export type FaultKind =
  | 'store loses power'
  | 'store compacts'
  | 'disk is slow'
  | 'API server crashes'
  | 'controller manager crashes'
  | 'scheduler crashes'
  | 'kubelet crashes'
  | 'kube-proxy crashes'
  | 'node loses power'
  | 'network is cut'
  | 'watches say nothing'
  | 'watches break'
  | 'answers get lost'
  | 'clock jumps'
  | 'container dies';

/** Something goes wrong. */
export interface Fault {
  readonly id: number;
  /** Milliseconds since the cluster began. */
  readonly at: number;
  readonly kind: FaultKind;
  /** `node-2`, `controller manager`, …; `''` where there is but one. */
  readonly target: string;
  /** How long it lasts. */
  readonly ms: number;
  /** How bad it is: milliseconds of a clock, hundredths of answers. */
  readonly amount: number;
}

/** What people do with a cluster. */
export type DeedKind =
  | 'scale deployment'
  | 'roll deployment'
  | 'replace deployment'
  | 'scale statefulset'
  | 'roll statefulset'
  | 'roll daemonset'
  | 'run job'
  | 'delete pod'
  | 'force delete pod'
  | 'evict pod'
  | 'drain node'
  | 'uncordon node'
  | 'remove node';

/** Somebody does something. */
export interface Deed {
  readonly id: number;
  readonly at: number;
  readonly kind: DeedKind;
  readonly target: string;
  readonly amount: number;
}

/** One storm and the calm after it. */
export interface StormTimes {
  readonly beginsAt: number;
  readonly endsAt: number;
  readonly calmUntil: number;
}

/** All of it. */
export interface StormPlan {
  readonly seed: number;
  readonly nodes: number;
  readonly storms: readonly StormTimes[];
  readonly faults: readonly Fault[];
  readonly deeds: readonly Deed[];
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** A cluster that has just been put together comes to rest first. */
const QUIET_START_MS = 5 * MINUTE_MS;
export const STORM_MS = 15 * MINUTE_MS;
/** Longer than anything waits that is not settled yet. */
export const CALM_MS = 20 * MINUTE_MS;

/** What a plan is made for. */
export interface PlanOptions {
  readonly seed: number;
  /** Virtual. Storms that would not be over by then are left out, but for the first. */
  readonly hours: number;
  readonly nodes: number;
  /** How long each storm is; absent: {@link STORM_MS}. */
  readonly stormMs?: number;
  /** How long each calm is; absent: {@link CALM_MS}. */
  readonly calmMs?: number;
}

/** Makes the plan of a seed: the same for the same options. */
export function newPlan(options: PlanOptions): StormPlan {
  const { seed, hours, nodes, stormMs = STORM_MS, calmMs = CALM_MS } = options;
  const storms: StormTimes[] = [];
  const faults: Fault[] = [];
  const deeds: Deed[] = [];
  let beginsAt = QUIET_START_MS;
  do {
    const endsAt = beginsAt + stormMs;
    const times = { beginsAt, endsAt, calmUntil: endsAt + calmMs };
    const random = seededRandom(`${seed} storm ${storms.length}`);
    const first = storms.length * 1000;
    faults.push(...newFaults(times, nodes, first, random));
    deeds.push(...newDeeds(times, nodes, first, random));
    storms.push(times);
    beginsAt = times.calmUntil;
  } while (beginsAt + stormMs + calmMs <= hours * HOUR_MS);
  return { seed, nodes, storms, faults, deeds };
}

/** How long each lasts at the least and at the most, in seconds, and how often it is chosen. */
const FAULTS: Readonly<Record<FaultKind, readonly [least: number, most: number, weight: number]>> =
  {
    'store loses power': [1, 30, 3],
    'store compacts': [0, 0, 2],
    'disk is slow': [10, 120, 3],
    'API server crashes': [1, 60, 3],
    'controller manager crashes': [1, 120, 3],
    'scheduler crashes': [1, 60, 2],
    'kubelet crashes': [1, 120, 4],
    'kube-proxy crashes': [1, 300, 2],
    'node loses power': [10, 480, 3],
    'network is cut': [5, 400, 5],
    'watches say nothing': [5, 120, 5],
    'watches break': [0, 0, 3],
    'answers get lost': [10, 120, 3],
    'clock jumps': [30, 600, 3],
    'container dies': [0, 0, 5],
  };

const NODE_FAULTS: ReadonlySet<FaultKind> = new Set([
  'kubelet crashes',
  'kube-proxy crashes',
  'node loses power',
  'container dies',
]);
const LINE_FAULTS: ReadonlySet<FaultKind> = new Set([
  'network is cut',
  'watches say nothing',
  'watches break',
  'answers get lost',
]);

function newFaults(times: StormTimes, nodes: number, first: number, random: Random): Fault[] {
  const count = 8 + random.int(18);
  const kinds = Object.entries(FAULTS).flatMap(([kind, [, , weight]]) =>
    Array.from({ length: weight }, () => kind as FaultKind),
  );
  const names = nodeNames(nodes);
  const lines = ['controller manager', 'scheduler', ...names];
  const computers = [...lines, 'API server', 'store'];
  const faults = Array.from({ length: count }, (_, i): Fault => {
    const kind = random.pick(kinds);
    const [least, most] = FAULTS[kind];
    const at = within(times, random);
    const ms = Math.min((least + random.int(most - least + 1)) * 1000, times.endsAt - at);
    let target = '';
    if (NODE_FAULTS.has(kind)) target = random.pick(names);
    else if (LINE_FAULTS.has(kind)) target = random.pick(lines);
    else if (kind === 'clock jumps') target = random.pick(computers);
    return { id: first + i, at, kind, target, ms, amount: amountOf(kind, random) };
  });
  return inOrder(faults);
}

function amountOf(kind: FaultKind, random: Random): number {
  if (kind === 'clock jumps') return (random.int(1201) - 600) * 1000;
  if (kind === 'answers get lost') return 10 + random.int(50);
  if (kind === 'disk is slow') return 1 + random.int(200);
  return 0;
}

export const DEPLOYMENTS_OF_STORM = ['web', 'api'] as const;

function newDeeds(times: StormTimes, nodes: number, first: number, random: Random): Deed[] {
  const kinds: readonly DeedKind[] = [
    'scale deployment',
    'scale deployment',
    'roll deployment',
    'roll deployment',
    'roll deployment',
    'replace deployment',
    'scale statefulset',
    'roll statefulset',
    'roll daemonset',
    'run job',
    'run job',
    'delete pod',
    'delete pod',
    'force delete pod',
    'evict pod',
    'evict pod',
    'evict pod',
    'drain node',
    'uncordon node',
    'remove node',
    'remove node',
  ];
  const deeds = Array.from({ length: 8 + random.int(12) }, (_, i): Deed => {
    const kind = random.pick(kinds);
    const target = kind.endsWith(' node')
      ? random.pick(nodeNames(nodes))
      : random.pick(DEPLOYMENTS_OF_STORM);
    const at = within(times, random);
    return { id: first + i, at, kind, target, amount: random.int(5) };
  });
  return inOrder(deeds);
}

function within({ beginsAt, endsAt }: StormTimes, random: Random): number {
  return beginsAt + 1000 + random.int(endsAt - beginsAt - 2000);
}

function inOrder<T extends { readonly at: number }>(things: readonly T[]): T[] {
  return [...things].sort((a, b) => a.at - b.at);
}

/** `node-1`, `node-2`, … */
export function nodeNames(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `node-${i + 1}`);
}
