/** Headers that have done their service, and that nobody should see or pass on after that. Given. */

import type { Incoming } from '../context.ts';

/**
 * A request as it came in, without some of its headers.
 *
 * @param isHidden - is asked with a header's name in small letters
 */
export function withoutHeaders(incoming: Incoming, isHidden: (name: string) => boolean): Incoming {
  return new WithoutHeaders(incoming, isHidden);
}

/** A class, because every request becomes one: its methods are made once. */
class WithoutHeaders implements Incoming {
  readonly #incoming: Incoming;
  readonly #isHidden: (name: string) => boolean;

  constructor(incoming: Incoming, isHidden: (name: string) => boolean) {
    this.#incoming = incoming;
    this.#isHidden = isHidden;
  }

  get method(): string {
    return this.#incoming.method;
  }

  /** Asked for only when somebody wants it: most requests have no use for one. */
  get signal(): AbortSignal {
    return this.#incoming.signal;
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return this.#incoming.arrayBuffer();
  }

  /** What is seen of them. */
  get headers(): Incoming['headers'] {
    return this;
  }

  get(name: string): string | null {
    return this.#isHidden(name.toLowerCase()) ? null : this.#incoming.headers.get(name);
  }

  forEach(each: (value: string, name: string) => void): void {
    this.#incoming.headers.forEach?.((value, name) => {
      if (!this.#isHidden(name.toLowerCase())) each(value, name);
    });
  }
}
