/**
 * Objects in an etcd: the few requests Kubernetes makes of it, and no others. Given.
 *
 * An object is stored as its JSON without a resourceVersion, because that is the revision of the
 * write and not known before. Next: `watch-cache.ts`.
 */

import { newExpired, StatusError } from '#apimachinery';
import {
  byteStringToUtf8,
  type EtcdClient,
  type Event,
  type KeyValue,
  prefixEnd,
  utf8ToByteString,
  type WatchResponse,
} from '#etcd';
import type { ApiObject } from '../api-object.ts';
import { errorOfEtcd } from './etcd-error.ts';
import type { LeaseManager } from './lease-manager.ts';
import { tooLargeResourceVersion } from './resource-version.ts';
import type { ListQuery, Outcome, StorageEvent, StoredList, WatchQuery } from './storage.ts';
import { Stored } from './stored.ts';
import { toStoredText, withRevision } from './stored-text.ts';
import type { CacherSource, SourceWatch } from './watch-cache.ts';

/** What the storage needs. */
export interface EtcdStorageOptions {
  readonly client: EtcdClient;
  readonly leases: LeaseManager;
}

/**
 * Keeps objects in an etcd.
 *
 * @see k8s.io/apiserver/pkg/storage/etcd3/store.go (1.33)
 */
export class EtcdStorage implements CacherSource {
  readonly #client: EtcdClient;
  readonly #leases: LeaseManager;
  readonly #written = new WrittenObjects();

  constructor({ client, leases }: EtcdStorageOptions) {
    this.#client = client;
    this.#leases = leases;
  }

  async get(key: string, notOlderThan = 0): Promise<Stored | undefined> {
    const { kvs, header } = await answered(this.#client.range({ key: utf8ToByteString(key) }));
    checkFresh(header.revision, notOlderThan);
    return storedOf(kvs[0]);
  }

  async list(prefix: string, query: ListQuery = {}): Promise<StoredList> {
    const { limit = 0, startKey = prefix, revision = 0, notOlderThan = 0 } = query;
    const response = await answered(
      this.#client.range({
        key: utf8ToByteString(startKey),
        rangeEnd: prefixEnd(utf8ToByteString(prefix)),
        limit,
        revision,
      }),
    );
    checkFresh(response.header.revision, notOlderThan);
    return {
      items: response.kvs.map(storedIn),
      revision: revision > 0 ? revision : response.header.revision,
      more: response.more,
      count: response.count,
    };
  }

  async create(key: string, object: ApiObject, ttlSeconds = 0): Promise<Outcome> {
    const bytes = utf8ToByteString(key);
    const condition = { key: bytes, target: 'mod', result: 'equal', modRevision: 0 } as const;
    return this.#write(bytes, condition, object, ttlSeconds);
  }

  async replace(expected: Stored, object: ApiObject, ttlSeconds = 0): Promise<Outcome> {
    // What is changed once is often changed again: so its object is kept, and not only its text.
    return this.#write(
      utf8ToByteString(expected.key),
      unchanged(expected),
      object,
      ttlSeconds,
      true,
    );
  }

  async #write(
    key: string,
    condition: ReturnType<typeof unchanged>,
    object: ApiObject,
    ttlSeconds: number,
    isKept = false,
  ): Promise<Outcome> {
    const text = toStoredText(object);
    const lease = ttlSeconds > 0 ? await answered(this.#leases.leaseFor(ttlSeconds)) : undefined;
    const put = { key, value: utf8ToByteString(text), ...(lease !== undefined && { lease }) };
    const { succeeded, header, responses } = await answered(
      this.#client.txn({
        compare: [condition],
        success: [{ put }],
        failure: [{ range: { key } }],
      }),
    );
    if (!succeeded) return { done: false, current: rangedIn(responses[0]) };
    const { revision } = header;
    const stored = this.#written.take(key, revision, () => newStored(key, revision, text));
    if (isKept) {
      object.metadata.resourceVersion = String(revision);
      stored.keep(object);
    }
    return { done: true, stored };
  }

  async remove(expected: Stored): Promise<Outcome> {
    const key = utf8ToByteString(expected.key);
    const { succeeded, header, responses } = await answered(
      this.#client.txn({
        compare: [unchanged(expected)],
        success: [{ deleteRange: { key } }],
        failure: [{ range: { key } }],
      }),
    );
    if (!succeeded) return { done: false, current: rangedIn(responses[0]) };
    const text = withRevision(toStoredText(expected.object), header.revision);
    return { done: true, stored: new Stored(expected.key, header.revision, text) };
  }

  watch(prefix: string, query: WatchQuery, signal: AbortSignal): SourceWatch {
    const { after, progress = false } = query;
    const key = utf8ToByteString(prefix);
    const running = this.#client.watch(
      {
        key,
        ...(prefix.endsWith('/') && { rangeEnd: prefixEnd(key) }),
        ...(after !== undefined && { startRevision: after + 1 }),
        prevKv: true,
        progressNotify: progress,
      },
      signal,
    );
    return Object.assign(events(running, this.#written), {
      requestProgress: () => running.requestProgress(),
    });
  }

  /** The revision of the newest write to the store, asked for now. */
  async currentRevision(prefix: string): Promise<number> {
    // One key, whether it is there or not: a range would have the store count all there is in it.
    const { header } = await answered(this.#client.range({ key: utf8ToByteString(prefix) }));
    return header.revision;
  }
}

async function* events(
  responses: AsyncIterable<WatchResponse>,
  written: WrittenObjects,
): AsyncGenerator<StorageEvent> {
  try {
    for await (const response of responses) {
      if (response.compactRevision) {
        throw newExpired('The resourceVersion for the provided watch is too old.');
      }
      if (response.canceled) return;
      if (response.created) continue;
      if (response.events.length === 0) {
        yield { type: 'progress', revision: response.header.revision };
      }
      for (const event of response.events) yield storageEvent(event, written);
    }
  } catch (error) {
    // A lost connection ends the watch; whoever watches begins anew.
    if (error instanceof StatusError) throw error;
  }
}

function storageEvent({ type, kv, prevKv }: Event, written: WrittenObjects): StorageEvent {
  if (type === 'put') {
    const stored = written.take(kv.key, kv.modRevision, () => storedIn(kv));
    return { type: 'put', stored, previous: storedOf(prevKv) };
  }
  // The deleted version is compacted away only when a watch is hours behind.
  const previous = storedIn(prevKv ?? kv);
  const text = withRevision(byteStringToUtf8((prevKv ?? kv).value), kv.modRevision);
  return { type: 'delete', stored: new Stored(previous.key, kv.modRevision, text), previous };
}

function unchanged({ key, revision }: Stored) {
  const bytes = utf8ToByteString(key);
  return { key: bytes, target: 'mod', result: 'equal', modRevision: revision } as const;
}

function rangedIn(response: object | undefined): Stored | undefined {
  if (response === undefined || !('range' in response)) return undefined;
  return storedOf((response.range as { readonly kvs: readonly KeyValue[] }).kvs[0]);
}

function storedOf(kv: KeyValue | undefined): Stored | undefined {
  return kv === undefined ? undefined : storedIn(kv);
}

/** Its text is made when somebody wants it: often the same version is at hand already. */
function storedIn({ key, modRevision, value }: KeyValue): Stored {
  return new Stored(byteStringToUtf8(key), modRevision, () =>
    withRevision(byteStringToUtf8(value), modRevision),
  );
}

function newStored(key: string, revision: number, text: string): Stored {
  return new Stored(byteStringToUtf8(key), revision, () => withRevision(text, revision));
}

/** How many writes may be without their event, or events without their write. */
const MAX_WRITTEN = 200;

/**
 * What was just written: the answer to the write and the event of a watch are one object, whose text
 * and parsed form are made once.
 */
class WrittenObjects {
  readonly #byRevision = new Map<number, Stored>();

  /** The one that the other side made already, or a new one that is kept for it. */
  take(key: string, revision: number, make: () => Stored): Stored {
    const known = this.#byRevision.get(revision);
    if (known?.key === byteStringToUtf8(key)) {
      this.#byRevision.delete(revision);
      return known;
    }
    const stored = make();
    this.#byRevision.set(revision, stored);
    if (this.#byRevision.size > MAX_WRITTEN) {
      for (const [oldest] of this.#byRevision) {
        this.#byRevision.delete(oldest);
        break;
      }
    }
    return stored;
  }
}

/** @throws StatusError 504 when the store has not come so far */
function checkFresh(revision: number, notOlderThan: number): void {
  if (revision < notOlderThan) throw tooLargeResourceVersion(notOlderThan, revision);
}

/** Puts etcd's refusals into the API's words. */
async function answered<T>(request: Promise<T>): Promise<T> {
  try {
    return await request;
  } catch (error) {
    throw errorOfEtcd(error);
  }
}
