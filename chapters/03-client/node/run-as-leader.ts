/** How a program works only while it leads. Given. The election itself is `leader-election.ts`. */

import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Clock, Logger, Random } from '#apimachinery';
import type { Client } from '../client.ts';
import type { ElectionTiming } from '../election-timing.ts';
import { LeaderElector } from '../leader-election.ts';
import { LEASES } from '../resource-types.ts';

/** Who wants to lead, and what for. */
export interface LeaderOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** In milliseconds. */
  readonly timing: Partial<ElectionTiming>;
  readonly leaseName: string;
  readonly leaseNamespace: string;
  /** Runs while this one leads; the signal aborts when that ends. */
  readonly work: (signal: AbortSignal) => Promise<void>;
  /** Told of every change. */
  readonly note?: (isLeading: boolean) => void;
}

/**
 * Works while this one leads, and prints `leading as IDENTITY` when that begins.
 *
 * @returns when `stopped` has aborted and the work has ended
 * @throws Error, as a rejection, when the lead was lost: who goes on would be a second one
 */
export async function runAsLeader(options: LeaderOptions, stopped: AbortSignal): Promise<void> {
  const { client, clock, random, log, timing, leaseName, leaseNamespace, work } = options;
  const identity = `${hostname()}_${randomUUID()}`;
  const note = options.note ?? (() => {});
  note(false);
  const lost = new AbortController();
  const elector = new LeaderElector({
    clock,
    random,
    log,
    ...timing,
    leases: client.resource(LEASES, leaseNamespace),
    name: leaseName,
    identity,
    releaseOnCancel: true,
    callbacks: {
      onStartedLeading: (signal) => {
        note(true);
        process.stdout.write(`leading as ${identity}\n`);
        return work(signal);
      },
      onStoppedLeading: () => {
        note(false);
        lost.abort();
      },
    },
  });
  await elector.run(stopped);
  if (lost.signal.aborted && !stopped.aborted) throw new Error('leader election lost');
}
