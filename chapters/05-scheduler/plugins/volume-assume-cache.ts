/**
 * Claims and volumes with what this scheduler is about to write into them. Given.
 *
 * Between a decision and the watch that tells of it, the next pod must not be promised the same volume.
 */

import { type KubernetesObject, keyOf } from '#apimachinery';
import type { Lister, SharedInformer } from '#client';

/** An informer's objects; those assumed in the place of theirs, until a newer one comes. */
export class VolumeAssumeCache<T extends KubernetesObject> {
  /** What the API server has told, without assumptions. */
  readonly told: Lister<T>;
  readonly #assumed = new Map<string, T>();

  constructor(informer: SharedInformer<T>) {
    this.told = informer.lister;
  }

  /** @param key - `namespace/name`, or `name` */
  get(key: string): T | undefined {
    const told = this.told.get(key);
    const assumed = this.#assumed.get(key);
    if (!assumed) return told;
    const isSame = told !== undefined && told.metadata?.uid === assumed.metadata?.uid;
    if (isSame && !isOlder(assumed, told)) return assumed;
    this.#assumed.delete(key);
    return told;
  }

  list(): T[] {
    const told = this.told.list();
    return this.#assumed.size === 0 ? told : told.flatMap((one) => this.get(keyOf(one)) ?? []);
  }

  /** @param object - a changed copy, with the version it was changed from */
  assume(object: T): void {
    this.#assumed.set(keyOf(object), object);
  }

  /** Back to what the API server told. */
  restore(object: T): void {
    this.#assumed.delete(keyOf(object));
  }
}

/** Versions of one object are numbers that grow; upstream compares them here, too. */
export function isOlder(a: KubernetesObject, b: KubernetesObject): boolean {
  return Number(a.metadata?.resourceVersion ?? 0) < Number(b.metadata?.resourceVersion ?? 0);
}
