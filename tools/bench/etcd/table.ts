/** Prints measurements side by side. */

import type { Measurement } from '../measure.ts';

/** One load on both servers. */
export interface Row {
  readonly title: string;
  readonly clients: number;
  readonly theirs: Measurement | undefined;
  readonly ours: Measurement;
}

const heads = [
  ['load', 25],
  ['clients', 7],
  ['etcd/s', 9],
  ['ours/s', 9],
  ['ratio', 6],
  ['etcd p50', 9],
  ['ours p50', 9],
  ['etcd p99', 9],
  ['ours p99', 9],
  ['etcd cpu', 9],
  ['ours cpu', 9],
  ['load cpu', 9],
] as const;

/** Rates per second, latencies in ms, processor time in µs per operation. */
export function printTable(rows: readonly Row[]): void {
  console.log('per second; p50 and p99 in ms; cpu in µs per operation');
  console.log(heads.map(([name, width]) => pad(name, width)).join(' '));
  for (const { title, clients, theirs, ours } of rows) {
    const cells = [
      title,
      String(clients),
      theirs ? String(rate(theirs)) : '-',
      String(rate(ours)),
      theirs ? (rate(ours) / rate(theirs)).toFixed(2) : '-',
      theirs ? milliseconds(theirs.medianMs) : '-',
      milliseconds(ours.medianMs),
      theirs ? milliseconds(theirs.p99Ms) : '-',
      milliseconds(ours.p99Ms),
      cpu(theirs?.serverCpuSeconds, theirs?.operations),
      cpu(ours.serverCpuSeconds, ours.operations),
      cpu(ours.clientCpuSeconds, ours.operations),
    ];
    console.log(cells.map((cell, i) => pad(cell, heads[i]?.[1] ?? 9)).join(' '));
  }
}

function rate({ operations, seconds }: Measurement): number {
  return Math.round(operations / seconds);
}

function milliseconds(value: number): string {
  return value === 0 ? '-' : value.toFixed(2);
}

function cpu(seconds: number | undefined, operations: number | undefined): string {
  if (seconds === undefined || operations === undefined) return '-';
  return ((seconds * 1e6) / operations).toFixed(1);
}

function pad(text: string, width: number): string {
  return width === 25 ? text.padEnd(width) : text.padStart(width);
}
