/**
 * Stored objects as one version of their kind shows them. Given.
 *
 * Most kinds have one version and are shown as they are stored. Where they are not
 * (HorizontalPodAutoscalers, Events), each object is converted once.
 */

import type { ApiObject } from '../api-object.ts';
import type { Kind } from '../kinds/kind.ts';
import { Stored } from '../storage/stored.ts';

/** What one version sees. */
export class VersionView {
  readonly #kind: Kind;
  readonly #shown = new WeakMap<Stored, Stored>();

  constructor(kind: Kind) {
    this.#kind = kind;
  }

  /** The stored object in this version. */
  show(stored: Stored): Stored {
    if (!this.#kind.fromStorage) return stored;
    let shown = this.#shown.get(stored);
    if (shown === undefined) {
      shown = new Stored(stored.key, stored.revision, this.#kind.fromStorage(stored.object));
      this.#shown.set(stored, shown);
    }
    return shown;
  }

  /** An object of the stored version in this one; a fresh copy where they differ. */
  fromStorage(object: ApiObject): ApiObject {
    return this.#kind.fromStorage?.(object) ?? object;
  }

  /** An object of this version as it is stored. */
  toStorage(object: ApiObject): ApiObject {
    return this.#kind.toStorage?.(object) ?? object;
  }
}
