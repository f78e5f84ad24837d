/**
 * etcd's errors: a gRPC code and the exact words clients compare with.
 *
 * Every refusal of the store is one of these; anything else thrown is a broken invariant.
 *
 * @see etcd v3.5 api/v3rpc/rpctypes/error.go
 */

/** The gRPC status codes etcd uses, by name. */
export type EtcdCode =
  | 'InvalidArgument'
  | 'NotFound'
  | 'OutOfRange'
  | 'FailedPrecondition'
  | 'ResourceExhausted'
  | 'Unavailable'
  | 'DataLoss';

/** A request that etcd refuses; nothing was changed. */
export class EtcdError extends Error {
  override readonly name: string = 'EtcdError';
  readonly code: EtcdCode;

  constructor(code: EtcdCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** A read, watch or compaction at a revision whose history is gone. */
export class CompactedError extends EtcdError {
  override readonly name = 'CompactedError';
  readonly requestedRevision: number;
  readonly compactedRevision: number;

  constructor(requestedRevision: number, compactedRevision: number) {
    super('OutOfRange', 'etcdserver: mvcc: required revision has been compacted');
    this.requestedRevision = requestedRevision;
    this.compactedRevision = compactedRevision;
  }
}

/** A read or compaction at a revision that has not happened. */
export class FutureRevisionError extends EtcdError {
  override readonly name = 'FutureRevisionError';
  readonly requestedRevision: number;
  readonly currentRevision: number;

  constructor(requestedRevision: number, currentRevision: number) {
    super('OutOfRange', 'etcdserver: mvcc: required revision is a future revision');
    this.requestedRevision = requestedRevision;
    this.currentRevision = currentRevision;
  }
}

const refusal = (code: EtcdCode, message: string) => () => new EtcdError(code, message);

export const emptyKey = refusal('InvalidArgument', 'etcdserver: key is not provided');
export const keyNotFound = refusal('InvalidArgument', 'etcdserver: key not found');
export const valueProvided = refusal('InvalidArgument', 'etcdserver: value is provided');
export const leaseProvided = refusal('InvalidArgument', 'etcdserver: lease is provided');
export const tooManyOps = refusal(
  'InvalidArgument',
  'etcdserver: too many operations in txn request',
);
export const duplicateKey = refusal(
  'InvalidArgument',
  'etcdserver: duplicate key given in txn request',
);
export const invalidSortOption = refusal('InvalidArgument', 'etcdserver: invalid sort option');
export const requestTooLarge = refusal('InvalidArgument', 'etcdserver: request is too large');
export const leaseNotFound = refusal('NotFound', 'etcdserver: requested lease not found');
export const leaseExists = refusal('FailedPrecondition', 'etcdserver: lease already exists');
export const leaseTtlTooLarge = refusal('OutOfRange', 'etcdserver: too large lease TTL');
export const serverStopped = refusal('Unavailable', 'etcdserver: server stopped');
