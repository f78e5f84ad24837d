/**
 * Where a list that is read in pages goes on: a text that only the server reads. Given.
 *
 * @see k8s.io/apiserver/pkg/storage/continue.go (1.33)
 */

import { newBadRequest } from '#apimachinery';

/** What a token says. */
export interface ContinueToken {
  /** The moment of the first page; -1: any will do, the moment is gone. */
  readonly revision: number;
  /** The key to go on at, itself included, as it stands behind the list's prefix. */
  readonly startKey: string;
}

/** What a client is told whose token's moment is compacted. */
export const TOKEN_EXPIRED =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.';

/** Writes a token. */
export function encodeContinueToken({ revision, startKey }: ContinueToken): string {
  const bytes = new TextEncoder().encode(
    JSON.stringify({ v: 'meta.k8s.io/v1', rv: revision, start: startKey }),
  );
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/**
 * Reads a token.
 *
 * @throws StatusError 400 when it is none
 */
export function decodeContinueToken(text: string): ContinueToken {
  const token = parse(text);
  const { v, rv, start } = token;
  if (v !== 'meta.k8s.io/v1') throw notValid('server does not recognize this encoded version');
  if (typeof rv !== 'number' || !Number.isSafeInteger(rv) || rv === 0 || rv < -1) {
    throw notValid('incorrect encoded start resourceVersion');
  }
  if (typeof start !== 'string' || start === '') throw notValid('missing start key');
  const isClean = !start.split('/').some((part) => part === '..' || part === '.');
  if (!isClean || start.startsWith('/'))
    throw notValid(`invalid start key ${JSON.stringify(start)}`);
  return { revision: rv, startKey: start };
}

function parse(text: string): Record<string, unknown> {
  try {
    const base64 = text.replaceAll('-', '+').replaceAll('_', '/');
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // What is wrong with it is the caller's own business; it was made by a server.
  }
  throw notValid('it is not a token of this server');
}

function notValid(why: string): Error {
  return newBadRequest(`continue key is not valid: ${why}`);
}
