/** CONTRACT of exercise client/reflector, to be written out by its owner. */
import type { Clock, KubernetesObject, Logger, Random } from '#apimachinery';
import type { ListerWatcher } from './watch-event.ts';

/** Where a reflector puts what it learns. */
export interface ReflectorStore<T extends KubernetesObject> {
  /** This is all there is. */
  replace(objects: readonly T[], resourceVersion: string): void;
  add(object: T): void;
  update(object: T): void;
  delete(object: T): void;
}

export interface ReflectorOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** For log messages: `pods`. */
  readonly name: string;
  /** Objects in a page of a list; absent: the server decides, first lists come whole. */
  readonly pageSize?: number;
}

export declare class Reflector<T extends KubernetesObject> {
  constructor(source: ListerWatcher<T>, store: ReflectorStore<T>, options: ReflectorOptions);
  /** Runs until the signal aborts; resolves then, and leaves nothing behind. */
  run(signal: AbortSignal): Promise<void>;
  /** Of the last list or event; `''` before. */
  readonly lastSyncResourceVersion: string;
}
