/**
 * The reasons an API request can fail for, and the HTTP codes that go with them. Given; the errors
 * themselves are in `status-error.ts`.
 *
 * @see k8s.io/apimachinery/pkg/apis/meta/v1/types.go (1.33), StatusReason
 */

const STATUS_REASONS = [
  'Unauthorized',
  'Forbidden',
  'NotFound',
  'AlreadyExists',
  'Conflict',
  'Gone',
  'Invalid',
  'ServerTimeout',
  'StoreReadError',
  'Timeout',
  'TooManyRequests',
  'BadRequest',
  'MethodNotAllowed',
  'NotAcceptable',
  'RequestEntityTooLarge',
  'UnsupportedMediaType',
  'InternalError',
  'Expired',
  'ServiceUnavailable',
] as const;

/** Why a request failed, for programs. Other servers may send reasons that are not in this list. */
export type StatusReason = (typeof STATUS_REASONS)[number];

const KNOWN: ReadonlySet<string> = new Set(STATUS_REASONS);

/** Tells whether a reason is one of Kubernetes' own. The empty one is not: it says nothing. */
export function isKnownReason(reason: string): reason is StatusReason {
  return KNOWN.has(reason);
}

/** The reason when nobody knows any. */
export const UNKNOWN_REASON = '';

const BY_CODE: ReadonlyMap<number, StatusReason> = new Map([
  [400, 'BadRequest'],
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
  [404, 'NotFound'],
  [405, 'MethodNotAllowed'],
  [406, 'NotAcceptable'],
  [409, 'Conflict'],
  [410, 'Gone'],
  [413, 'RequestEntityTooLarge'],
  [415, 'UnsupportedMediaType'],
  [422, 'Invalid'],
  [429, 'TooManyRequests'],
  [503, 'ServiceUnavailable'],
  [504, 'Timeout'],
]);

/**
 * The likeliest reason for an HTTP code, when the answer itself names none.
 *
 * @returns `InternalError` for other codes from 500 on, `UNKNOWN_REASON` for the rest
 */
export function reasonForCode(code: number): StatusReason | typeof UNKNOWN_REASON {
  return BY_CODE.get(code) ?? (code >= 500 ? 'InternalError' : UNKNOWN_REASON);
}
