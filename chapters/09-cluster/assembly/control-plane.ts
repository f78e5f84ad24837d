/** What runs beside the API server: the controllers and the scheduler, in one process. Pure. */

import type { Clock, Logger, Random } from '#apimachinery';
import type { Client } from '#client';
import {
  asOwnAccounts,
  type ControllerOptions,
  controllersFor,
  newControllerContext,
  runControllers,
} from '#controller-manager';
import { type DecisionTracer, newScheduler } from '#scheduler';
import { CONTROLLER_MANAGER, type Identity, SCHEDULER, serviceAccount } from './identity.ts';

/** What all parts get. */
export interface PartWorld {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly clientAs: (user: Identity) => Client;
}

/**
 * All controllers, each as its own service account, until the signal aborts. There is one of each, so
 * nobody is elected.
 */
export function runControllerManager(
  { clientAs, ...world }: PartWorld,
  options: ControllerOptions,
  signal: AbortSignal,
): Promise<void> {
  const context = newControllerContext({ ...world, client: clientAs(CONTROLLER_MANAGER) });
  const makers = asOwnAccounts(controllersFor(options), (account) =>
    clientAs(serviceAccount('kube-system', account)),
  );
  return runControllers(context, Object.values(makers), signal);
}

/** The scheduler with its default profile, until the signal aborts. */
export function runScheduler(
  { clientAs, ...world }: PartWorld,
  tracer: DecisionTracer | undefined,
  signal: AbortSignal,
): Promise<void> {
  const client = clientAs(SCHEDULER);
  return newScheduler({ ...world, client, ...(tracer && { tracer }) }).run(signal);
}
