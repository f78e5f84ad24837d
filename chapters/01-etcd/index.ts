/**
 * The public surface of etcd: what other components and tests import as `#etcd`.
 *
 * The wire (server and client over gRPC) is `#etcd/grpc`. To read the code, begin with
 * `byte-string.ts` and `revision.ts` and follow the "next" of each file's head.
 */

export { Backend, isTombstone } from './backend.ts';
export {
  type ByteString,
  byteStringToUtf8,
  fromByteString,
  isByteString,
  prefixEnd,
  toByteString,
  utf8ToByteString,
} from './byte-string.ts';
export { checkDeleteRange, checkPut, checkRange } from './checks.ts';
export { type EtcdClient, type EtcdWatch, newInProcessClient } from './client.ts';
export { compact } from './compaction.ts';
export { deleteRange } from './delete.ts';
export type { Disk, DiskFile } from './disk.ts';
export { decodeEntry, type Entry, encodeEntry } from './entry.ts';
export {
  CompactedError,
  type EtcdCode,
  EtcdError,
  FutureRevisionError,
} from './errors.ts';
export { Etcd, type EtcdOptions, type EtcdWatchStream, MAX_REQUEST_BYTES } from './etcd.ts';
export { KeyIndex, type KeyVersion } from './key-index.ts';
export {
  type LeaseStatus,
  Lessor,
  MAX_LEASE_TTL_SECONDS,
  MIN_LEASE_TTL_SECONDS,
} from './lease.ts';
export { MemoryDisk } from './memory-disk.ts';
export { get, put } from './put-get.ts';
export { range, readRevision } from './range.ts';
export { encodeRecord, type LogRecord, type Reading, readRecord, recordLength } from './record.ts';
export {
  type Recovered,
  recover,
  snapshotIndex,
  snapshotName,
  UNFINISHED_SNAPSHOT,
  writeSnapshot,
} from './recovery.ts';
export { compareRevisions, type Revision } from './revision.ts';
export type {
  CompactionRequest,
  CompactionResponse,
  Compare,
  CompareResult,
  DeleteRangeRequest,
  DeleteRangeResponse,
  Event,
  KeyRange,
  KeyValue,
  LeaseGrantResponse,
  LeaseId,
  LeaseKeepAliveResponse,
  LeaseTimeToLiveResponse,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
  RequestOp,
  ResponseHeader,
  ResponseOp,
  SortOrder,
  SortTarget,
  TxnRequest,
  TxnResponse,
  WatchCreateRequest,
  WatchFilter,
  WatchResponse,
} from './rpc.ts';
export { NO_LEASE } from './rpc.ts';
export { Store, type StoreOptions, type StoreState } from './store.ts';
export { inRange, TO_THE_END, TreeIndex } from './tree-index.ts';
export { checkTxn, compareHolds, MAX_TXN_OPS, txn } from './txn.ts';
export { type ReadView, WriteView } from './views.ts';
export {
  DamagedLogError,
  SEGMENT_BYTES,
  segmentIndex,
  segmentName,
  Wal,
  type WalRecord,
} from './wal.ts';
export { eventsAt, NO_WATCH, WatchStream, wants } from './watch.ts';
export { WatchGroups, type WatchGroupsOptions } from './watch-groups.ts';
export type { Deliver, Watch, WatchBatch, WatchHub, WatchSource, WatchSpec } from './watch-hub.ts';
export { Watchers } from './watchers.ts';
