/** What a failed call of the client means. */

import { type ServiceError, status } from '@grpc/grpc-js';
import { EtcdError } from '../errors.ts';
import { etcdCodeOf } from './status.ts';

/**
 * Etcd's refusal, or that there is no etcd to answer; anything else stays what it is.
 *
 * @param error - null when the call ended without an answer
 */
export function etcdErrorOf(error: ServiceError | null): Error {
  if (error === null) return new EtcdError('Unavailable', 'etcd ended the call without an answer');
  const code = etcdCodeOf(error.code);
  if (code !== undefined) return new EtcdError(code, error.details);
  const isAway = error.code === status.DEADLINE_EXCEEDED || error.code === status.CANCELLED;
  return isAway ? new EtcdError('Unavailable', error.details) : error;
}
