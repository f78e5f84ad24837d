/** A container's output: to its log, and to whoever is attached. Given. */

import type { ByteSink } from './kernel/pipe.ts';
import type { ContainerLog, LogStream } from './logs-stats-exec/logs-stats-exec.ts';

/** Takes what a container's first process writes. */
export class ContainerOutput {
  readonly #log: ContainerLog | undefined;
  readonly #attached = new Set<(stream: LogStream, bytes: Uint8Array) => Promise<void>>();
  readonly #onClose = new Set<() => void>();

  /** @param log - absent when the container has none */
  constructor(log: ContainerLog | undefined) {
    this.#log = log;
  }

  sink(stream: LogStream): ByteSink {
    return { write: (bytes) => this.#write(stream, bytes), close: () => {} };
  }

  /** Hands over what is written from now on; call what it returns to stop that. */
  attach(
    take: (stream: LogStream, bytes: Uint8Array) => Promise<void>,
    onClose: () => void,
  ): () => void {
    this.#attached.add(take);
    this.#onClose.add(onClose);
    return () => {
      this.#attached.delete(take);
      this.#onClose.delete(onClose);
    };
  }

  reopen(): void {
    this.#log?.reopen();
  }

  close(): void {
    this.#log?.close();
    for (const close of this.#onClose) close();
    this.#attached.clear();
    this.#onClose.clear();
  }

  async #write(stream: LogStream, bytes: Uint8Array): Promise<void> {
    this.#log?.write(stream, bytes);
    // Somebody who does not read does not hold up the others, nor the container for ever.
    await Promise.all([...this.#attached].map((take) => take(stream, bytes).catch(() => {})));
  }
}
