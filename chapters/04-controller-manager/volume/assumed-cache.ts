/**
 * A cache that knows what its owner wrote before a watch tells of it. Given.
 *
 * A binding is four writes, one after another; looked at in between with an old cache, a claim would
 * get a second volume.
 */

import { type KubernetesObject, keyOf } from '#apimachinery';
import type { SharedInformer } from '#client';
import { finalState } from '../owners.ts';

/** An informer's objects, each as new as it is known. */
export class AssumedCache<T extends KubernetesObject> {
  readonly #informer: SharedInformer<T>;
  readonly #assumed = new Map<string, T>();

  constructor(informer: SharedInformer<T>) {
    this.#informer = informer;
    informer.addEventHandler({
      onDelete: (gone) => {
        const { metadata } = finalState(gone);
        const key = keyOf(finalState(gone));
        if (this.#assumed.get(key)?.metadata?.uid === metadata?.uid) this.#assumed.delete(key);
      },
    });
  }

  /** @param key - `namespace/name`, or `name` */
  get(key: string): T | undefined {
    return this.#newer(key, this.#informer.lister.get(key));
  }

  list(): T[] {
    const known = this.#informer.lister.list();
    if (this.#assumed.size === 0) return known;
    const keys = new Set([...known.map(keyOf), ...this.#assumed.keys()]);
    return [...keys].flatMap((key) => this.get(key) ?? []);
  }

  /** Takes note of what the server answered. */
  assume(object: T): T {
    this.#assumed.set(keyOf(object), object);
    return object;
  }

  /** Goes back to what the watch told: what was assumed was wrong. */
  forget(object: T): void {
    this.#assumed.delete(keyOf(object));
  }

  #newer(key: string, known: T | undefined): T | undefined {
    const assumed = this.#assumed.get(key);
    if (!assumed) return known;
    const isOther = known !== undefined && known.metadata?.uid !== assumed.metadata?.uid;
    if (!isOther && (known === undefined || versionOf(known) < versionOf(assumed))) return assumed;
    this.#assumed.delete(key);
    return known;
  }
}

/** Versions of one object are numbers that grow; upstream compares them here, too. */
function versionOf({ metadata }: KubernetesObject): number {
  return Number(metadata?.resourceVersion ?? 0);
}
