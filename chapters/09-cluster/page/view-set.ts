/** The views of one kind, and which of them changed since somebody last asked. Given. */

import type { Changes } from './messages.ts';

/** Keeps views by their keys. */
export class ViewSet<V extends { readonly key: string }> {
  readonly #views = new Map<string, V>();
  /** As JSON: a heartbeat changes a node, but nothing that the page shows of it. */
  readonly #texts = new Map<string, string>();
  readonly #put = new Set<string>();
  readonly #gone = new Set<string>();

  get size(): number {
    return this.#views.size;
  }

  put(view: V): void {
    const text = JSON.stringify(view);
    if (this.#texts.get(view.key) === text) return;
    this.#texts.set(view.key, text);
    this.#views.set(view.key, view);
    this.#gone.delete(view.key);
    this.#put.add(view.key);
  }

  drop(key: string): void {
    if (!this.#views.delete(key)) return;
    this.#texts.delete(key);
    this.#put.delete(key);
    this.#gone.add(key);
  }

  list(): V[] {
    return [...this.#views.values()];
  }

  /** What changed since the last call; `undefined` when nothing did. */
  take(): Changes<V> | undefined {
    if (this.#put.size + this.#gone.size === 0) return undefined;
    const put = [...this.#put].flatMap((key) => this.#views.get(key) ?? []);
    const gone = [...this.#gone];
    this.#put.clear();
    this.#gone.clear();
    return { put, gone };
  }
}
