/** The messages of Maintenance and Cluster as tables; see `messages.ts`. */

import { header, type WireHeader } from './messages.ts';
import {
  bool,
  bytes,
  enumeration,
  int64,
  MessageType,
  message,
  optional,
  repeated,
  string,
  uint64,
} from './protobuf.ts';

export type AlarmType = 'none' | 'nospace' | 'corrupt';

/** An alarm that a member has raised. */
export interface AlarmMember {
  readonly memberId: bigint;
  readonly alarm: AlarmType;
}

const alarmType = (number: number) =>
  enumeration<AlarmType>(number, ['none', 'nospace', 'corrupt']);

const alarmMember = new MessageType<AlarmMember>({ memberId: uint64(1), alarm: alarmType(2) });

export const alarmRequest = new MessageType<
  AlarmMember & { readonly action: 'get' | 'activate' | 'deactivate' }
>({
  action: enumeration<'get' | 'activate' | 'deactivate'>(1, ['get', 'activate', 'deactivate']),
  memberId: uint64(2),
  alarm: alarmType(3),
});

export const alarmResponse = new MessageType<{
  readonly header?: WireHeader;
  readonly alarms: readonly AlarmMember[];
}>({ header: optional(header), alarms: repeated(message(2, () => alarmMember)) });

/** How a member is doing. */
export interface StatusResponse {
  readonly header: WireHeader;
  /** The version of etcd it behaves as. */
  readonly version: string;
  readonly dbSize: number;
  readonly leader: bigint;
  readonly raftIndex: number;
  readonly raftTerm: number;
  readonly raftAppliedIndex: number;
  readonly errors: readonly string[];
  readonly dbSizeInUse: number;
  readonly isLearner: boolean;
}

export const statusResponse = new MessageType<StatusResponse>({
  header,
  version: string(2),
  dbSize: int64(3),
  leader: uint64(4),
  raftIndex: int64(5),
  raftTerm: int64(6),
  raftAppliedIndex: int64(7),
  errors: repeated(string(8)),
  dbSizeInUse: int64(9),
  isLearner: bool(10),
});

export const hashResponse = new MessageType<{ readonly header: WireHeader; readonly hash: number }>(
  { header, hash: int64(2) },
);

export const hashKvRequest = new MessageType<{ readonly revision: number }>({ revision: int64(1) });

export const hashKvResponse = new MessageType<{
  readonly header: WireHeader;
  readonly hash: number;
  readonly compactRevision: number;
}>({ header, hash: int64(2), compactRevision: int64(3) });

export const snapshotResponse = new MessageType<{
  readonly header?: WireHeader;
  readonly remainingBytes: number;
  readonly blob: string;
}>({ header: optional(header), remainingBytes: int64(2), blob: bytes(3) });

/** A member of the cluster. */
export interface ClusterMember {
  readonly id: bigint;
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly clientUrls: readonly string[];
  readonly isLearner: boolean;
}

const clusterMember = new MessageType<ClusterMember>({
  id: uint64(1),
  name: string(2),
  peerUrls: repeated(string(3)),
  clientUrls: repeated(string(4)),
  isLearner: bool(5),
});

export const memberListResponse = new MessageType<{
  readonly header: WireHeader;
  readonly members: readonly ClusterMember[];
}>({ header, members: repeated(message(2, () => clusterMember)) });

/** The answer of gRPC's own health service. */
export const healthCheckResponse = new MessageType<{
  readonly status: 'unknown' | 'serving' | 'not-serving';
}>({
  status: enumeration<'unknown' | 'serving' | 'not-serving'>(1, [
    'unknown',
    'serving',
    'not-serving',
  ]),
});
