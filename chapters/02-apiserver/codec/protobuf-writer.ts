/** Writes protobuf messages: the few forms Kubernetes has. Given; the counterpart is the reader. */

const utf8 = new TextEncoder();

/**
 * One message; fields stand in the order they were written.
 *
 * @remarks
 * ```text
 * new ProtobufWriter().text(1, 'a').int(2, 5)   0a 01 61 10 05
 * ```
 */
export class ProtobufWriter {
  readonly #bytes: number[] = [];

  /** A whole number or, as `0` and `1`, a boolean; negative ones take ten bytes. */
  int(number: number, value: number | bigint): this {
    this.#varint(BigInt(number * 8));
    this.#varint(BigInt.asUintN(64, BigInt(value)));
    return this;
  }

  text(number: number, value: string): this {
    return this.bytes(number, utf8.encode(value));
  }

  bytes(number: number, value: Uint8Array): this {
    this.#varint(BigInt(number * 8 + 2));
    this.#varint(BigInt(value.length));
    for (const byte of value) this.#bytes.push(byte);
    return this;
  }

  /** A message in this one. */
  message(number: number, write: (inner: ProtobufWriter) => void): this {
    const inner = new ProtobufWriter();
    write(inner);
    return this.bytes(number, inner.finish());
  }

  double(number: number, value: number): this {
    this.#varint(BigInt(number * 8 + 1));
    const view = new DataView(new ArrayBuffer(8));
    view.setFloat64(0, value, true);
    for (let i = 0; i < 8; i++) this.#bytes.push(view.getUint8(i));
    return this;
  }

  /** The message so far. */
  finish(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  #varint(value: bigint): void {
    let rest = value;
    while (rest >= 0x80n) {
      this.#bytes.push(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.#bytes.push(Number(rest));
  }
}
