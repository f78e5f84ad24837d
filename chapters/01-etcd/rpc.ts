/**
 * The messages of etcd's API as values: what goes into the store and what comes out.
 *
 * Names are those of etcd's rpc.proto in camel case. A field left out means its protobuf default
 * (0, '', false). Errors are in `errors.ts`; the wire form is in `grpc/`.
 *
 * @see etcd v3.5 api/etcdserverpb/rpc.proto, api/mvccpb/kv.proto
 */

import type { ByteString } from './byte-string.ts';

/** A lease's id: an int64; 0 means "no lease". */
export type LeaseId = bigint;

/** The id that stands for "no lease". */
export const NO_LEASE: LeaseId = 0n;

/** One version of a key. A deletion (tombstone) has version 0 and only `key` and `modRevision`. */
export interface KeyValue {
  readonly key: ByteString;
  readonly value: ByteString;
  /** Main revision of the put that began this life of the key. */
  readonly createRevision: number;
  /** Main revision of the change that made this version. */
  readonly modRevision: number;
  /** 1 for the put that created the key, one more for each put after it; 0 for a deletion. */
  readonly version: number;
  readonly lease: LeaseId;
}

/** What every answer says about the store: its main revision when the answer was made. */
export interface ResponseHeader {
  readonly revision: number;
}

/** Which keys: one key, or `[key, rangeEnd)`; `rangeEnd` `'\0'` means "to the last key". */
export interface KeyRange {
  readonly key: ByteString;
  readonly rangeEnd?: ByteString;
}

export type SortOrder = 'none' | 'ascend' | 'descend';
export type SortTarget = 'key' | 'version' | 'create' | 'mod' | 'value';

export interface RangeRequest extends KeyRange {
  /** At most this many key-values; 0 or less means all. */
  readonly limit?: number;
  /** Read the store as it was at this main revision; 0 or less means now. */
  readonly revision?: number;
  readonly sortOrder?: SortOrder;
  readonly sortTarget?: SortTarget;
  readonly keysOnly?: boolean;
  readonly countOnly?: boolean;
  readonly minModRevision?: number;
  readonly maxModRevision?: number;
  readonly minCreateRevision?: number;
  readonly maxCreateRevision?: number;
}

export interface RangeResponse {
  readonly header: ResponseHeader;
  readonly kvs: readonly KeyValue[];
  /** There are more key-values in the range than `limit` let through. */
  readonly more: boolean;
  /** All keys in the range, whatever `limit` and the min/max filters say. */
  readonly count: number;
}

export interface PutRequest {
  readonly key: ByteString;
  readonly value?: ByteString;
  readonly lease?: LeaseId;
  readonly prevKv?: boolean;
  /** Keep the key's value; `value` must be empty. */
  readonly ignoreValue?: boolean;
  /** Keep the key's lease; `lease` must be 0. */
  readonly ignoreLease?: boolean;
}

export interface PutResponse {
  readonly header: ResponseHeader;
  readonly prevKv?: KeyValue;
}

export interface DeleteRangeRequest extends KeyRange {
  readonly prevKv?: boolean;
}

export interface DeleteRangeResponse {
  readonly header: ResponseHeader;
  readonly deleted: number;
  readonly prevKvs: readonly KeyValue[];
}

export type CompareResult = 'equal' | 'greater' | 'less' | 'not-equal';

/** One condition of a transaction; what is on the right depends on the target. */
export type Compare = KeyRange & { readonly result: CompareResult } & (
    | { readonly target: 'version'; readonly version: number }
    | { readonly target: 'create'; readonly createRevision: number }
    | { readonly target: 'mod'; readonly modRevision: number }
    | { readonly target: 'value'; readonly value: ByteString }
    | { readonly target: 'lease'; readonly lease: LeaseId }
  );

/** One operation of a transaction: exactly one of the four. */
export type RequestOp =
  | { readonly range: RangeRequest }
  | { readonly put: PutRequest }
  | { readonly deleteRange: DeleteRangeRequest }
  | { readonly txn: TxnRequest };

export type ResponseOp =
  | { readonly range: RangeResponse }
  | { readonly put: PutResponse }
  | { readonly deleteRange: DeleteRangeResponse }
  | { readonly txn: TxnResponse };

export interface TxnRequest {
  /** All must hold for `success` to run; none at all holds. */
  readonly compare?: readonly Compare[];
  readonly success?: readonly RequestOp[];
  readonly failure?: readonly RequestOp[];
}

export interface TxnResponse {
  readonly header: ResponseHeader;
  readonly succeeded: boolean;
  /** One answer per operation of the branch that ran, in order. */
  readonly responses: readonly ResponseOp[];
}

export interface CompactionRequest {
  readonly revision: number;
}

export interface CompactionResponse {
  readonly header: ResponseHeader;
}

/** One change, as a watcher sees it. */
export interface Event {
  readonly type: 'put' | 'delete';
  /** The new version; for a deletion only `key` and `modRevision` say something. */
  readonly kv: KeyValue;
  /** The version before, when asked for and not compacted. */
  readonly prevKv?: KeyValue;
}

export type WatchFilter = 'noput' | 'nodelete';

export interface WatchCreateRequest extends KeyRange {
  /** First main revision to see; 0 means "what comes after now". */
  readonly startRevision?: number;
  readonly progressNotify?: boolean;
  readonly filters?: readonly WatchFilter[];
  readonly prevKv?: boolean;
  /** An id of the client's choosing; 0 lets the stream choose. */
  readonly watchId?: number;
  /** The client can join messages that were split because they were too large. */
  readonly fragment?: boolean;
}

export interface WatchResponse {
  readonly header: ResponseHeader;
  readonly watchId: number;
  readonly created?: boolean;
  readonly canceled?: boolean;
  readonly cancelReason?: string;
  /** Set when a watch was canceled because it asked for a revision older than this one. */
  readonly compactRevision?: number;
  readonly events: readonly Event[];
}

export interface LeaseGrantResponse {
  readonly header: ResponseHeader;
  readonly id: LeaseId;
  readonly ttlSeconds: number;
}

export interface LeaseKeepAliveResponse {
  readonly header: ResponseHeader;
  readonly id: LeaseId;
  /** The TTL the lease has again in full; 0 when there is no such lease. */
  readonly ttlSeconds: number;
}

export interface LeaseTimeToLiveResponse {
  readonly header: ResponseHeader;
  readonly id: LeaseId;
  /** Whole seconds left; -1 when there is no such lease. */
  readonly ttlSeconds: number;
  readonly grantedTtlSeconds: number;
  readonly keys: readonly ByteString[];
}
