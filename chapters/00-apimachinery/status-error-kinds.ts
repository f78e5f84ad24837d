/**
 * Asking an error what it is, and the errors that are rarely made. Given: more of the same as in
 * `status-error.ts`.
 *
 * A known reason has the last word. Only when the reason is empty or unknown, the code counts.
 */

import { type GroupResource, groupResourceText } from './group-version.ts';
import type { StatusCause } from './objects.ts';
import { reasonOf, StatusError, statusErrorIn } from './status-error.ts';
import { isKnownReason, type StatusReason } from './status-reason.ts';

/**
 * @param code - tells the same as `reason` when an error's own reason is none that we know; absent
 * when no code means this reason and no other
 * @see k8s.io/apimachinery/pkg/api/errors/errors.go (1.33), IsNotFound and those after it
 */
function hasReason(reason: StatusReason, code?: number): (error: unknown) => boolean {
  return (error) => {
    const found = statusErrorIn(error);
    if (!found) return false;
    return isKnownReason(found.reason) ? found.reason === reason : found.code === code;
  };
}

/** Tells whether what was thrown says that an object or resource is not there. */
export const isNotFound: (error: unknown) => boolean = hasReason('NotFound', 404);
/** Tells whether what was thrown says that the object is there already. By its reason only. */
export const isAlreadyExists: (error: unknown) => boolean = hasReason('AlreadyExists');
/** Tells whether what was thrown says that the object was changed in between. */
export const isConflict: (error: unknown) => boolean = hasReason('Conflict', 409);
/** Tells whether what was thrown says that an object's fields have faults. */
export const isInvalid: (error: unknown) => boolean = hasReason('Invalid', 422);
/** Tells whether what was thrown says that the request itself makes no sense. */
export const isBadRequest: (error: unknown) => boolean = hasReason('BadRequest', 400);
/** Tells whether what was thrown says that nobody knows who is asking. */
export const isUnauthorized: (error: unknown) => boolean = hasReason('Unauthorized', 401);
/** Tells whether what was thrown says that who asks may not do this. */
export const isForbidden: (error: unknown) => boolean = hasReason('Forbidden', 403);
/** Tells whether what was thrown says that the resource does not do this. */
export const isMethodNotAllowed: (error: unknown) => boolean = hasReason('MethodNotAllowed', 405);
/** Tells whether what was thrown says that the version asked for is too old. By its reason only. */
export const isExpired: (error: unknown) => boolean = hasReason('Expired');
/** Tells whether what was thrown says that the resource is gone for good. */
export const isGone: (error: unknown) => boolean = hasReason('Gone', 410);
/** Tells whether what was thrown says that the request took too long. */
export const isTimeout: (error: unknown) => boolean = hasReason('Timeout', 504);
/** Tells whether what was thrown says that the server could not do it now. By its reason only. */
export const isServerTimeout: (error: unknown) => boolean = hasReason('ServerTimeout');
/** Tells whether what was thrown says that the server failed in itself. */
export const isInternalError: (error: unknown) => boolean = hasReason('InternalError', 500);
/** Tells whether what was thrown says that nobody can serve this now. */
export const isServiceUnavailable: (error: unknown) => boolean = hasReason(
  'ServiceUnavailable',
  503,
);
/** Tells whether what was thrown says that the answer cannot be had in the form asked for. */
export const isNotAcceptable: (error: unknown) => boolean = hasReason('NotAcceptable', 406);
/** Tells whether what was thrown says that the body's form is not understood. */
export const isUnsupportedMediaType: (error: unknown) => boolean = hasReason(
  'UnsupportedMediaType',
  415,
);

/** Tells whether what was thrown says "too many requests", by its reason or, always, by its code. */
export function isTooManyRequests(error: unknown): boolean {
  return statusErrorIn(error)?.code === 429 || reasonOf(error) === 'TooManyRequests';
}

/** Tells whether what was thrown says that the body is too large, as `isTooManyRequests` does. */
export function isRequestEntityTooLarge(error: unknown): boolean {
  return statusErrorIn(error)?.code === 413 || reasonOf(error) === 'RequestEntityTooLarge';
}

/** 410 Gone, with the message as it is. */
export function newGone(message: string): StatusError {
  return new StatusError({ code: 410, reason: 'Gone', message });
}

/** 503 ServiceUnavailable, with the message as it is. */
export function newServiceUnavailable(message: string): StatusError {
  return new StatusError({ code: 503, reason: 'ServiceUnavailable', message });
}

/** 406 NotAcceptable, with the message as it is. */
export function newNotAcceptable(message: string): StatusError {
  return new StatusError({ code: 406, reason: 'NotAcceptable', message });
}

/** 415 UnsupportedMediaType, with the message as it is. */
export function newUnsupportedMediaType(message: string): StatusError {
  return new StatusError({ code: 415, reason: 'UnsupportedMediaType', message });
}

/** 413 RequestEntityTooLarge: `Request entity too large: <message>`. */
export function newRequestEntityTooLarge(message: string): StatusError {
  const text = `Request entity too large: ${message}`;
  return new StatusError({ code: 413, reason: 'RequestEntityTooLarge', message: text });
}

/** 409 Conflict of a server-side apply: one cause for each field somebody else manages. */
export function newApplyConflict(causes: readonly StatusCause[], message: string): StatusError {
  return new StatusError({
    code: 409,
    reason: 'Conflict',
    message,
    details: { causes: [...causes] },
  });
}

/** 409 AlreadyExists for a name made by `generateName`; trying again makes another name. */
export function newGenerateNameConflict(
  resource: GroupResource,
  name: string,
  retryAfterSeconds: number,
): StatusError {
  const title = `${groupResourceText(resource)} ${JSON.stringify(name)}`;
  return new StatusError({
    code: 409,
    reason: 'AlreadyExists',
    message: `${title} already exists, the server was not able to generate a unique name for the object`,
    details: { name, group: resource.group, kind: resource.resource, retryAfterSeconds },
  });
}
