/**
 * What goes out: one object, many, a stream of them, in the form the client accepts. Given.
 *
 * An object's own JSON is sent as it is kept; only another form (a table, YAML) is made anew.
 */

import { type Clock, newNotAcceptable, type StatusDetails, type StatusError } from '#apimachinery';
import type { ApiObject, Json } from '../api-object.ts';
import { type Accepted, negotiate } from '../codec/media-types.ts';
import type { Answer, Context } from '../context.ts';
import type { ObjectList } from '../registry/list.ts';
import type { WatchEvent } from '../registry/watch.ts';
import type { Stored } from '../storage/stored.ts';
import { partialMetadata, partialMetadataList } from '../tables/partial-metadata.ts';
import { newTable, tableFor } from '../tables/table.ts';
import type { Endpoint } from './endpoint.ts';
import { listBytes, listText } from './list-body.ts';
import { type EventForm, plainForm, watchStream } from './watch-stream.ts';

const JSON_HEADERS = { 'Content-Type': 'application/json' };

/** One object. */
export function objectAnswer(
  endpoint: Endpoint,
  context: Context,
  stored: Stored,
  status: number,
): Answer {
  const accepted = negotiate(context.incoming.headers.get('accept'));
  if (accepted.as === undefined)
    return textAnswer(endpoint, context, accepted, stored.text, status);
  const { object } = stored;
  const { resourceVersion } = object.metadata;
  const made =
    accepted.as === 'Table'
      ? tableOf(endpoint, context, [object], { resourceVersion: resourceVersion ?? '' })
      : partialOf(accepted, object);
  return textAnswer(endpoint, context, accepted, JSON.stringify(made), status);
}

function partialOf(accepted: Accepted, object: ApiObject): unknown {
  if (accepted.as === 'PartialObjectMetadata') return partialMetadata(object);
  throw cannot(accepted);
}

function cannot({ as = '' }: Accepted): StatusError {
  return newNotAcceptable(
    `only the following media types are accepted: application/json, application/yaml (not as ${as})`,
  );
}

/** Many objects. */
export function listAnswer(endpoint: Endpoint, context: Context, found: ObjectList): Answer {
  const accepted = negotiate(context.incoming.headers.get('accept'));
  const { resourceVersion, remainingItemCount } = found;
  const metadata = {
    resourceVersion,
    ...(found.continue !== undefined && { continue: found.continue }),
    ...(remainingItemCount !== undefined && { remainingItemCount }),
  };
  if (accepted.as === undefined) {
    const isPlain = accepted.format === 'json' && !isPretty(context.query.get('pretty'));
    if (!isPlain) {
      const text = listText(endpoint.kind, metadata, found.items);
      return textAnswer(endpoint, context, accepted, text, 200);
    }
    const body = listBytes(endpoint.kind, metadata, found.items);
    return { status: 200, headers: withWarnings(context, JSON_HEADERS), body };
  }
  const objects = found.items.map(({ object }) => object);
  const made =
    accepted.as === 'Table'
      ? tableOf(endpoint, context, objects, metadata)
      : partialListOf(accepted, objects, metadata);
  return textAnswer(endpoint, context, accepted, JSON.stringify(made), 200);
}

function partialListOf(accepted: Accepted, objects: readonly ApiObject[], metadata: object) {
  if (accepted.as === 'PartialObjectMetadataList') return partialMetadataList(objects, metadata);
  throw cannot(accepted);
}

/** What a deletion answers: the object while it is there, and when it is gone, that it is. */
export function deletedAnswer(
  endpoint: Endpoint,
  context: Context,
  stored: Stored,
  gone: boolean,
): Answer {
  const { kind } = endpoint;
  if (!gone || RETURN_DELETED.has(kind.kind)) return objectAnswer(endpoint, context, stored, 200);
  const { name = '', uid = '' } = stored.object.metadata;
  return statusSuccess(200, { name, group: kind.group, kind: kind.resource, uid });
}

/** Kinds of which a deletion answers with what was deleted. */
const RETURN_DELETED = new Set([
  'Pod',
  'Service',
  'ServiceAccount',
  'PersistentVolumeClaim',
  'PersistentVolume',
  'PodTemplate',
  'ResourceQuota',
]);

/** A Status that says that it went well. */
export function statusSuccess(status: number, details?: StatusDetails): Answer {
  return plainAnswer(
    {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      ...(details && { details: withoutEmpty(details) }),
      ...(details ? {} : { code: status }),
    },
    status,
  );
}

function withoutEmpty(details: StatusDetails): StatusDetails {
  return Object.fromEntries(Object.entries(details).filter(([, value]) => value !== ''));
}

/** An object that is not stored: a review, a Scale. */
export function plainAnswer(object: object, status: number): Answer {
  return { status, headers: JSON_HEADERS, body: `${JSON.stringify(object)}\n` };
}

function textAnswer(
  { world }: Endpoint,
  context: Context,
  { format }: Accepted,
  text: string,
  status: number,
): Answer {
  const headers = withWarnings(context, JSON_HEADERS);
  if (format === 'yaml') {
    const body = world.parsers.stringifyYaml(JSON.parse(text));
    return { status, headers: { ...headers, 'Content-Type': 'application/yaml' }, body };
  }
  const { query } = context;
  if (query.size > 0 && isPretty(query.get('pretty'))) {
    return { status, headers, body: `${JSON.stringify(JSON.parse(text), null, 2)}\n` };
  }
  return { status, headers, body: `${text}\n` };
}

function isPretty(value: string | null): boolean {
  return value !== null && value !== 'false' && value !== '0';
}

/** Warnings go out as headers: `299 - "unknown field \"spec.x\""`. */
export function withWarnings(
  { warnings }: Context,
  headers: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  if (warnings.length === 0) return headers;
  const all = warnings.map((text) => `299 - ${quoted(text)}`);
  return { ...headers, Warning: all.join(', ') };
}

/** A header's value may hold no line break, and none of its own quotes. */
function quoted(text: string): string {
  const line = text.replace(/[^\x20-\x7e]/g, ' ').replace(/[\\"]/g, '\\$&');
  return `"${line}"`;
}

function tableOf(
  { kind, world }: Endpoint,
  { query }: Context,
  objects: readonly ApiObject[],
  metadata: {
    readonly resourceVersion: string;
    readonly continue?: string;
    readonly remainingItemCount?: number;
  },
  noHeaders = false,
): object {
  const include = query.get('includeObject') ?? 'Metadata';
  return newTable(tableFor(kind), objects, {
    includeObject: include === 'None' || include === 'Object' ? include : 'Metadata',
    noHeaders,
    nowMs: world.clock.now(),
    ...metadata,
  });
}

/** A stream of events. */
export function watchAnswer(
  endpoint: Endpoint,
  context: Context,
  options: {
    open(signal: AbortSignal): AsyncGenerator<WatchEvent>;
    readonly clock: Clock;
    readonly timeoutSeconds: number;
    readonly signal: AbortSignal;
  },
): Answer {
  const accepted = negotiate(context.incoming.headers.get('accept'));
  if (accepted.format !== 'json') throw cannot({ ...accepted, as: 'a stream of YAML' });
  const body = watchStream(options.open, eventForm(endpoint, context, accepted), options);
  return { status: 200, headers: JSON_HEADERS, body };
}

function eventForm(endpoint: Endpoint, context: Context, accepted: Accepted): EventForm {
  const { kind } = endpoint;
  const apiVersion = kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
  const plain = plainForm(kind.kind, apiVersion);
  if (accepted.as === undefined) return plain;
  if (accepted.as === 'PartialObjectMetadata' || accepted.as === 'PartialObjectMetadataList') {
    const bookmark: EventForm['bookmark'] = (resourceVersion, annotations) => ({
      ...(plain.bookmark(resourceVersion, annotations) as { [key: string]: Json }),
      kind: 'PartialObjectMetadata',
      apiVersion: 'meta.k8s.io/v1',
    });
    const object = (stored: Stored) => JSON.stringify(partialMetadata(stored.object));
    return { isPlain: false, object, bookmark };
  }
  if (accepted.as !== 'Table') throw cannot(accepted);
  let isFirst = true;
  const table = (objects: readonly ApiObject[], resourceVersion: string) => {
    const made = tableOf(endpoint, context, objects, { resourceVersion }, !isFirst);
    isFirst = false;
    return made;
  };
  return {
    isPlain: false,
    object: (stored) => JSON.stringify(table([stored.object], String(stored.revision))),
    bookmark: (resourceVersion, annotations) => {
      const row = plain.bookmark(resourceVersion, annotations) as unknown as ApiObject;
      return table([row], resourceVersion) as Json;
    },
  };
}
