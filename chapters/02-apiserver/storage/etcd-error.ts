/** etcd's errors in the API's words. Given. */

import { newExpired, newInternalError, newServiceUnavailable, StatusError } from '#apimachinery';
import { CompactedError, EtcdError, FutureRevisionError } from '#etcd';
import { tooLargeResourceVersion } from './resource-version.ts';

/**
 * The error a client gets for what etcd refused.
 *
 * @returns anything that is no error of etcd's comes back as it is
 */
export function errorOfEtcd(error: unknown): unknown {
  if (error instanceof StatusError || !(error instanceof EtcdError)) return error;
  if (error instanceof CompactedError) {
    return newExpired(
      'The provided resource version is too old: its history has been compacted. List again.',
    );
  }
  if (error instanceof FutureRevisionError) {
    const { requestedRevision, currentRevision } = error;
    return tooLargeResourceVersion(requestedRevision, currentRevision);
  }
  if (error.code === 'Unavailable' || error.code === 'ResourceExhausted') {
    return newServiceUnavailable(`the store cannot be reached: ${error.message}`);
  }
  if (error.message === 'etcdserver: request is too large') {
    return new StatusError({
      code: 413,
      reason: 'RequestEntityTooLarge',
      message: `Request entity too large: ${error.message}`,
    });
  }
  return newInternalError(error);
}
