/** CONTRACT: one informer for each resource, shared by all who ask. Given (owner of client/informer writes it). */
import type { KubernetesObject } from '#apimachinery';
import type { SharedInformer } from './informer.ts';
import type { ResourceType } from './resource-type.ts';

export interface InformerFactory {
  /** The informer of a resource over all namespaces; the same one for everybody. */
  informer<T extends KubernetesObject>(type: ResourceType<T>): SharedInformer<T>;
  /** Runs the informers asked for so far that do not run yet. */
  start(signal: AbortSignal): void;
  /** Resolves when all that run have synced; rejects with the signal's reason. */
  waitForSync(signal: AbortSignal): Promise<void>;
}
// export function newInformerFactory(client: Client, options: { clock, random, log }): InformerFactory
