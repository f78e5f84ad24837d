/**
 * Sends a streamed answer (a watch, a log) as fast as the other end takes it, and no faster.
 *
 * A watch is thousands of small pieces: those of one turn leave together. While the connection is
 * full nothing more is asked of the stream, and whoever makes it has to bound what waits.
 */

import type { Writable } from 'node:stream';

/** So many bytes are not gathered longer. */
const MAX_BATCH_BYTES = 64 * 1024;

/** One streamed answer on its way out. */
export class AnswerStream {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #out: Writable;
  readonly #sendHead: () => void;
  #batch: Uint8Array[] = [];
  #batchBytes = 0;
  #isFlushPlanned = false;
  #isHeadSent = false;
  #isFull = false;
  #isAtEnd = false;
  #isOver = false;
  #wake: (() => void) | undefined;

  /** @param sendHead - sends status and headers alone, when there are no bytes to go with them yet */
  constructor(body: ReadableStream<Uint8Array>, out: Writable, sendHead: () => void) {
    this.#reader = body.getReader();
    this.#out = out;
    this.#sendHead = sendHead;
    out.on('drain', () => {
      this.#isFull = false;
      this.#wake?.();
    });
    out.once('close', () => this.#drop());
    // That the stream is over is to be seen even while the other end takes nothing.
    const ended = () => {
      this.#isAtEnd = true;
      this.#wake?.();
    };
    this.#reader.closed.then(ended, ended);
  }

  /**
   * Sends until the stream ends, the other end goes away, or `stop` is called.
   *
   * @throws what the stream failed with, as a rejection; the answer is then not at its end
   */
  async run(): Promise<void> {
    this.#planFlush();
    while (!this.#isOver) {
      const { done, value } = await this.#reader.read();
      if (done || this.#isOver) break;
      this.#batch.push(value);
      this.#batchBytes += value.length;
      if (this.#batchBytes < MAX_BATCH_BYTES) this.#planFlush();
      else this.#flush();
      if (this.#isFull && !this.#isAtEnd) await this.#drained();
    }
    this.stop();
  }

  /** Ends the answer where it is, in good order. */
  stop(): void {
    if (this.#isOver) return;
    this.#flush();
    this.#drop();
    this.#out.end();
  }

  /** What comes in one turn is sent at its end, in one write: a write costs far more than a copy. */
  #planFlush(): void {
    if (this.#isFlushPlanned) return;
    this.#isFlushPlanned = true;
    process.nextTick(() => {
      this.#isFlushPlanned = false;
      if (!this.#isOver) this.#flush();
    });
  }

  #flush(): void {
    const [first] = this.#batch;
    if (first === undefined) {
      if (!this.#isHeadSent) this.#sendHead();
      this.#isHeadSent = true;
      return;
    }
    this.#isHeadSent = true;
    const bytes = this.#batch.length === 1 ? first : Buffer.concat(this.#batch);
    this.#batch = [];
    this.#batchBytes = 0;
    this.#isFull = !this.#out.write(bytes);
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #drop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#batch = [];
    this.#wake?.();
    // Frees what feeds the stream; that it fails at it is of no interest to anybody any more.
    this.#reader.cancel().catch(() => {});
  }
}
