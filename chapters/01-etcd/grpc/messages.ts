/**
 * The messages of KV and Watch as tables: each field's number and kind under its name in `rpc.ts`.
 *
 * The same schema as text is `rpc.proto`; a test holds the two together. The messages of the other
 * services are in `lease-messages.ts` and `maintenance-messages.ts`.
 */

import type {
  CompactionResponse,
  CompareResult,
  DeleteRangeRequest,
  DeleteRangeResponse,
  Event,
  KeyRange,
  KeyValue,
  LeaseId,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
  ResponseHeader,
  SortOrder,
  SortTarget,
  TxnResponse,
  WatchCreateRequest,
  WatchFilter,
  WatchResponse,
} from '../rpc.ts';
import {
  bool,
  bytes,
  enumeration,
  id,
  int64,
  MessageType,
  message,
  optional,
  repeated,
  string,
  uint64,
} from './protobuf.ts';

/** A header as it travels: the store's revision, and who answers. */
export interface WireHeader extends ResponseHeader {
  readonly clusterId?: bigint;
  readonly memberId?: bigint;
  readonly raftTerm?: number;
}

export const responseHeader = new MessageType<WireHeader>({
  clusterId: optional(uint64(1)),
  memberId: optional(uint64(2)),
  revision: int64(3),
  raftTerm: optional(int64(4)),
});

/** The `header` field, which is number 1 of every response. */
export const header = message(1, () => responseHeader);

export const keyValue = new MessageType<KeyValue>({
  key: bytes(1),
  createRevision: int64(2),
  modRevision: int64(3),
  version: int64(4),
  value: bytes(5),
  lease: id(6),
});

export const event = new MessageType<Event>({
  type: enumeration<Event['type']>(1, ['put', 'delete']),
  kv: message(2, () => keyValue),
  prevKv: optional(message(3, () => keyValue)),
});

export const rangeRequest = new MessageType<RangeRequest & { readonly serializable?: boolean }>({
  key: bytes(1),
  rangeEnd: optional(bytes(2)),
  limit: optional(int64(3)),
  revision: optional(int64(4)),
  sortOrder: optional(enumeration<SortOrder>(5, ['none', 'ascend', 'descend'])),
  sortTarget: optional(enumeration<SortTarget>(6, ['key', 'version', 'create', 'mod', 'value'])),
  serializable: optional(bool(7)),
  keysOnly: optional(bool(8)),
  countOnly: optional(bool(9)),
  minModRevision: optional(int64(10)),
  maxModRevision: optional(int64(11)),
  minCreateRevision: optional(int64(12)),
  maxCreateRevision: optional(int64(13)),
});

export const rangeResponse = new MessageType<RangeResponse>({
  header,
  kvs: repeated(message(2, () => keyValue)),
  more: bool(3),
  count: int64(4),
});

export const putRequest = new MessageType<PutRequest>({
  key: bytes(1),
  value: optional(bytes(2)),
  lease: optional(id(3)),
  prevKv: optional(bool(4)),
  ignoreValue: optional(bool(5)),
  ignoreLease: optional(bool(6)),
});

export const putResponse = new MessageType<PutResponse>({
  header,
  prevKv: optional(message(2, () => keyValue)),
});

export const deleteRangeRequest = new MessageType<DeleteRangeRequest>({
  key: bytes(1),
  rangeEnd: optional(bytes(2)),
  prevKv: optional(bool(3)),
});

export const deleteRangeResponse = new MessageType<DeleteRangeResponse>({
  header,
  deleted: int64(2),
  prevKvs: repeated(message(3, () => keyValue)),
});

/** A condition as it travels: any of the right-hand sides, whatever the target. */
export interface WireCompare extends KeyRange {
  readonly result: CompareResult;
  readonly target: 'version' | 'create' | 'mod' | 'value' | 'lease';
  readonly version: number;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly value: string;
  readonly lease: LeaseId;
}

export const compare = new MessageType<WireCompare>({
  result: enumeration<CompareResult>(1, ['equal', 'greater', 'less', 'not-equal']),
  target: enumeration<WireCompare['target']>(2, ['version', 'create', 'mod', 'value', 'lease']),
  key: bytes(3),
  version: int64(4),
  createRevision: int64(5),
  modRevision: int64(6),
  value: bytes(7),
  lease: id(8),
  rangeEnd: optional(bytes(64)),
});

/** An operation as it travels: it may be none. */
export interface WireRequestOp {
  readonly range?: RangeRequest;
  readonly put?: PutRequest;
  readonly deleteRange?: DeleteRangeRequest;
  readonly txn?: WireTxnRequest;
}

export const requestOp: MessageType<WireRequestOp> = new MessageType<WireRequestOp>({
  range: optional(message(1, () => rangeRequest)),
  put: optional(message(2, () => putRequest)),
  deleteRange: optional(message(3, () => deleteRangeRequest)),
  txn: optional(message(4, () => txnRequest)),
});

/** A transaction as it travels; `txn-request.ts` turns it into a `TxnRequest`. */
export interface WireTxnRequest {
  readonly compare: readonly WireCompare[];
  readonly success: readonly WireRequestOp[];
  readonly failure: readonly WireRequestOp[];
}

export const txnRequest: MessageType<WireTxnRequest> = new MessageType<WireTxnRequest>({
  compare: repeated(message(1, () => compare)),
  success: repeated(message(2, () => requestOp)),
  failure: repeated(message(3, () => requestOp)),
});

/** An operation's answer as it travels. */
export interface WireResponseOp {
  readonly range?: RangeResponse;
  readonly put?: PutResponse;
  readonly deleteRange?: DeleteRangeResponse;
  readonly txn?: WireTxnResponse;
}

export const responseOp: MessageType<WireResponseOp> = new MessageType<WireResponseOp>({
  range: optional(message(1, () => rangeResponse)),
  put: optional(message(2, () => putResponse)),
  deleteRange: optional(message(3, () => deleteRangeResponse)),
  txn: optional(message(4, () => txnResponse)),
});

/** A transaction's answer as it travels. */
export interface WireTxnResponse extends Omit<TxnResponse, 'responses'> {
  readonly responses: readonly WireResponseOp[];
}

export const txnResponse: MessageType<WireTxnResponse> = new MessageType<WireTxnResponse>({
  header,
  succeeded: bool(2),
  responses: repeated(message(3, () => responseOp)),
});

export const compactionRequest = new MessageType<{
  readonly revision: number;
  readonly physical?: boolean;
}>({ revision: int64(1), physical: optional(bool(2)) });

export const compactionResponse = new MessageType<CompactionResponse>({ header });

const watchCreateRequest = new MessageType<WatchCreateRequest>({
  key: bytes(1),
  rangeEnd: optional(bytes(2)),
  startRevision: optional(int64(3)),
  progressNotify: optional(bool(4)),
  filters: optional(repeated(enumeration<WatchFilter>(5, ['noput', 'nodelete']))),
  prevKv: optional(bool(6)),
  watchId: optional(int64(7)),
  fragment: optional(bool(8)),
});

const watchCancelRequest = new MessageType<{ readonly watchId: number }>({ watchId: int64(1) });

/** What a client may ask on a stream of watches. */
export interface WatchRequest {
  readonly create?: WatchCreateRequest;
  readonly cancel?: { readonly watchId: number };
  readonly progress?: Readonly<Record<never, never>>;
}

export const watchRequest = new MessageType<WatchRequest>({
  create: optional(message(1, () => watchCreateRequest)),
  cancel: optional(message(2, () => watchCancelRequest)),
  progress: optional(message(3, () => empty)),
});

/** A response as it travels: `fragment` says that more of it follows. */
export type WireWatchResponse = WatchResponse & { readonly fragment?: boolean };

const events = repeated(message(11, () => event));

/** The last part of a {@link watchResponse}: its events alone. */
export const watchEvents = new MessageType<{ readonly events: readonly Event[] }>({ events });

export const watchResponse = new MessageType<WireWatchResponse>({
  header,
  watchId: int64(2),
  created: optional(bool(3)),
  canceled: optional(bool(4)),
  compactRevision: optional(int64(5)),
  cancelReason: optional(string(6)),
  fragment: optional(bool(7)),
  events,
});

/** A message without fields. */
export const empty = new MessageType<Readonly<Record<never, never>>>({});

/** A response that is only a header. */
export const headerOnly = new MessageType<{ readonly header?: WireHeader }>({
  header: optional(header),
});
