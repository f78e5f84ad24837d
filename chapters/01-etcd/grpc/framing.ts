/**
 * How gRPC cuts a stream of bytes into messages: a flag, a length, the message, and again.
 *
 * ```text
 * byte 0       1 when the message is compressed
 * bytes 1–4    its length, the highest byte first
 * ```
 */

/** The bytes in front of every message. */
export const FRAME_HEADER_BYTES = 5;

/** Fills in the header in front of a message that was encoded with that much headroom. */
export function frame(bytes: Buffer): Buffer {
  bytes[0] = 0;
  bytes.writeUInt32BE(bytes.length - FRAME_HEADER_BYTES, 1);
  return bytes;
}

/** What a client sent that cannot be taken. */
export class FramingError extends Error {
  override readonly name = 'FramingError';
  readonly problem: 'compressed' | 'too-large';

  constructor(problem: FramingError['problem'], message: string) {
    super(message);
    this.problem = problem;
  }
}

/** Puts messages together from the pieces in which they arrive. */
export class FrameReader {
  readonly #maxBytes: number;
  #pieces: Buffer[] = [];
  #length = 0;

  /** @param maxBytes - the largest message to take */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Adds a piece.
   *
   * @returns the messages that are complete now; their bytes are the pieces' own where possible
   * @throws FramingError
   */
  add(piece: Buffer): Buffer[] {
    this.#pieces.push(piece);
    this.#length += piece.length;
    const messages: Buffer[] = [];
    for (let message = this.#take(); message !== undefined; message = this.#take()) {
      messages.push(message);
    }
    return messages;
  }

  #take(): Buffer | undefined {
    if (this.#length < FRAME_HEADER_BYTES) return undefined;
    let first = this.#pieces[0];
    if (first === undefined || first.length < FRAME_HEADER_BYTES) first = this.#join();
    const length = first.readUInt32BE(1);
    if (length > this.#maxBytes) {
      const sizes = `(${length} vs. ${this.#maxBytes})`;
      throw new FramingError('too-large', `grpc: received message larger than max ${sizes}`);
    }
    if (first[0] !== 0) {
      throw new FramingError('compressed', 'grpc: compressed messages are not supported');
    }
    const end = FRAME_HEADER_BYTES + length;
    if (this.#length < end) return undefined;
    if (first.length < end) first = this.#join();
    this.#length -= end;
    if (first.length === end) this.#pieces.shift();
    else this.#pieces[0] = first.subarray(end);
    return first.subarray(FRAME_HEADER_BYTES, end);
  }

  #join(): Buffer {
    const joined = Buffer.concat(this.#pieces);
    this.#pieces = [joined];
    return joined;
  }
}
