/** The answers that are given before, or instead of, the handler's: an error as a Status. */

import { newInternalError, type StatusError, statusErrorIn } from '#apimachinery';
import type { Answer } from '../context.ts';

/** The answer for an error of the API. */
export function statusAnswer(error: StatusError): Answer {
  const retryAfter = error.details?.retryAfterSeconds ?? 0;
  return {
    status: error.code,
    headers: {
      'Cache-Control': 'no-cache, private',
      'Content-Type': 'application/json',
      ...(retryAfter > 0 && { 'Retry-After': String(retryAfter) }),
    },
    body: `${JSON.stringify(error.toStatus())}\n`,
  };
}

/** The answer for whatever was thrown: 500, unless it is an error of the API. */
export function failureAnswer(error: unknown): Answer {
  const known = statusErrorIn(error);
  if (known !== undefined) return statusAnswer(known);
  // What exactly failed is for the log: its text may hold what the caller must not see.
  return statusAnswer(newInternalError(new Error('the request could not be handled')));
}
