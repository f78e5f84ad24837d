/**
 * Writes protobuf of some megabytes: pieces are put together once, at the end. Given.
 *
 * The one for objects is `../codec/protobuf-writer.ts`.
 */

const utf8 = new TextEncoder();

/** One message. */
export class MessageWriter {
  readonly #pieces: Uint8Array[] = [];
  #length = 0;

  text(number: number, text: string): void {
    this.#add(number, [utf8.encode(text)]);
  }

  flag(number: number, flag: boolean): void {
    this.#push(varint(number * 8));
    this.#push(varint(flag ? 1 : 0));
  }

  integer(number: number, value: number): void {
    this.#push(varint(number * 8));
    this.#push(varint(value));
  }

  double(number: number, value: number): void {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat64(0, value, true);
    this.#push(varint(number * 8 + 1));
    this.#push(bytes);
  }

  message(number: number, write: (inner: MessageWriter) => void): void {
    const inner = new MessageWriter();
    write(inner);
    this.#add(number, inner.#pieces, inner.#length);
  }

  finish(): Uint8Array {
    const all = new Uint8Array(this.#length);
    let at = 0;
    for (const piece of this.#pieces) {
      all.set(piece, at);
      at += piece.length;
    }
    return all;
  }

  #add(number: number, pieces: readonly Uint8Array[], length = pieces[0]?.length ?? 0): void {
    this.#push(varint(number * 8 + 2));
    this.#push(varint(length));
    for (const piece of pieces) this.#push(piece);
  }

  #push(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#length += piece.length;
  }
}

/** @param value - whole, not negative, below 2^53 */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}
