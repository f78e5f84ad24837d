/** Prints measurements side by side. */

import type { Outcome } from '../measure.ts';

/** One load, wherever it was measured. */
export interface Row {
  readonly title: string;
  readonly connections: number;
  /** Over HTTP, on the store in the same process. */
  readonly embedded: Figures;
  /** Over HTTP, on the real etcd. */
  readonly realEtcd: Figures | undefined;
  /** Without a wire, on the store in the same process. */
  readonly inProcess: Figures | undefined;
}

/** What the table shows of one measurement. */
export interface Figures extends Outcome {
  /** Of the server; absent where the system does not tell. */
  readonly serverCpuSeconds?: number;
}

/**
 * What a real kube-apiserver 1.20 with etcd did on two cores, at 50 connections over TLS. Per second;
 * the latency in milliseconds.
 */
const REAL: ReadonlyMap<string, number> = new Map([
  ['create', 1420],
  ['get', 3030],
  ['update', 1150],
  ['list 2,000', 8],
  ['watch latency', 5],
  ['events to 1,000 watchers', 19_000],
]);
/** At so many connections the real one was measured. */
const REAL_CONNECTIONS = 50;

const heads = [
  ['load', 25],
  ['conns', 6],
  ['http/s', 9],
  ['p50 ms', 8],
  ['p99 ms', 8],
  ['cpu ms', 8],
  ['etcd/s', 9],
  ['p50 ms', 8],
  ['cpu ms', 8],
  ['inproc/s', 9],
  ['cpu ms', 8],
  ['load ms', 8],
  ['real/s', 8],
  ['ratio', 6],
] as const;

/** Says what the columns mean, and their names. */
export function printHead(): void {
  console.log(
    [
      'http: over plain HTTP, on the embedded store with every write synced',
      'etcd: the same on the real etcd, same disk; its own processor time is not counted',
      'inproc: the handler without a wire, on the embedded store with every write synced',
      'cpu: processor time of the server, load: of the process that makes the load, per operation',
      'real: kube-apiserver 1.20 with etcd on two other cores, 50 connections over TLS; ratio: http to that',
      '',
      heads.map(([name, width]) => pad(name, width)).join(' '),
    ].join('\n'),
  );
}

/** Prints one row: each when it is there, for all of them take minutes. */
export function printRow(row: Row): void {
  const texts = cells(row).map((cell, i) => pad(cell, heads[i]?.[1] ?? 8));
  console.log(texts.join(' '));
}

function cells({ title, connections, embedded, realEtcd, inProcess }: Row): string[] {
  return [
    title,
    String(connections),
    rateText(embedded),
    milliseconds(embedded.medianMs),
    milliseconds(embedded.p99Ms),
    cpu(embedded.serverCpuSeconds, embedded),
    rateText(realEtcd),
    milliseconds(realEtcd?.medianMs),
    cpu(realEtcd?.serverCpuSeconds, realEtcd),
    rateText(inProcess),
    cpu(inProcess?.serverCpuSeconds, inProcess),
    cpu(embedded.clientCpuSeconds, embedded),
    ...comparison(title, connections, embedded),
  ];
}

function comparison(title: string, connections: number, figures: Figures): [string, string] {
  const real = REAL.get(title);
  if (real === undefined) return ['-', '-'];
  if (title === 'watch latency') return [`${real} ms`, ratio(real / figures.medianMs)];
  const isSame = connections === REAL_CONNECTIONS || title.startsWith('events');
  return isSame ? [String(real), ratio(rateOf(figures) / real)] : ['-', '-'];
}

function rateOf({ operations, seconds }: Outcome): number {
  return operations / seconds;
}

function rateText(figures: Outcome | undefined): string {
  if (figures === undefined) return '-';
  const rate = rateOf(figures);
  return rate < 100 ? rate.toFixed(1) : String(Math.round(rate));
}

function ratio(value: number): string {
  return value.toFixed(2);
}

function milliseconds(value: number | undefined): string {
  return value === undefined || value === 0 ? '-' : value.toFixed(2);
}

function cpu(seconds: number | undefined, outcome: Outcome | undefined): string {
  if (seconds === undefined || outcome === undefined) return '-';
  return ((seconds * 1000) / outcome.operations).toFixed(4);
}

function pad(text: string, width: number): string {
  return width === 25 ? text.padEnd(width) : text.padStart(width);
}
