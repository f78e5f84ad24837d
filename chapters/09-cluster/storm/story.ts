/** Tells a storm in lines: what was done to the cluster, and what it did wrong. */

import { type Entry, keyOfWrite } from '../invariants/history.ts';
import type { Deed, Fault, StormPlan } from './plan.ts';
import type { StormResult } from './run-storm.ts';

/** So many violations are told with what shows them. */
const MOST_TOLD = 5;

/** `12:34.567`, hours first when there are some. */
export function timeText(ms: number): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  const seconds = Math.floor(ms / 1000);
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const millis = String(Math.floor(ms % 1000)).padStart(3, '0');
  return `${h > 0 ? `${h}:` : ''}${two(m)}:${two(s)}.${millis}`;
}

/** What happened to the cluster, in order, and what came of it. */
export function storyLines(plan: StormPlan, result: StormResult): string[] {
  const happenings = [
    ...plan.storms.flatMap(({ beginsAt, endsAt }) => [
      { at: beginsAt, text: 'the storm begins' },
      { at: endsAt, text: 'the storm ends: everything is repaired' },
    ]),
    ...plan.faults.map((fault) => ({ at: fault.at, text: faultText(fault) })),
    ...plan.deeds.map((deed) => ({ at: deed.at, text: deedText(deed) })),
    ...result.collapses.map(({ at, component, why }) => ({
      at,
      text: `${component} ended by itself: ${why.split('\n')[0]}`,
    })),
  ]
    .filter(({ at }) => at <= result.virtualMs)
    .sort((a, b) => a.at - b.at);
  const lines = happenings.map(({ at, text }) => `${timeText(at)}  ${text}`);
  for (const { invariant, sentence, entries } of result.violations.slice(0, MOST_TOLD)) {
    lines.push(`${invariant}: ${sentence}`);
    for (const entry of entries.slice(0, 10)) lines.push(`    ${entryText(entry)}`);
  }
  return lines;
}

function faultText({ kind, target, ms, amount }: Fault): string {
  const where = target === '' ? '' : ` (${target})`;
  const how = kind === 'clock jumps' ? ` by ${amount / 1000} s` : '';
  const long = ms > 0 ? `, for ${ms / 1000} s` : '';
  return `${kind}${how}${where}${long}`;
}

function deedText({ kind, target, amount }: Deed): string {
  const to = kind.startsWith('scale') ? ` (${amount})` : '';
  return `somebody: ${kind} ${target}${to}`;
}

/** One entry of a history in a line. */
export function entryText(entry: Entry): string {
  const head = `${timeText(entry.at)} ${entry.kind}`;
  switch (entry.kind) {
    case 'put':
    case 'deleted':
      return `${head} ${keyOfWrite(entry)} at revision ${entry.revision}${entry.by ? ` by ${entry.by}` : ''}`;
    case 'container-started':
    case 'container-ended':
      return `${head} ${entry.pod.namespace}/${entry.pod.name} (${entry.pod.uid}) ${entry.container} on ${entry.node}`;
    case 'node-crashed':
      return `${head} ${entry.node}`;
    case 'connected':
      return `${head} ${entry.node} to ${entry.service}: ${entry.pod.namespace}/${entry.pod.name} (${entry.pod.uid})`;
    case 'acknowledged':
      return `${head} ${entry.key} at revision ${entry.revision}`;
    case 'restarted':
      return `${head} at revision ${entry.revision}`;
    default:
      return head;
  }
}
