/** SHA-256 of texts, for hashes of kinds and ETags that must be the same on every platform. Given. */

import { sha256 as hash } from '#apimachinery';

/**
 * The hash of a text in UTF-8.
 *
 * @returns 32 bytes
 */
export function sha256(text: string): Uint8Array {
  return hash(text);
}

/** The same as hexadecimal digits. */
export function sha256Hex(text: string): string {
  return Array.from(hash(text), (byte) => byte.toString(16).padStart(2, '0'))
    .join('')
    .toUpperCase();
}
