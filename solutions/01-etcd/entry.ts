/**
 * What the log says happened: a write request, as text.
 *
 * The log holds requests, not results: applied in the same order to the same store they give the
 * same revisions again. An entry is JSON, one byte per character, so that a log can be read.
 */

import { fromByteString, toByteString } from './byte-string.ts';
import type {
  CompactionRequest,
  DeleteRangeRequest,
  LeaseId,
  PutRequest,
  TxnRequest,
} from './rpc.ts';

/** One write. */
export type Entry =
  | { readonly put: PutRequest }
  | { readonly deleteRange: DeleteRangeRequest }
  | { readonly txn: TxnRequest }
  | { readonly compact: CompactionRequest }
  | { readonly leaseGrant: { readonly id: LeaseId; readonly ttlSeconds: number } }
  | { readonly leaseRevoke: { readonly id: LeaseId } };

/** Lease ids are the only numbers JSON cannot hold; these fields carry them, as decimal text. */
const leaseFields: ReadonlySet<string> = new Set(['lease', 'id']);

/** Any message of `rpc.ts` as JSON, one byte per character. */
export function encodeJson(message: unknown): Uint8Array {
  return fromByteString(JSON.stringify(withTextLeases(message)));
}

/** The message with its leases as text. Without one it is the message itself, which is most of them. */
function withTextLeases(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null || !holdsLease(value)) return value;
  if (Array.isArray(value)) return value.map(withTextLeases);
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [name, withTextLeases(field)]),
  );
}

function holdsLease(message: object): boolean {
  for (const name in message) {
    const field = (message as Record<string, unknown>)[name];
    if (typeof field === 'bigint') return true;
    if (typeof field === 'object' && field !== null && holdsLease(field)) return true;
  }
  return false;
}

/** A field of a message itself: in a value's text, quotation marks have backslashes. */
const textLease = /"(?:lease|id)":"/;

/** The message that {@link encodeJson} was given. */
export function decodeJson(bytes: Uint8Array): unknown {
  const text = toByteString(bytes);
  // A log is read as a whole when a store starts, and looking at every field takes most of that.
  if (!textLease.test(text)) return JSON.parse(text);
  return JSON.parse(text, (name, value) =>
    leaseFields.has(name) && typeof value === 'string' ? BigInt(value) : value,
  );
}

/** An entry as the log's bytes. */
export function encodeEntry(entry: Entry): Uint8Array {
  return encodeJson(entry);
}

/** The entry that {@link encodeEntry} was given. */
export function decodeEntry(bytes: Uint8Array): Entry {
  return decodeJson(bytes) as Entry;
}
