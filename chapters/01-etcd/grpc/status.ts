/** How an error travels: gRPC's number for its code, and its words as a header can carry them. */

import { type EtcdCode, EtcdError } from '../errors.ts';

/** gRPC's status codes that are used here, by name. */
export const statusCodes = {
  Ok: 0,
  Unknown: 2,
  InvalidArgument: 3,
  NotFound: 5,
  ResourceExhausted: 8,
  FailedPrecondition: 9,
  OutOfRange: 11,
  Unimplemented: 12,
  Internal: 13,
  Unavailable: 14,
  DataLoss: 15,
} as const satisfies Record<EtcdCode | 'Ok' | 'Unknown' | 'Unimplemented' | 'Internal', number>;

/** The end of a call: a code and, unless it is 0, what went wrong. */
export interface CallStatus {
  readonly code: number;
  readonly message: string;
}

export const okStatus: CallStatus = { code: statusCodes.Ok, message: '' };

/**
 * The status that says what `error` says.
 *
 * @returns `undefined` when it is not a refusal of etcd's
 */
export function statusOf(error: unknown): CallStatus | undefined {
  if (!(error instanceof EtcdError)) return undefined;
  return { code: statusCodes[error.code], message: error.message };
}

const codeNames = new Map<number, EtcdCode>(
  (
    [
      'InvalidArgument',
      'NotFound',
      'OutOfRange',
      'FailedPrecondition',
      'ResourceExhausted',
      'Unavailable',
      'DataLoss',
    ] as const
  ).map((name) => [statusCodes[name], name]),
);

/**
 * The name of a code among those etcd refuses with.
 *
 * @returns `undefined` for any other code
 */
export function etcdCodeOf(code: number): EtcdCode | undefined {
  return codeNames.get(code);
}

/** Text as the header `grpc-message` carries it: UTF-8, and what is not printable ASCII as `%XX`. */
export function encodeStatusMessage(text: string): string {
  let encoded = '';
  for (const byte of new TextEncoder().encode(text)) {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    encoded += isPlain
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}
