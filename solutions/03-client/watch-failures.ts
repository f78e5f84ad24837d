/**
 * What the failures of lists and watches mean to a reflector. Given.
 *
 * Which of them lead to what is in `reflector.ts`.
 */

import { isExpired, isGone, isTimeout, isTooManyRequests, statusErrorIn } from '#apimachinery';

/** A chain of causes is not followed further than this. */
const MOST_CAUSES = 10;

/** 410: the server no longer knows what happened since the version asked for. */
export function isVersionTooOld(error: unknown): boolean {
  return isExpired(error) || isGone(error);
}

/**
 * The server has not come as far as the version asked for: it may have been put back from a backup.
 *
 * @see apiserver v0.33 pkg/storage/errors.go, NewTooLargeResourceVersionError
 */
export function isVersionTooLarge(error: unknown): boolean {
  const found = statusErrorIn(error);
  const causes = found?.details?.causes ?? [];
  if (causes.some(({ reason }) => reason === 'ResourceVersionTooLarge')) return true;
  const text = 'Too large resource version';
  return isTimeout(found) && (found?.message.includes(text) ?? false);
}

/**
 * Nobody listens where the server should be, or it has too much to do: what one has seen is as good
 * as before, and asking for less is kinder than asking for everything.
 */
export function isServerBusyOrDown(error: unknown): boolean {
  return isTooManyRequests(error) || isConnectionRefused(error);
}

/** Whether a connection was refused, also when that is the cause of what was thrown. */
export function isConnectionRefused(error: unknown): boolean {
  let current = error;
  for (let depth = 0; depth < MOST_CAUSES && current instanceof Error; depth++) {
    if ((current as { readonly code?: unknown }).code === 'ECONNREFUSED') return true;
    current = current.cause;
  }
  return false;
}
