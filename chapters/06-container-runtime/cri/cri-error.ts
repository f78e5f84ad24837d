/** How a CRI call fails: with one of gRPC's codes and a text. Given. */

/** gRPC's status codes, by name. */
export type CriErrorCode =
  | 'CANCELLED'
  | 'UNKNOWN'
  | 'INVALID_ARGUMENT'
  | 'DEADLINE_EXCEEDED'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'PERMISSION_DENIED'
  | 'RESOURCE_EXHAUSTED'
  | 'FAILED_PRECONDITION'
  | 'ABORTED'
  | 'OUT_OF_RANGE'
  | 'UNIMPLEMENTED'
  | 'INTERNAL'
  | 'UNAVAILABLE'
  | 'DATA_LOSS'
  | 'UNAUTHENTICATED';

/** Numbers of the codes on the wire. */
export const CRI_ERROR_NUMBERS: Readonly<Record<CriErrorCode, number>> = {
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
};

/**
 * Thrown when a runtime refuses a call or cannot be reached.
 *
 * @remarks `description` is the runtime's own text. `message` is how Go's gRPC client, and so the
 * kubelet in its events, writes it: `rpc error: code = NotFound desc = …`.
 */
export class CriError extends Error {
  override readonly name = 'CriError';
  readonly code: CriErrorCode;
  readonly description: string;

  constructor(code: CriErrorCode, description: string) {
    super(`rpc error: code = ${goName(code)} desc = ${description}`);
    this.code = code;
    this.description = description;
  }
}

/** `NOT_FOUND` as Go spells it: `NotFound`. */
function goName(code: CriErrorCode): string {
  if (code === 'CANCELLED') return 'Canceled';
  return code.replace(
    /([A-Z])([A-Z]*)_?/g,
    (_, first: string, rest: string) => first + rest.toLowerCase(),
  );
}
