/**
 * What a controller is, and what the world gives it. Given.
 *
 * The loop they all share is `control-loop.ts`; the list of all of them is `controllers.ts`; what runs
 * them is `run-controllers.ts`.
 */

import type { Clock, KubernetesObject, Logger, Random } from '#apimachinery';
import {
  type Client,
  EventBroadcaster,
  type EventRecorder,
  type InformerFactory,
  newInformerFactory,
  type ResourceType,
  type SharedInformer,
} from '#client';
import { CONTROLLER_INDEX, controllerIndexKeys } from './owners.ts';

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
  /** The informer of a resource, with `CONTROLLER_INDEX` of `owners.ts`: its objects by their controller. */
  readonly ownedInformer: <T extends KubernetesObject>(type: ResourceType<T>) => SharedInformer<T>;
  /** @param component - who says it: `replicaset-controller` */
  readonly recorder: (component: string) => EventRecorder;
  /** Waits until all events were written, and ends the writing. */
  readonly stopEvents: () => Promise<void>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/**
 * Makes a controller and lets it ask for its informers; it does nothing before `run`, and informers
 * start after all controllers were made.
 */
export type NewController = (context: ControllerContext) => Controller;

/** What a context is made from. */
export interface ControllerWorld {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** Makes what controllers share. */
export function newControllerContext(world: ControllerWorld): ControllerContext {
  const { client } = world;
  const events = new EventBroadcaster(client, world);
  const informers = newInformerFactory(client, world);
  const indexed = new Set<unknown>();
  return {
    ...world,
    informers,
    ownedInformer: (type) => {
      const informer = informers.informer(type);
      if (!indexed.has(informer)) informer.addIndexers({ [CONTROLLER_INDEX]: controllerIndexKeys });
      indexed.add(informer);
      return informer;
    },
    recorder: (component) => events.forComponent(component),
    stopEvents: () => events.stop(),
  };
}
