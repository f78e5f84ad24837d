/** How much data a ConfigMap or a Secret may hold, and how to tell. Given. */

/** All values together. */
export const MAX_DATA_BYTES = 1024 * 1024;

/** How many bytes base64 text stands for. */
export function decodedLength(base64: string): number {
  const padding = /=*$/.exec(base64)?.[0].length ?? 0;
  return Math.floor(((base64.length - padding) * 3) / 4);
}

/** The base64 text for a text's bytes. */
export function encodedText(text: string): string {
  let binary = '';
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** The text whose bytes base64 text stands for. */
export function decodedText(base64: string): string {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return new TextDecoder().decode(bytes);
}
