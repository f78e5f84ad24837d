/** Maintenance over gRPC: how the member is doing, checksums of what it holds, a copy of it all. */

import { createHash } from 'node:crypto';
import type { Etcd } from '../etcd.ts';
import { readRevision } from '../range.ts';
import { crc32 } from '../record.ts';
import {
  alarmRequest,
  alarmResponse,
  hashKvRequest,
  hashKvResponse,
  hashResponse,
  snapshotResponse,
  statusResponse,
} from './maintenance-messages.ts';
import { ETCD_VERSION, type Member, RAFT_TERM, type Signer } from './member.ts';
import { empty, headerOnly, keyValue } from './messages.ts';
import { type Method, type Outgoing, unary } from './method.ts';

/** How much of a snapshot one message carries, as etcd. */
const SNAPSHOT_PART_BYTES = 32 * 1024;
/** etcdctl takes a file whose size is a multiple of this, plus a SHA-256, for one with a checksum. */
const SNAPSHOT_PADDING_BYTES = 512;

/** @see etcd v3.5 server/etcdserver/api/v3rpc/maintenance.go */
export function maintenanceMethods(etcd: Etcd, member: Member, sign: Signer): Method[] {
  const header = () => ({ revision: etcd.revision });
  return [
    unary('/etcdserverpb.Maintenance/Status', empty, statusResponse, () => {
      const bytes = sizeOfStore(etcd);
      return sign({
        header: header(),
        version: ETCD_VERSION,
        dbSize: bytes,
        leader: member.id,
        raftIndex: etcd.appliedIndex,
        raftTerm: RAFT_TERM,
        raftAppliedIndex: etcd.appliedIndex,
        errors: [],
        dbSizeInUse: bytes,
        isLearner: false,
      });
    }),
    // Nothing is fragmented in memory.
    unary('/etcdserverpb.Maintenance/Defragment', empty, headerOnly, () => ({})),
    // Nothing here runs out of space or goes bad unnoticed, so there is never an alarm.
    unary('/etcdserverpb.Maintenance/Alarm', alarmRequest, alarmResponse, () => ({ alarms: [] })),
    unary('/etcdserverpb.Maintenance/Hash', empty, hashResponse, () =>
      sign({ header: header(), hash: hashOfStore(etcd, etcd.revision) }),
    ),
    unary('/etcdserverpb.Maintenance/HashKV', hashKvRequest, hashKvResponse, ({ revision }) => {
      const view = etcd.store.view();
      const hash = hashOfStore(etcd, readRevision(view, revision));
      return sign({ header: header(), hash, compactRevision: view.compactedRevision });
    }),
    {
      kind: 'stream',
      path: '/etcdserverpb.Maintenance/Snapshot',
      open: (outgoing) => newSnapshotSender(etcd, outgoing),
    },
  ];
}

function sizeOfStore(etcd: Etcd): number {
  let bytes = 0;
  for (const [, kv] of etcd.store.view().backend.all()) bytes += keyValue.size(kv);
  return bytes;
}

/** A checksum of every version up to a main revision. */
function hashOfStore(etcd: Etcd, atMain: number): number {
  const chain = Buffer.alloc(8);
  for (const [revision, kv] of etcd.store.view().backend.all()) {
    if (revision.main > atMain) break;
    const bytes = keyValue.encode(kv);
    chain.writeUInt32LE(crc32(bytes, 0, bytes.length), 4);
    chain.writeUInt32LE(crc32(chain, 0, chain.length), 0);
  }
  return chain.readUInt32LE(0);
}

/**
 * Sends every version as length and message, zeros up to a round size, and a SHA-256 of it all.
 *
 * The form is our own: `etcdctl snapshot save` writes and checks it, `restore` wants etcd's files.
 */
function newSnapshotSender(etcd: Etcd, outgoing: Outgoing) {
  const file = snapshotFile(etcd);
  const digest = createHash('sha256').update(file).digest();
  let sent = 0;
  let isDone = false;
  const sendPart = (part: Buffer, remainingBytes: number) => {
    const blob = part.toString('latin1');
    outgoing.send((headroom) => snapshotResponse.encode({ remainingBytes, blob }, headroom));
  };
  const sendWhatFits = () => {
    if (isDone) return;
    while (sent < file.length) {
      if (outgoing.isFull) return;
      const part = file.subarray(sent, sent + SNAPSHOT_PART_BYTES);
      sent += part.length;
      sendPart(part, file.length - sent);
    }
    isDone = true;
    sendPart(digest, 0);
    outgoing.end();
  };
  return { message: sendWhatFits, end: () => {}, drained: sendWhatFits, closed: () => {} };
}

function snapshotFile(etcd: Etcd): Buffer {
  const parts: Buffer[] = [];
  for (const [, kv] of etcd.store.view().backend.all()) {
    const part = keyValue.encode(kv, 4);
    part.writeUInt32LE(part.length - 4, 0);
    parts.push(part);
  }
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const padding = SNAPSHOT_PADDING_BYTES - (length % SNAPSHOT_PADDING_BYTES);
  return Buffer.concat([...parts, Buffer.alloc(padding)]);
}
