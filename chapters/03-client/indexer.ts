/**
 * The cache of an informer: objects by key, and by values that index functions find in them. Part of
 * the exercise `client/informer`.
 *
 * Who fills it: `informer.ts`. Who reads it: controllers, as a `Lister`.
 */

import type { KubernetesObject } from '#apimachinery';
import { NotImplemented } from '#not-implemented';

/** The values an object is found by in one index: `byNode` gives `['n1']`. */
export type IndexFunction<T> = (object: T) => readonly string[];

/** Index functions by the names of their indexes. */
export type Indexers<T> = Readonly<Record<string, IndexFunction<T>>>;

/** The index every indexer has: by `metadata.namespace`, `''` for objects that have none. */
export const NAMESPACE_INDEX = 'namespace';

/**
 * What readers of a cache see. Objects are shared: copy one (`deepCopy`) before you change it. Lists
 * are the caller's own, in no particular order.
 */
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

/**
 * Objects by key, with indexes that are always right.
 *
 * @remarks
 * A key is what `keyOf` says. An object is in an index under each value that the index function gives
 * for it, once; under none, if it gives none. An index function must give the same for the same object,
 * and must not throw: what it throws comes out of the `put`, `delete` or `addIndexers` that asked it,
 * with the object in (or out) and some indexes wrong. Reading an index does not look at other objects: with
 * fifty thousand pods `byIndex` costs what it returns.
 *
 * ```text
 * indexers { byNode: (pod) => pod.spec?.nodeName ? [pod.spec.nodeName] : [] }
 * put default/a on n1      byIndex('byNode', 'n1') → [a]
 * put default/a on n2      byIndex('byNode', 'n1') → []       byIndex('byNode', 'n2') → [a]
 * delete default/a         byIndex('byNode', 'n2') → []
 * byIndex('byZone', 'z')   throws: Index with name byZone does not exist
 * ```
 *
 * @see client-go v0.33 tools/cache/thread_safe_store.go
 */
export class Indexer<T extends KubernetesObject> implements Lister<T> {
  // Your state goes here: fields of your own choosing.

  /**
   * @param indexers - the indexes beside `NAMESPACE_INDEX`
   * @throws Error as `addIndexers`
   * @exercise client/informer
   */
  constructor(indexers: Indexers<T> = {}) {
    throw new NotImplemented('client/informer', 'Indexer.constructor');
  }

  /**
   * Adds indexes; objects that are there already are in them at once.
   *
   * @throws Error `indexer conflict: byOwner, byNode` when there are indexes of these names already, all
   * of them, in the order in which they were asked for; then none is added
   * @exercise client/informer
   */
  addIndexers(indexers: Indexers<T>): void {
    throw new NotImplemented('client/informer', 'Indexer.addIndexers');
  }

  /**
   * Puts an object in, in the place of the one with its key.
   *
   * @returns the object that had the key before; `undefined` when there was none
   * @exercise client/informer
   */
  put(object: T): T | undefined {
    throw new NotImplemented('client/informer', 'Indexer.put');
  }

  /**
   * Takes the object with a key out.
   *
   * @returns the object; `undefined` when there was none
   * @exercise client/informer
   */
  delete(key: string): T | undefined {
    throw new NotImplemented('client/informer', 'Indexer.delete');
  }

  /** @exercise client/informer */
  get(key: string): T | undefined {
    throw new NotImplemented('client/informer', 'Indexer.get');
  }

  /** @exercise client/informer */
  list(): T[] {
    throw new NotImplemented('client/informer', 'Indexer.list');
  }

  /** @exercise client/informer */
  listNamespace(namespace: string): T[] {
    throw new NotImplemented('client/informer', 'Indexer.listNamespace');
  }

  /** @exercise client/informer */
  keys(): string[] {
    throw new NotImplemented('client/informer', 'Indexer.keys');
  }

  /**
   * The objects found by a value.
   *
   * @throws Error `Index with name byZone does not exist`
   * @exercise client/informer
   */
  byIndex(index: string, value: string): T[] {
    throw new NotImplemented('client/informer', 'Indexer.byIndex');
  }
}
