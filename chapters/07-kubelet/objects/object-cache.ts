/** Objects that pods name, asked for when they are needed and kept for a moment. Given. */

import { type Clock, isForbidden, isNotFound, type KubernetesObject } from '#apimachinery';
import { type Client, type ResourceType, typeMetaOf } from '#client';

/** So old may an answer be, in milliseconds: a change is seen by running pods soon after that. */
const KEEP_MS = 30_000;

/** Gets objects by name. What is not there, or may not be read, is `undefined` and is asked for again. */
export class ObjectCache {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #known = new Map<string, { readonly object: KubernetesObject; readonly at: number }>();

  constructor(client: Client, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  async get<T extends KubernetesObject>(
    type: ResourceType<T>,
    namespace: string,
    name: string,
  ): Promise<T | undefined> {
    const key = `${typeMetaOf(type).kind}/${namespace}/${name}`;
    const known = this.#known.get(key);
    if (known && this.#clock.monotonic() - known.at < KEEP_MS) return known.object as T;
    try {
      const object = await this.#client.resource(type, namespace).get(name);
      this.#known.set(key, { object, at: this.#clock.monotonic() });
      return object;
    } catch (error) {
      this.#known.delete(key);
      // The node authorizer does not know objects apart that are not there.
      if (isNotFound(error) || isForbidden(error)) return undefined;
      if (known) return known.object as T;
      throw error;
    }
  }

  /** Has it asked for again the next time. */
  forget(type: ResourceType, namespace: string, name: string): void {
    this.#known.delete(`${typeMetaOf(type).kind}/${namespace}/${name}`);
  }

  /** Lets go what is old. */
  collect(): void {
    for (const [key, { at }] of this.#known) {
      if (this.#clock.monotonic() - at >= KEEP_MS * 2) this.#known.delete(key);
    }
  }
}
