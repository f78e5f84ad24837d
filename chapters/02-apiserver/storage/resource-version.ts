/** Errors about versions that are not here. Given. */

import { newTimeout, StatusError } from '#apimachinery';

/** 504: a client has seen a version that is not here yet; it should ask again in a second. */
export function tooLargeResourceVersion(asked: number, current: number): StatusError {
  const error = newTimeout(`Too large resource version: ${asked}, current: ${current}`, 1);
  const cause = { reason: 'ResourceVersionTooLarge', message: 'Too large resource version' };
  return new StatusError({
    code: error.code,
    reason: error.reason,
    message: error.message,
    details: { ...error.details, causes: [cause] },
  });
}
