/** SHA-256, as contents are named. Given: a fixed detail, and no lesson. */

import { sha256 as hash } from '#apimachinery';

/** `sha256:` and 64 hexadecimal digits. */
export function sha256(bytes: Uint8Array): string {
  return `sha256:${hexOf(hash(bytes))}`;
}

/** As `sha256`, of a text in UTF-8. */
export function sha256OfText(text: string): string {
  return `sha256:${hexOf(hash(text))}`;
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
