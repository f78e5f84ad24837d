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
  type IndexFunction,
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
  /** The informer of a resource, with an index more; asked for again, it is the same one. */
  readonly indexedInformer: <T extends KubernetesObject>(
    type: ResourceType<T>,
    name: string,
    index: IndexFunction<T>,
  ) => SharedInformer<T>;
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
  const indexes = new Map<unknown, Set<string>>();
  const indexedInformer: ControllerContext['indexedInformer'] = (type, name, index) => {
    const informer = informers.informer(type);
    const known = indexes.get(informer) ?? new Set();
    if (!known.has(name)) informer.addIndexers({ [name]: index });
    indexes.set(informer, known.add(name));
    return informer;
  };
  return {
    ...world,
    informers,
    indexedInformer,
    ownedInformer: (type) => indexedInformer(type, CONTROLLER_INDEX, controllerIndexKeys),
    recorder: (component) => events.forComponent(component),
    stopEvents: () => events.stop(),
  };
}
