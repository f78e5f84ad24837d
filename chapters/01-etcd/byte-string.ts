/**
 * Keys and values are strings in which every character is one byte (0 to 255).
 *
 * Such strings compare as etcd compares bytes, are cheap by the million, and read as text in a
 * debugger. Bytes come in and go out only at the edges (`grpc/`, the API server's storage).
 * Next: `revision.ts`.
 */

/** A string whose characters are bytes, U+0000 to U+00FF: what Buffer calls `latin1`. */
export type ByteString = string;

/** Matches a character that is not one byte. */
const notOneByte = /[\u{100}-\u{10ffff}]/u;
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const scratch = new Uint8Array(16 * 1024);

/** Tells whether every character of `text` is one byte. */
export function isByteString(text: string): boolean {
  return !notOneByte.test(text);
}

/**
 * Turns text into the bytes of its UTF-8 encoding.
 *
 * @param text - any JavaScript string
 * @returns one character per byte; ASCII text comes back as it is
 */
export function utf8ToByteString(text: string): ByteString {
  if (isAscii(text)) return text;
  return toByteString(encoder.encode(text));
}

/**
 * Reads bytes as UTF-8 text; the inverse of {@link utf8ToByteString}.
 *
 * @param bytes - one character per byte
 * @returns the text; bytes that are not UTF-8 become U+FFFD
 */
export function byteStringToUtf8(bytes: ByteString): string {
  if (isAscii(bytes)) return bytes;
  return decoder.decode(fromByteString(bytes));
}

/** Copies bytes into a string, one character per byte. */
export function toByteString(bytes: Uint8Array): ByteString {
  const ascii = decoder.decode(bytes);
  // As many characters as bytes: each byte is a letter, or was no UTF-8 at all.
  if (ascii.length === bytes.length && !ascii.includes('\ufffd')) return ascii;
  let text = '';
  // In pieces, because a call takes only so many arguments.
  for (let i = 0; i < bytes.length; i += 4096) {
    text += String.fromCharCode(...bytes.subarray(i, i + 4096));
  }
  return text;
}

/** Copies a byte string into bytes; the inverse of {@link toByteString}. */
export function fromByteString(text: ByteString): Uint8Array {
  const bytes = new Uint8Array(text.length);
  if (isEncodedInto(bytes, text)) return bytes;
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** Every value passes here several times: an expression needs ten times as long as the encoder. */
function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i += scratch.length) {
    if (!isEncodedInto(scratch, text.slice(i, i + scratch.length))) return false;
  }
  return true;
}

/** Writes a text into bytes that have room for so many letters; is it ASCII, and all there? */
function isEncodedInto(bytes: Uint8Array, text: string): boolean {
  const { read, written } = encoder.encodeInto(text, bytes);
  return read === text.length && written === text.length;
}

/**
 * The `rangeEnd` that, with `prefix` as key, selects every key beginning with `prefix`.
 *
 * @remarks `prefixEnd('/pods/')` is `'/pods0'`: the last byte plus one. Trailing bytes 255 cannot
 * be raised and are dropped; if nothing is left, every key from `prefix` on is meant.
 * @param prefix - the common beginning
 * @returns the first key after all keys with that prefix, or `'\0'` ("to the end")
 * @see etcd v3.5 client/v3/op.go getPrefix
 */
export function prefixEnd(prefix: ByteString): ByteString {
  for (let i = prefix.length - 1; i >= 0; i--) {
    const byte = prefix.charCodeAt(i);
    if (byte < 255) return prefix.slice(0, i) + String.fromCharCode(byte + 1);
  }
  return '\0';
}
