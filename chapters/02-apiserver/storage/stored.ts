/**
 * An object as it is stored: its key, its revision, and its JSON, parsed when somebody looks. Given.
 *
 * Most of what a server sends was sent before. So the text that goes out is kept with the object,
 * and for a read nobody parses anything.
 */

import type { ApiObject } from '../api-object.ts';

/** One version of a stored object. Shared by everybody who reads it, so never changed. */
export class Stored {
  /** The key in etcd: `/registry/pods/default/web`. */
  readonly key: string;
  /** The main revision that wrote this version: the object's resourceVersion. */
  readonly revision: number;
  #text: string | undefined;
  #makeText: (() => string) | undefined;
  #object: ApiObject | undefined;

  /**
   * @param body - the object, or its JSON, or what makes that; in each `metadata.resourceVersion` is
   * `revision`
   */
  constructor(key: string, revision: number, body: ApiObject | string | (() => string)) {
    this.key = key;
    this.revision = revision;
    if (typeof body === 'string') this.#text = body;
    else if (typeof body === 'function') this.#makeText = body;
    else this.#object = body;
  }

  /** The object. Copy it before you change it. */
  get object(): ApiObject {
    this.#object ??= JSON.parse(this.text) as ApiObject;
    return this.#object;
  }

  /** Takes the object from who has it at hand, so that nobody has to parse its JSON. */
  keep(object: ApiObject): void {
    this.#object ??= object;
  }

  /** The object's JSON on one line, as clients get it. */
  get text(): string {
    if (this.#text === undefined) {
      this.#text = this.#makeText?.() ?? JSON.stringify(this.#object);
      this.#makeText = undefined;
    }
    return this.#text;
  }

  /** The same object with another revision: the last a watcher sees of one that is gone for it. */
  at(revision: number): Stored {
    const { metadata } = this.object;
    const resourceVersion = String(revision);
    return new Stored(this.key, revision, {
      ...this.object,
      metadata: { ...metadata, resourceVersion },
    });
  }
}
