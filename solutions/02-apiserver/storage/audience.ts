/**
 * Who hears of a change, where most listeners look for one value of one field. Given.
 *
 * A thousand kubelets watch pods, each those of its own node. A change of a pod is then offered to the
 * few it is about, and not to all of them. Next: `watch-cache.ts`.
 */

import type { ApiObject } from '../api-object.ts';
import type { FieldValue } from './storage.ts';

/** Listeners, some of whom only care for objects with a value in the indexed field. */
export class Audience<Listener> {
  readonly #path: readonly string[];
  readonly #field: string | undefined;
  readonly #ofAll = new Set<Listener>();
  readonly #byValue = new Map<string, Set<Listener>>();

  /** @param indexedField - a JSON path without its first dot: `spec.nodeName`; absent: there is none */
  constructor(indexedField?: string) {
    this.#field = indexedField;
    this.#path = indexedField?.split('.') ?? [];
  }

  /** @param where - what the listener looks for; in another field than the indexed one: all */
  add(listener: Listener, where?: FieldValue): void {
    if (where === undefined || where.field !== this.#field) {
      this.#ofAll.add(listener);
      return;
    }
    let same = this.#byValue.get(where.value);
    if (same === undefined) {
      same = new Set();
      this.#byValue.set(where.value, same);
    }
    same.add(listener);
  }

  /** @param where - as it was added */
  delete(listener: Listener, where?: FieldValue): void {
    this.#ofAll.delete(listener);
    const same = where && this.#byValue.get(where.value);
    if (!same?.delete(listener) || same.size > 0) return;
    this.#byValue.delete(where?.value ?? '');
  }

  clear(): void {
    this.#ofAll.clear();
    this.#byValue.clear();
  }

  /** Everybody. */
  *[Symbol.iterator](): Iterator<Listener> {
    yield* this.#ofAll;
    for (const same of this.#byValue.values()) yield* same;
  }

  /**
   * Whom a change may be about.
   *
   * @param versions - before and now, each at most once: an object that moves from one value to another
   * concerns who looks for either
   */
  *of(...versions: readonly (ApiObject | undefined)[]): Generator<Listener> {
    yield* this.#ofAll;
    if (this.#byValue.size === 0) return;
    const values = new Set(versions.flatMap((object) => (object ? [this.#valueIn(object)] : [])));
    for (const value of values) yield* this.#byValue.get(value) ?? [];
  }

  #valueIn(object: ApiObject): string {
    const value = this.#path.reduce<unknown>(
      (at, name) => (at as Record<string, unknown> | undefined)?.[name],
      object,
    );
    return value === undefined || value === null ? '' : String(value);
  }
}
