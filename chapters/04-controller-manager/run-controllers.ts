/** Runs controllers together, on one set of caches. Given. */

import type { Controller, ControllerContext, NewController } from './controller.ts';

/**
 * Makes controllers and runs them until the signal aborts.
 *
 * @remarks All are made before an informer starts, so that each resource is listed once. A controller
 * that ends before it should is a fault: it ends the others too.
 *
 * @param makers - for example those of `controllers.ts`
 * @returns when all have ended and what they had to tell is written
 * @throws what a controller threw
 */
export async function runControllers(
  context: ControllerContext,
  makers: readonly NewController[],
  signal: AbortSignal,
): Promise<void> {
  const controllers = makers.map((make) => make(context));
  const ended = new AbortController();
  const end = (): void => ended.abort();
  if (signal.aborted) end();
  signal.addEventListener('abort', end);
  context.informers.start(ended.signal);
  // Each has a signal of its own: a signal that very many listen to looks like a leak.
  const runs = controllers.map((one) => runOne(one, AbortSignal.any([ended.signal])));
  for (const run of runs) run.catch(end);
  const results = await Promise.allSettled(runs);
  signal.removeEventListener('abort', end);
  await context.informers.whenStopped();
  await context.stopEvents();
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

async function runOne(controller: Controller, signal: AbortSignal): Promise<void> {
  await controller.run(signal);
  if (!signal.aborted) throw new Error(`${controller.name} ended by itself`);
}
