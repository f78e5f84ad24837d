/**
 * The verbs over HTTP: from a request to the registry and back, for every kind the same. Given.
 *
 * What a verb means is in `../registry/`; how bodies are read is in `bodies.ts`, how answers look
 * in `answers.ts`.
 */

import { newBadRequest, StatusError } from '#apimachinery';
import { admit, validate } from '../admission/admission-chain.ts';
import type { ApiObject } from '../api-object.ts';
import type { Answer, Context } from '../context.ts';
import { get } from '../registry/create-get.ts';
import { deleteCollection, deleteObject } from '../registry/delete.ts';
import { list } from '../registry/list.ts';
import { watch } from '../registry/watch.ts';
import { admissionRequest } from './admit.ts';
import { deletedAnswer, listAnswer, objectAnswer, watchAnswer } from './answers.ts';
import { readDeleteOptions, readObject, readObjects } from './bodies.ts';
import type { Endpoint } from './endpoint.ts';
import { deleteOptions, listOptions, watchOptions, writeOptions } from './options.ts';
import { patchAnswer } from './patch-verb.ts';
import { createObject, namespaceOf, updateObject } from './writes.ts';

/** How long a watch may last, when nobody says: from half an hour to an hour. */
const MIN_WATCH_SECONDS = 1800;

/** Carries out a request for a resource, whatever its verb. */
export function handleVerb(endpoint: Endpoint, context: Context): Promise<Answer> {
  const handler = HANDLERS[context.info.verb];
  if (!handler) throw newBadRequest(`no handler for the verb ${context.info.verb}`);
  checkShape(context.info);
  const { deprecationWarning } = endpoint.kind;
  if (deprecationWarning !== undefined) context.warnings.push(deprecationWarning);
  return handler(endpoint, context);
}

/** Nobody creates at an object, nor updates a collection. */
function checkShape({ verb, name }: Context['info']): void {
  if (verb === 'create' ? name === '' : name !== '' || !OF_ONE.has(verb)) return;
  throw new StatusError({
    code: 405,
    reason: 'MethodNotAllowed',
    message: 'the server does not allow this method on the requested resource',
    details: {},
  });
}

const OF_ONE: ReadonlySet<string> = new Set(['get', 'update', 'patch', 'delete']);

type VerbHandler = (endpoint: Endpoint, context: Context) => Promise<Answer>;

const HANDLERS: Readonly<Record<string, VerbHandler>> = {
  get: handleGet,
  list: handleList,
  watch: async (endpoint, context) => handleWatch(endpoint, context),
  create: handleCreate,
  update: handleUpdate,
  delete: handleDelete,
  deletecollection: handleDeleteCollection,
  patch: (endpoint, context) => patchAnswer(endpoint, context),
};

export async function handleGet(endpoint: Endpoint, context: Context): Promise<Answer> {
  const { registry, view } = endpoint;
  const { info, query } = context;
  const version = query.get('resourceVersion') ?? '';
  if (!/^\d*$/.test(version)) throw newBadRequest(`invalid resource version "${version}"`);
  const stored = await get(registry, info.name, {
    namespace: namespaceOf(endpoint, context),
    ...(version !== '' && { notOlderThan: Number(version) }),
  });
  return objectAnswer(endpoint, context, view.show(stored), 200);
}

/** Of a watch that nobody reads. */
const OVER = AbortSignal.abort();

async function handleList(endpoint: Endpoint, context: Context): Promise<Answer> {
  const options = listOptions(context.info, context.query, endpoint.kind);
  const found = await list(endpoint.registry, options);
  const items = found.items.map((stored) => endpoint.view.show(stored));
  return listAnswer(endpoint, context, { ...found, items });
}

function handleWatch(endpoint: Endpoint, context: Context): Answer {
  const { kind, registry, view, world } = endpoint;
  const { info, query, incoming } = context;
  const options = watchOptions(info, query, kind);
  // A refusal must be an answer of its own and not the stream's first event.
  watch(registry, options, OVER);
  const spread = 1 + registry.random.next();
  const timeoutSeconds = options.timeoutSeconds || MIN_WATCH_SECONDS * spread;
  return watchAnswer(endpoint, context, {
    open: (signal) => {
      const events = watch(registry, options, signal);
      // Most versions are shown as they are stored; a step more for each event and client is dear.
      return kind.fromStorage ? showEvents(events, view) : events;
    },
    clock: world.clock,
    timeoutSeconds,
    signal: incoming.signal,
  });
}

async function* showEvents(
  events: ReturnType<typeof watch>,
  view: Endpoint['view'],
): ReturnType<typeof watch> {
  for await (const event of events) {
    yield 'stored' in event ? { ...event, stored: view.show(event.stored) } : event;
  }
}

async function handleCreate(endpoint: Endpoint, context: Context): Promise<Answer> {
  const { kind, view } = endpoint;
  const options = writeOptions(context.query, 'CreateOptions');
  const object = await readObject(endpoint, context, options);
  if (kind.namespaced) object.metadata.namespace ||= context.info.namespace;
  const stored = await createObject(endpoint, context, object, options);
  return objectAnswer(endpoint, context, view.show(stored), 201);
}

async function handleUpdate(endpoint: Endpoint, context: Context): Promise<Answer> {
  const options = writeOptions(context.query, 'UpdateOptions');
  const newObject = await readObjects(endpoint, context, options);
  const first = newObject();
  checkPlace(first, context.info);
  let unused: ApiObject | undefined = first;
  // Nearly every update succeeds at once: only the rounds after the first need another object.
  const take = (): ApiObject => {
    const object = unused ?? newObject();
    unused = undefined;
    return object;
  };
  const updated = await updateObject(endpoint, context, take, options, {
    createWith: endpoint.kind.allowCreateOnUpdate ? take : undefined,
  });
  const stored = endpoint.view.show(updated.stored);
  return objectAnswer(endpoint, context, stored, updated.created ? 201 : 200);
}

/** What is sent must be what the path is about, whether that is there or not. */
function checkPlace({ metadata }: ApiObject, { name, namespace }: Context['info']): void {
  if (!metadata.name) return;
  if (metadata.name !== name) {
    throw newBadRequest(
      `the name of the object (${metadata.name}) does not match the name on the URL (${name})`,
    );
  }
  if (namespace !== '' && metadata.namespace && metadata.namespace !== namespace) {
    throw newBadRequest(
      `the namespace of the object (${metadata.namespace}) does not match the namespace on the request (${namespace})`,
    );
  }
}

async function handleDelete(endpoint: Endpoint, context: Context): Promise<Answer> {
  const { registry, view } = endpoint;
  const options = await readDeletion(endpoint, context);
  const namespace = namespaceOf(endpoint, context);
  const { stored, gone } = await deleteObject(registry, namespace, context.info.name, options);
  return deletedAnswer(endpoint, context, view.show(stored), gone);
}

async function handleDeleteCollection(endpoint: Endpoint, context: Context): Promise<Answer> {
  const { registry, view, kind } = endpoint;
  const options = await readDeletion(endpoint, context);
  const { limit: _, ...selection } = listOptions(context.info, context.query, kind);
  const deleted = await deleteCollection(registry, selection, options);
  const items = deleted.map((stored) => view.show(stored));
  return listAnswer(endpoint, context, { items, resourceVersion: '' });
}

/** A deletion's options, with admission asked about each object. */
export async function readDeletion(endpoint: Endpoint, context: Context) {
  const { kind, view, world } = endpoint;
  const body = await readDeleteOptions(endpoint, context);
  const options = deleteOptions(context.query, body);
  const dryRun = options.dryRun === true;
  return {
    ...options,
    admit: async (old: ApiObject) => {
      const oldObject = view.fromStorage(old);
      const name = old.metadata.name ?? '';
      const objects = { oldObject, name };
      const request = admissionRequest(context, kind, 'DELETE', objects, { dryRun });
      await admit(world.admission, request);
      await validate(world.admission, request);
    },
  };
}
