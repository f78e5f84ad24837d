/**
 * What a controller is, and what the world gives it. Given.
 *
 * The loop they all share is `control-loop.ts`; the list of all of them is `controllers.ts`.
 */

import type { Clock, Logger, Random } from '#apimachinery';
import { type Client, type EventRecorder, type InformerFactory, newInformerFactory } from '#client';

/** Something that makes part of the cluster what it should be, for as long as it runs. */
export interface Controller {
  /** As upstream calls it: `replicaset-controller`. */
  readonly name: string;
  /** Resolves once the signal has aborted and nothing is under way any more. */
  run(signal: AbortSignal): Promise<void>;
}

/** All that controllers share. */
export interface ControllerContext {
  readonly client: Client;
  /** One cache for each resource, over all namespaces. Its objects are shared: copy before changing. */
  readonly informers: InformerFactory;
  /** @param component - who says it: `replicaset-controller` */
  readonly recorder: (component: string) => EventRecorder;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/**
 * Makes a controller and lets it ask for its informers; it does nothing before `run`, and informers
 * start after all controllers were made.
 */
export type NewController = (context: ControllerContext) => Controller;
