/** CONTRACT: the cache of an informer. Part of exercise client/informer (or given, its owner decides). */
import type { KubernetesObject } from '#apimachinery';

/** The values an object is found by in one index: `byNode` gives `['n1']`. */
export type IndexFunction<T> = (object: T) => readonly string[];
export type Indexers<T> = Readonly<Record<string, IndexFunction<T>>>;

/** What readers of a cache see. Objects are shared: copy one (`deepCopy`) before you change it. */
export interface Lister<T extends KubernetesObject> {
  /** @param key - `namespace/name`, or `name` */
  get(key: string): T | undefined;
  list(): T[];
  /** All of a namespace, by an index of its own. */
  listNamespace(namespace: string): T[];
  keys(): string[];
  /** @throws Error when there is no index of that name */
  byIndex(index: string, value: string): T[];
}
