/**
 * `metadata.managedFields`: who owns which fields, as it is stored and as it is worked with. Given.
 *
 * An entry is a manager (a name, and whether it applies or updates) and its set of fields. What the
 * sets become is decided in `apply.ts` and `track-update.ts`.
 */

import type { ObjectMeta } from '#apimachinery';
import type { ApiObject, Json } from '../api-object.ts';
import { equalJson, isJsonObject, type JsonObject } from '../patch/json-value.ts';
import { FieldSet } from './field-set.ts';
import { encodedFieldsMeet, fieldsToSet, setToFields } from './fields-v1.ts';

/** How somebody came to own fields: by server-side apply, or by any other write. */
export type ManagerOperation = 'Apply' | 'Update';

/** What makes a manager this one and no other. */
export interface ManagerIdentity {
  /** The name: `kubectl`, `kube-controller-manager`. */
  readonly manager: string;
  readonly operation: ManagerOperation;
  /** In what version it wrote: `apps/v1`. An applier may change its version and stays the same. */
  readonly apiVersion: string;
  /** `status` when it wrote there; else `''`. */
  readonly subresource: string;
}

/** Whoever owns fields. Never changed: the methods make another. */
export class FieldManager {
  readonly identity: ManagerIdentity;
  /** When it last changed something; a timestamp. */
  readonly time: string | undefined;
  #fields: FieldSet | undefined;
  #encoded: JsonObject | undefined;

  /** @param fields - a set, or how `managedFields` stores one, which is then read only when needed */
  constructor(identity: ManagerIdentity, time: string | undefined, fields: FieldSet | JsonObject) {
    this.identity = identity;
    this.time = time;
    if (fields instanceof FieldSet) this.#fields = fields;
    else this.#encoded = fields;
  }

  get fields(): FieldSet {
    this.#fields ??= fieldsToSet(this.#encoded) ?? new FieldSet();
    return this.#fields;
  }

  get isEmpty(): boolean {
    if (this.#fields !== undefined) return this.#fields.isEmpty;
    return Object.keys(this.#encoded ?? {}).length === 0;
  }

  /** The manager without some of its fields; itself when it has none of them. */
  without(lost: FieldSet): FieldManager {
    // Most writes touch few managers, and to read all their fields would be most of the write's work.
    const isTouched = this.#encoded === undefined || encodedFieldsMeet(this.#encoded, lost);
    if (!isTouched) return this;
    return new FieldManager(this.identity, this.time, this.fields.difference(lost));
  }

  /** How the fields are stored. */
  encodedFields(): JsonObject {
    this.#encoded ??= setToFields(this.fields);
    return this.#encoded;
  }
}

/** Managers by `managerKey`. */
export type FieldManagers = Map<string, FieldManager>;

/**
 * What makes two entries one manager: name, operation and subresource, and of an updater the
 * version.
 *
 * @remarks Texts compare as the managers' names do, so that error messages can be sorted by it.
 */
export function managerKey(identity: ManagerIdentity): string {
  const { manager, operation, apiVersion, subresource } = identity;
  return JSON.stringify([
    manager,
    operation,
    operation === 'Update' ? apiVersion : '',
    subresource,
  ]);
}

type Entry = NonNullable<ObjectMeta['managedFields']>[number];

/**
 * Reads entries that are stored.
 *
 * @returns none when there are none, or one of them is broken
 */
export function storedManagers(entries: unknown): FieldManagers {
  return decodeEntries(entries, (fields) => fields) ?? new Map();
}

/**
 * Reads entries that a client sent, which may be written in other ways than ours.
 *
 * @returns `undefined` when they are none, or one of them is broken
 */
function sentManagers(entries: unknown): FieldManagers | undefined {
  return decodeEntries(entries, fieldsToSet);
}

function decodeEntries(
  entries: unknown,
  read: (fields: JsonObject) => FieldSet | JsonObject | undefined,
): FieldManagers | undefined {
  if (!Array.isArray(entries)) return undefined;
  const managers: FieldManagers = new Map();
  for (const entry of entries) {
    const identity = isJsonObject(entry) ? identityOf(entry as Entry) : undefined;
    const encoded = (entry as Entry | null)?.fieldsV1 ?? {};
    const fields = isJsonObject(encoded) ? read(encoded) : undefined;
    if (identity === undefined || fields === undefined) return undefined;
    managers.set(managerKey(identity), new FieldManager(identity, (entry as Entry).time, fields));
  }
  return managers;
}

function identityOf(entry: Entry): ManagerIdentity | undefined {
  const { manager = '', operation, apiVersion, subresource = '', fieldsType } = entry;
  if (operation !== 'Apply' && operation !== 'Update') return undefined;
  if (typeof apiVersion !== 'string' || apiVersion === '') return undefined;
  if (fieldsType !== 'FieldsV1' || typeof manager !== 'string') return undefined;
  return { manager, operation, apiVersion, subresource };
}

/** Writes entries, in the order they are stored in; who owns nothing is left out. */
export function encodeManagedFields(managers: FieldManagers): Entry[] {
  return [...managers.values()]
    .filter((manager) => !manager.isEmpty)
    .sort(compareManagers)
    .map(encodeEntry);
}

function encodeEntry(from: FieldManager): Entry {
  const { manager, operation, apiVersion, subresource } = from.identity;
  const entry: Entry = {};
  if (manager !== '') entry.manager = manager;
  entry.operation = operation;
  entry.apiVersion = apiVersion;
  if (from.time !== undefined) entry.time = from.time;
  entry.fieldsType = 'FieldsV1';
  entry.fieldsV1 = from.encodedFields();
  if (subresource !== '') entry.subresource = subresource;
  return entry;
}

/** Appliers first, then by time, name, version and subresource. */
function compareManagers(a: FieldManager, b: FieldManager): number {
  const [left, right] = [a.identity, b.identity];
  return (
    compareText(left.operation, right.operation) ||
    compareText(a.time ?? '', b.time ?? '') ||
    compareText(left.manager, right.manager) ||
    compareText(left.apiVersion, right.apiVersion) ||
    compareText(left.subresource, right.subresource)
  );
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Puts the managers into the object; takes `managedFields` away when nobody owns anything. */
export function setManagedFields({ metadata }: ApiObject, managers: FieldManagers): void {
  const entries = encodeManagedFields(managers);
  if (entries.length > 0) metadata.managedFields = entries;
  else if ('managedFields' in metadata) delete metadata.managedFields;
}

/**
 * The managers before a write other than server-side apply.
 *
 * @remarks A client may write `managedFields`, and `[]` or `[{}]` empties them. Entries that cannot
 * be read, or none, leave those of the live object. A subresource's writer cannot change them.
 */
export function managersBefore(
  live: ApiObject | undefined,
  updated: ApiObject,
  subresource: string,
): FieldManagers {
  const stored = live?.metadata.managedFields;
  const sent = updated.metadata.managedFields;
  if (subresource === '' && sent !== undefined && !equalJson(sent as Json, stored as Json)) {
    if (isReset(sent)) return new Map();
    const managers = sentManagers(sent);
    if (managers !== undefined && managers.size > 0) return managers;
  }
  return storedManagers(stored);
}

function isReset(entries: readonly Entry[]): boolean {
  if (entries.length === 0) return true;
  const [first] = entries;
  return entries.length === 1 && first !== undefined && Object.keys(first).length === 0;
}
