/** The messages of Lease as tables; see `messages.ts`. */

import type {
  LeaseGrantResponse,
  LeaseId,
  LeaseKeepAliveResponse,
  LeaseTimeToLiveResponse,
  ResponseHeader,
} from '../rpc.ts';
import { header } from './messages.ts';
import { bool, bytes, id, int64, MessageType, message, optional, repeated } from './protobuf.ts';

export const leaseGrantRequest = new MessageType<{
  readonly ttlSeconds: number;
  readonly id: LeaseId;
}>({ ttlSeconds: int64(1), id: id(2) });

export const leaseGrantResponse = new MessageType<LeaseGrantResponse>({
  header,
  id: id(2),
  ttlSeconds: int64(3),
});

/** A lease's id alone: what revoking, keeping alive and listing need. */
export const leaseIdOnly = new MessageType<{ readonly id: LeaseId }>({ id: id(1) });

export const leaseKeepAliveResponse = new MessageType<LeaseKeepAliveResponse>({
  header,
  id: id(2),
  ttlSeconds: int64(3),
});

export const leaseTimeToLiveRequest = new MessageType<{
  readonly id: LeaseId;
  readonly keys?: boolean;
}>({ id: id(1), keys: optional(bool(2)) });

export const leaseTimeToLiveResponse = new MessageType<LeaseTimeToLiveResponse>({
  header,
  id: id(2),
  ttlSeconds: int64(3),
  grantedTtlSeconds: int64(4),
  keys: repeated(bytes(5)),
});

export const leaseLeasesResponse = new MessageType<{
  readonly header: ResponseHeader;
  readonly leases: readonly { readonly id: LeaseId }[];
}>({ header, leases: repeated(message(2, () => leaseIdOnly)) });
