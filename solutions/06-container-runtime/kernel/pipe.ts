/** Bytes from one end to another, in order: pipes, terminals, connections. Given. */

/** Where a process writes. */
export interface ByteSink {
  /** @throws BrokenPipe when nobody reads any more */
  write(bytes: Uint8Array): void | Promise<void>;
  /** No more will come. */
  close(): void;
}

/** Where a process reads. */
export interface ByteSource {
  /** The next bytes, at least one; `undefined` at the end. */
  read(): Promise<Uint8Array | undefined>;
  /** Nobody will read any more. */
  cancel(): void;
}

/** Thrown when one writes to a pipe that nobody reads. */
export class BrokenPipe extends Error {
  override readonly name = 'BrokenPipe';
  constructor() {
    super('write error: Broken pipe');
  }
}

/** A writer waits while so much is unread, and a reader gets no more at once, as with a pipe of Linux. */
export const PIPE_BYTES = 65_536;

/** What a pipe keeps of how it was written. */
export interface PipeOptions {
  /** Is each write read by itself, as a datagram is? Else a pipe is a stream. */
  readonly keepsWrites?: boolean;
}

/**
 * A pipe.
 *
 * @remarks It keeps what is written, not a copy: whoever writes leaves the bytes alone afterwards. A
 * reader gets all that is there, up to {@link PIPE_BYTES}, so many small writes cost as little as one.
 */
export class Pipe implements ByteSink, ByteSource {
  readonly #keepsWrites: boolean;
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #isClosed = false;
  #isCancelled = false;
  #waiting: (() => void)[] = [];

  constructor({ keepsWrites = false }: PipeOptions = {}) {
    this.#keepsWrites = keepsWrites;
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#isCancelled || this.#isClosed) throw new BrokenPipe();
    if (bytes.length === 0) return;
    this.#chunks.push(bytes);
    this.#bytes += bytes.length;
    this.#wake();
    while (this.#bytes > PIPE_BYTES && !this.#isCancelled) await this.#change();
  }

  async read(): Promise<Uint8Array | undefined> {
    while (this.#chunks.length === 0) {
      if (this.#isClosed || this.#isCancelled) return undefined;
      await this.#change();
    }
    const taken = this.#keepsWrites ? this.#chunks.shift() : this.#take();
    this.#bytes -= taken?.length ?? 0;
    this.#wake();
    return taken;
  }

  /** All that is there, but not more than fits: whole writes, or the front of one that is too long. */
  #take(): Uint8Array | undefined {
    const [first] = this.#chunks;
    if (first !== undefined && first.length > PIPE_BYTES) {
      this.#chunks[0] = first.subarray(PIPE_BYTES);
      return first.subarray(0, PIPE_BYTES);
    }
    let count = 0;
    for (let bytes = 0; count < this.#chunks.length; count++) {
      bytes += this.#chunks[count]?.length ?? 0;
      if (bytes > PIPE_BYTES) break;
    }
    const taken = this.#chunks.splice(0, count);
    return taken.length === 1 ? taken[0] : concat(taken);
  }

  /** Puts bytes back that were read and not used. */
  unread(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#chunks.unshift(bytes);
    this.#bytes += bytes.length;
    this.#wake();
  }

  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  cancel(): void {
    this.#isCancelled = true;
    this.#chunks = [];
    this.#bytes = 0;
    this.#wake();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}

/** Swallows what is written. */
export const nullSink: ByteSink = { write() {}, close() {} };

/** Has nothing to read. */
export const emptySource: ByteSource = { read: () => Promise.resolve(undefined), cancel() {} };

/** Reads to the end. */
export async function readAll(source: ByteSource): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for (let chunk = await source.read(); chunk; chunk = await source.read()) chunks.push(chunk);
  return concat(chunks);
}

/** One array of all. */
export function concat(chunks: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
