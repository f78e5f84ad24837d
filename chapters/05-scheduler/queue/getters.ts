/** Those who wait for a pod while there is none. Given. */

import type { QueuedPod } from './queued-pod.ts';

/** Who waits, in the order in which they came. */
export class Getters {
  readonly #waiting = new Set<(pod?: QueuedPod) => void>();

  /** @returns `undefined` when the signal aborts before there is a pod */
  wait(signal: AbortSignal): Promise<QueuedPod | undefined> {
    return new Promise((resolve) => {
      const end = (pod?: QueuedPod): void => {
        this.#waiting.delete(end);
        signal.removeEventListener('abort', onAbort);
        resolve(pod);
      };
      const onAbort = (): void => end();
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.add(end);
    });
  }

  /**
   * Gives pods to those who wait, as long as there are both.
   *
   * @param next - takes out a pod; it is not asked when nobody waits
   */
  serve(next: () => QueuedPod | undefined): void {
    for (const end of [...this.#waiting]) {
      const pod = next();
      if (pod === undefined) return;
      end(pod);
    }
  }
}
