/** CONTRACT of exercise client/informer, to be written out by its owner. */
import type { Clock, KubernetesObject, Logger, Random } from '#apimachinery';
import type { Indexers, Lister } from './indexer.ts';
import type { ListerWatcher } from './watch-event.ts';

/** Stands for an object whose deletion was missed: what is known of it may be old. */
export declare class DeletedFinalStateUnknown<T extends KubernetesObject> {
  readonly key: string;
  /** The last state that was seen. */
  readonly object: T;
  constructor(key: string, object: T);
}

export interface EventHandler<T extends KubernetesObject> {
  onAdd?(object: T, isInInitialList: boolean): void;
  /** Also called at each resync, then with the same object twice. */
  onUpdate?(old: T, object: T): void;
  onDelete?(object: T | DeletedFinalStateUnknown<T>): void;
}

export interface HandlerRegistration {
  /** Has the handler been told of everything that was there at first? */
  hasSynced(): boolean;
  remove(): void;
}

export interface SharedInformerOptions<T extends KubernetesObject> {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** For log messages: `pods`. */
  readonly name: string;
  readonly indexers?: Indexers<T>;
}

export declare class SharedInformer<T extends KubernetesObject> {
  constructor(source: ListerWatcher<T>, options: SharedInformerOptions<T>);
  readonly lister: Lister<T>;
  addEventHandler(
    handler: EventHandler<T>,
    options?: { resyncPeriodMs?: number },
  ): HandlerRegistration;
  /** @throws Error when an index of that name is there, or the informer has started */
  addIndexers(indexers: Indexers<T>): void;
  run(signal: AbortSignal): Promise<void>;
  hasSynced(): boolean;
  readonly lastSyncResourceVersion: string;
}
