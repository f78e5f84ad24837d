/**
 * The informers of one program: one for each resource, shared by all who ask. Given.
 *
 * An informer is `informer.ts`.
 */

import type { Clock, KubernetesObject, Logger, Random } from '#apimachinery';
import type { Client } from './client.ts';
import { SharedInformer } from './informer.ts';
import { type ResourceType, typeMetaOf } from './resource-type.ts';

/** Informers over all namespaces. */
export interface InformerFactory {
  /** The informer of a resource over all namespaces; the same one for everybody. */
  informer<T extends KubernetesObject>(type: ResourceType<T>): SharedInformer<T>;
  /** Runs the informers asked for so far that do not run yet. */
  start(signal: AbortSignal): void;
  /** Resolves when all that run have synced; rejects with the signal's reason. */
  waitForSync(signal: AbortSignal): Promise<void>;
  /** Resolves when all that ran have ended: after the signal they were started with has aborted. */
  whenStopped(): Promise<void>;
}

/** What the informers of a factory need. */
export interface InformerFactoryOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

interface Known {
  // Which objects it has is known to who asks for it with the resource's type.
  readonly informer: SharedInformer<never>;
  ended: Promise<void> | undefined;
}

/**
 * Makes a factory.
 *
 * @example
 * const factory = newInformerFactory(client, { clock, random, log });
 * const pods = factory.informer(PODS);
 * pods.addEventHandler({ onAdd: (pod) => queue.add(keyOf(pod)) });
 * factory.start(signal);
 * await factory.waitForSync(signal);
 *
 * @see client-go v0.33 informers/factory.go
 */
export function newInformerFactory(
  client: Client,
  options: InformerFactoryOptions,
): InformerFactory {
  const known = new Map<string, Known>();
  const running = () => [...known.values()].filter(({ ended }) => ended !== undefined);

  return {
    informer<T extends KubernetesObject>(type: ResourceType<T>): SharedInformer<T> {
      const id = `${type.group}/${type.version}/${type.resource}`;
      const found = known.get(id);
      if (found) return found.informer as unknown as SharedInformer<T>;
      const informer = new SharedInformer(client.resource(type), {
        ...options,
        name: type.group === '' ? type.resource : `${type.resource}.${type.group}`,
        expectedType: typeMetaOf(type),
      });
      known.set(id, { informer: informer as unknown as SharedInformer<never>, ended: undefined });
      return informer;
    },

    start(signal) {
      // Each has a signal of its own: a signal that very many listen to looks like a leak.
      for (const one of known.values()) one.ended ??= one.informer.run(AbortSignal.any([signal]));
    },

    async waitForSync(signal) {
      const whenSynced = ({ informer }: Known): Promise<void> =>
        informer.whenSynced(AbortSignal.any([signal]));
      await Promise.all(running().map(whenSynced));
    },

    async whenStopped() {
      await Promise.all(running().map(({ ended }) => ended));
    },
  };
}
