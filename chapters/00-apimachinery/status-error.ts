/**
 * API errors: one class, a reason for programs, a message for people, and the `Status` object they
 * travel as.
 *
 * The reasons are in `status-reason.ts`, faults of single fields in `field-error.ts`, the tests
 * (`isNotFound`) and rarer errors in `status-error-kinds.ts`.
 */

import { NotImplemented } from '#not-implemented';
import type { FieldError } from './field-error.ts';
import type { GroupKind, GroupResource } from './group-version.ts';
import type { Status, StatusDetails } from './objects.ts';
import type { StatusReason } from './status-reason.ts';

/** What a `StatusError` is made from. */
export interface StatusErrorInit {
  /** The HTTP code. */
  readonly code: number;
  /** A `StatusReason`, or any other text a server sent, or empty. */
  readonly reason: StatusReason | (string & {});
  readonly message: string;
  readonly details?: StatusDetails | undefined;
}

/**
 * A request to the API that failed, and why.
 *
 * @see k8s.io/apimachinery/pkg/api/errors/errors.go (1.33)
 */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  /** The HTTP code. */
  readonly code: number;
  /** Why, for programs; a `StatusReason` or what a server sent. Empty: nobody said. */
  readonly reason: string;
  /** What it is about: the object's name, group and kind, causes, when to try again. */
  readonly details: StatusDetails | undefined;

  constructor(init: StatusErrorInit) {
    super(init.message);
    this.code = init.code;
    this.reason = init.reason;
    this.details = init.details;
  }

  /**
   * The `Status` object this error travels as.
   *
   * @remarks `kind`, `apiVersion` (`v1`), an empty `metadata`, `status: 'Failure'`, then `message`,
   * `reason`, `details` and `code`. Left out: `reason` when empty; in `details` what is empty (text,
   * `causes` without items, `retryAfterSeconds: 0`), and `details` itself when nothing is left; in
   * each cause, empty text. A cause stays, as `{}`, when nothing of it is left.
   *
   * ```text
   * newNotFound({ group: '', resource: 'pods' }, 'web').toStatus()
   * { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure',
   *   message: 'pods "web" not found', reason: 'NotFound',
   *   details: { name: 'web', kind: 'pods' }, code: 404 }
   * ```
   *
   * @returns a new object; changing it does not change the error
   * @exercise apimachinery/status-error
   */
  toStatus(): Status {
    throw new NotImplemented('apimachinery/status-error', 'StatusError.toStatus');
  }
}

/**
 * Makes an error of what came over the wire.
 *
 * @remarks Never throws: what should say what went wrong must not go wrong itself.
 *
 * - A `Status` is an object with `kind: 'Status'`. Its fields count where they have the right type
 *   (`code` a whole number from 400 to 599; `message` and `reason` text; `details` an object, in it
 *   `name`, `group`, `kind` and `uid` text, `retryAfterSeconds` a number from 0, `causes` an array of
 *   objects with text in `reason`, `message` and `field`); all else is dropped, and so is an item of
 *   `causes` that is no object.
 * - `details` with nothing usable in it are `{}`; what is no object gives no `details` at all.
 * - The error's code is the Status' own, or `httpCode` when that is missing or not usable.
 * - A `reason` that is missing or empty becomes `reasonForCode` of the error's code.
 * - A `message` that is missing or empty becomes `the server responded with the status code 502 but
 *   did not return more information` (on one line), with the error's code for the 502.
 * - Anything that is no `Status` (text, HTML, `null`) is taken for a `Status` with no fields at all.
 *
 * @param body - anything
 * @param httpCode - the code of the HTTP answer it came in
 * @exercise apimachinery/status-error
 */
export function fromStatus(body: unknown, httpCode = 500): StatusError {
  throw new NotImplemented('apimachinery/status-error', 'fromStatus');
}

/**
 * Why something failed, if it is an API error or was caused by one.
 *
 * @remarks Looks at the error, then at its `cause`, and so on, and takes the first `StatusError`.
 * A chain that leads back into itself ends the search.
 *
 * @param error - anything a `catch` received
 * @returns the reason; `UNKNOWN_REASON` when there is no `StatusError`
 * @exercise apimachinery/status-error
 */
export function reasonOf(error: unknown): string {
  throw new NotImplemented('apimachinery/status-error', 'reasonOf');
}

/**
 * The API error in something that was thrown: the error itself or the nearest of its causes.
 *
 * @returns `undefined` when there is none
 * @exercise apimachinery/status-error
 */
export function statusErrorIn(error: unknown): StatusError | undefined {
  throw new NotImplemented('apimachinery/status-error', 'statusErrorIn');
}

/**
 * How long the server asks to wait before another try.
 *
 * @remarks `details.retryAfterSeconds` when it is above zero. A `ServerTimeout` with details always
 * asks to try again: without a time, at once.
 *
 * @param error - anything a `catch` received; causes count as in `statusErrorIn`
 * @returns seconds, perhaps 0; `undefined` when nobody asks to try again
 * @see k8s.io/apimachinery/pkg/api/errors/errors.go (1.33), SuggestsClientDelay
 * @exercise apimachinery/status-error
 */
export function retryAfterSeconds(error: unknown): number | undefined {
  throw new NotImplemented('apimachinery/status-error', 'retryAfterSeconds');
}

/**
 * 404 NotFound: `pods "web" not found`.
 *
 * @remarks As in all errors about an object, `details` has its `name`, `group` and, in `kind`, the
 * resource; the message has `groupResourceText` and the name in double quotes.
 * @exercise apimachinery/status-error
 */
export function newNotFound(resource: GroupResource, name: string): StatusError {
  throw new NotImplemented('apimachinery/status-error', 'newNotFound');
}

/**
 * 409 AlreadyExists: `deployments.apps "web" already exists`; details as in `newNotFound`.
 *
 * @exercise apimachinery/status-error
 */
export function newAlreadyExists(resource: GroupResource, name: string): StatusError {
  throw new NotImplemented('apimachinery/status-error', 'newAlreadyExists');
}

/**
 * 409 Conflict: `Operation cannot be fulfilled on pods "web": <why>`; details as in `newNotFound`.
 *
 * @exercise apimachinery/status-error
 */
export function newConflict(resource: GroupResource, name: string, why: string): StatusError {
  throw new NotImplemented('apimachinery/status-error', 'newConflict');
}

/**
 * 403 Forbidden: `pods "web" is forbidden: <why>`; details as in `newNotFound`.
 *
 * @param name - empty when the request names no object: `pods is forbidden: <why>`, or
 * `deployments.apps is forbidden: <why>`
 * @param resource - empty group and resource for a request that is about none:
 * `forbidden: <why>`, whatever the name; `details` are as always: the name, and empty texts
 * @exercise apimachinery/status-error
 */
export function newForbidden(resource: GroupResource, name: string, why: string): StatusError {
  throw new NotImplemented('apimachinery/status-error', 'newForbidden');
}

/**
 * 422 Invalid: an object whose fields have faults.
 *
 * @remarks `details` has the object's `name`, `group` and `kind`, and in `causes` for each fault, in
 * order, `{ reason: <its type>, message: <fieldErrorBody>, field: <its field> }`.
 *
 * The message lists the faults (`fieldErrorText`), each text once:
 *
 * ```text
 * none   Pod "web" is invalid
 * one    Pod "web" is invalid: spec.nodeName: Required value
 * more   Deployment.apps "web" is invalid: [spec.a: Required value, spec.b: Forbidden: not now]
 * ```
 *
 * @exercise apimachinery/status-error
 */
export function newInvalid(
  kind: GroupKind,
  name: string,
  errors: readonly FieldError[],
): StatusError {
  throw new NotImplemented('apimachinery/status-error', 'newInvalid');
}

/**
 * 400 BadRequest, with the message as it is and no details.
 *
 * @exercise apimachinery/status-error
 */
export function newBadRequest(message: string): StatusError {
  throw new NotImplemented('apimachinery/status-error', 'newBadRequest');
}

/**
 * 401 Unauthorized, with the message as it is, `not authorized` when it is empty, and no details.
 *
 * @exercise apimachinery/status-error
 */
export function newUnauthorized(message: string): StatusError {
  throw new NotImplemented('apimachinery/status-error', 'newUnauthorized');
}

/**
 * 405 MethodNotAllowed: `patch is not supported on resources of kind "pods"`; `details` has `group`
 * and, in `kind`, the resource.
 *
 * @remarks In the quotes is `groupResourceText`: `"deployments.apps"` for a resource of a group.
 *
 * @exercise apimachinery/status-error
 */
export function newMethodNotAllowed(resource: GroupResource, action: string): StatusError {
  throw new NotImplemented('apimachinery/status-error', 'newMethodNotAllowed');
}

/**
 * 429 TooManyRequests, with the message as it is; `details` has `retryAfterSeconds`.
 *
 * @exercise apimachinery/status-error
 */
export function newTooManyRequests(message: string, retryAfterSeconds: number): StatusError {
  throw new NotImplemented('apimachinery/status-error', 'newTooManyRequests');
}

/**
 * 500 ServerTimeout: `The list operation against pods could not be completed at this time, please
 * try again.` (on one line); `details` has `group`, in `kind` the resource, in `name` the operation,
 * and `retryAfterSeconds`.
 *
 * @remarks Behind `against` is `groupResourceText`: `deployments.apps` for a resource of a group.
 * @exercise apimachinery/status-error
 */
export function newServerTimeout(
  resource: GroupResource,
  operation: string,
  retryAfterSeconds: number,
): StatusError {
  throw new NotImplemented('apimachinery/status-error', 'newServerTimeout');
}

/**
 * 504 Timeout: `Timeout: <message>`; `details` has `retryAfterSeconds`. The request may still be
 * carried out.
 *
 * @exercise apimachinery/status-error
 */
export function newTimeout(message: string, retryAfterSeconds: number): StatusError {
  throw new NotImplemented('apimachinery/status-error', 'newTimeout');
}

/**
 * 500 InternalError: `Internal error occurred: <the error's message>`.
 *
 * @remarks `details.causes` has one cause with that message and nothing else. The error itself is
 * the `cause` of the new one, so that its stack is not lost.
 * @exercise apimachinery/status-error
 */
export function newInternalError(error: Error): StatusError {
  throw new NotImplemented('apimachinery/status-error', 'newInternalError');
}

/**
 * 410 Expired, with the message as it is and no details: the resource version asked for is too old.
 *
 * @exercise apimachinery/status-error
 */
export function newExpired(message: string): StatusError {
  throw new NotImplemented('apimachinery/status-error', 'newExpired');
}
