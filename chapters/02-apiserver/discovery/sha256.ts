/**
 * SHA-256, for hashes of kinds and ETags that must be the same on every platform. Given.
 *
 * Nothing secret depends on it: certificates and tokens are checked by the platform's own (`wire/`).
 *
 * @see FIPS 180-4
 */

const utf8 = new TextEncoder();
const BLOCK = 64;

/** The first 32 bits of the fractional parts of roots of the first primes. */
const PRIMES = firstPrimes(64);
const K = PRIMES.map((prime) => fraction(Math.cbrt(prime)));
const START = PRIMES.slice(0, 8).map((prime) => fraction(Math.sqrt(prime)));

function firstPrimes(count: number): number[] {
  const primes: number[] = [];
  for (let n = 2; primes.length < count; n++) {
    if (primes.every((prime) => n % prime !== 0)) primes.push(n);
  }
  return primes;
}

function fraction(root: number): number {
  return ((root % 1) * 2 ** 32) >>> 0;
}

/**
 * The hash of a text in UTF-8.
 *
 * @returns 32 bytes
 */
export function sha256(text: string): Uint8Array {
  const bytes = padded(utf8.encode(text));
  const view = new DataView(bytes.buffer);
  const hash = Uint32Array.from(START);
  const words = new Uint32Array(BLOCK);
  for (let at = 0; at < bytes.length; at += BLOCK) {
    for (let i = 0; i < 16; i++) words[i] = view.getUint32(at + i * 4);
    addBlock(hash, words);
  }
  const result = new DataView(new ArrayBuffer(32));
  hash.forEach((word, i) => {
    result.setUint32(i * 4, word);
  });
  return new Uint8Array(result.buffer);
}

/** The same as hexadecimal digits. */
export function sha256Hex(text: string): string {
  const digits = [...sha256(text)].map((byte) => byte.toString(16).padStart(2, '0'));
  return digits.join('').toUpperCase();
}

/** A one, zeros, and the length in bits in the last eight bytes. */
function padded(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(Math.ceil((bytes.length + 9) / BLOCK) * BLOCK);
  result.set(bytes);
  result[bytes.length] = 0x80;
  new DataView(result.buffer).setBigUint64(result.length - 8, BigInt(bytes.length) * 8n);
  return result;
}

function addBlock(hash: Uint32Array, words: Uint32Array): void {
  const at = (i: number) => words[i] ?? 0;
  for (let i = 16; i < BLOCK; i++) {
    const a = at(i - 15);
    const b = at(i - 2);
    const small0 = rotated(a, 7) ^ rotated(a, 18) ^ (a >>> 3);
    const small1 = rotated(b, 17) ^ rotated(b, 19) ^ (b >>> 10);
    words[i] = at(i - 16) + small0 + at(i - 7) + small1;
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = hash;
  for (let i = 0; i < BLOCK; i++) {
    const big1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25);
    const choice = (e & f) ^ (~e & g);
    const first = (h + big1 + choice + (K[i] ?? 0) + at(i)) | 0;
    const big0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + big0 + majority) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((word, i) => {
    hash[i] = (hash[i] ?? 0) + word;
  });
}

function rotated(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by));
}
