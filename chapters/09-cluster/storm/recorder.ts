/**
 * Writes down what happens: the history that the invariants judge.
 *
 * Writes come from the store itself, through a watch of its own that no fault touches; all else is told.
 */

import type { Clock, KubernetesObject } from '#apimachinery';
import { byteStringToUtf8, type Etcd, type Event, prefixEnd, utf8ToByteString } from '#etcd';
import type { Deleted, Entry, Put } from '../invariants/history.ts';

const PREFIX = '/registry/';
/** What the store calls otherwise than the API. */
const RENAMED: Readonly<Record<string, string>> = {
  minions: 'nodes',
  'services/specs': 'services',
  'services/endpoints': 'endpoints',
};

/** Who asked for something to be done with a pod. */
export interface Asker {
  readonly by: string;
  readonly eviction: boolean;
}

interface Place {
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
}

/** Keeps the history of one cluster, and its objects as they are. */
export class Recorder {
  readonly #clock: Clock;
  #entries: Entry[] = [];
  /** What is stored now, by key: `pods/default/web-0`. */
  readonly objects = new Map<string, Put>();
  readonly #askers = new Map<string, Asker>();
  #revision = 0;
  #entryCount = 0;
  /** Is told of every entry. */
  onEntry: (entry: Entry) => void = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get history(): readonly Entry[] {
    return this.#entries;
  }

  /** How many entries there were since the beginning. */
  get entryCount(): number {
    return this.#entryCount;
  }

  get now(): number {
    return this.#clock.monotonic();
  }

  add(entry: Entry): void {
    this.#entries.push(entry);
    this.#entryCount += 1;
    this.onEntry(entry);
  }

  /** Begins a new history with what there is now, and forgets the old one. */
  beginAnew(running: readonly Entry[]): void {
    const at = this.now;
    const objects = [...this.objects.values()].map((put): Put => {
      const { before: _, ...rest } = put;
      return { ...rest, at };
    });
    this.#entries = [...objects, ...running];
  }

  /** Somebody's request about a pod is on its way to the server. */
  asked(namespace: string, name: string, asker: Asker): void {
    this.#askers.set(`pods/${namespace}/${name}`, asker);
  }

  acknowledged(key: string, revision: number, isDelete: boolean): void {
    const place = placeOf(key);
    if (place === undefined) return;
    this.add({ kind: 'acknowledged', at: this.now, revision, key: keyOf(place), isDelete });
  }

  /** A store has come back, with this in it. */
  restarted(etcd: Etcd): void {
    const { kvs, header } = etcd.range({
      key: PREFIX,
      rangeEnd: prefixEnd(PREFIX),
      keysOnly: true,
    });
    const places = kvs.flatMap(({ key, modRevision }) => {
      const place = placeOf(byteStringToUtf8(key));
      return place === undefined ? [] : [[keyOf(place), modRevision] as const];
    });
    const content = Object.fromEntries(places);
    this.add({ kind: 'restarted', at: this.now, revision: header.revision, content });
  }

  /** Follows a store's writes, from the last one that was noticed. */
  follow(etcd: Etcd): void {
    const stream = etcd.watchStream(({ events }) => {
      for (const event of events) this.#note(event);
      return true;
    });
    const startRevision = this.#revision + 1;
    stream.create({ key: utf8ToByteString(PREFIX), rangeEnd: prefixEnd(PREFIX), startRevision });
  }

  #note({ type, kv }: Event): void {
    this.#revision = Math.max(this.#revision, kv.modRevision);
    const place = placeOf(byteStringToUtf8(kv.key));
    if (place === undefined) return;
    const key = keyOf(place);
    const before = this.objects.get(key)?.after;
    const head = { at: this.now, revision: kv.modRevision, ...place };
    if (type === 'delete') {
      this.objects.delete(key);
      if (before === undefined) return;
      const entry: Deleted = { kind: 'deleted', ...head, ...this.#asker(key), before };
      this.#askers.delete(key);
      this.add(entry);
      return;
    }
    const after = JSON.parse(byteStringToUtf8(kv.value)) as KubernetesObject;
    const goes =
      after.metadata?.deletionTimestamp !== undefined &&
      before?.metadata?.deletionTimestamp === undefined;
    const asker = goes ? this.#asker(key) : {};
    const put: Put = { kind: 'put', ...head, ...asker, ...(before && { before }), after };
    this.objects.set(key, put);
    this.add(put);
  }

  #asker(key: string): Pick<Put, 'by' | 'eviction'> {
    const asker = this.#askers.get(key);
    if (asker === undefined) return {};
    return { by: asker.by, ...(asker.eviction && { eviction: true as const }) };
  }
}

/** Events are left out: nothing is promised of them, and they are most of all writes. */
function placeOf(key: string): Place | undefined {
  if (!key.startsWith(PREFIX)) return undefined;
  const parts = key.slice(PREFIX.length).split('/');
  const two = parts.slice(0, 2).join('/');
  const renamed = RENAMED[two] ?? RENAMED[parts[0] ?? ''];
  const rest = parts.slice(RENAMED[two] === undefined ? 1 : 2);
  const resource = renamed ?? parts[0] ?? '';
  if (resource === 'events' || rest.length === 0) return undefined;
  if (rest.length === 1) return { resource, namespace: '', name: rest[0] ?? '' };
  return { resource, namespace: rest[0] ?? '', name: rest.slice(1).join('/') };
}

function keyOf({ resource, namespace, name }: Place): string {
  return [resource, namespace, name].filter((part) => part !== '').join('/');
}
