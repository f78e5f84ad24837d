/**
 * Writing an object: admission around the registry's verbs, and who owns which field. Given.
 *
 * POST, PUT, PATCH and every subresource that writes come through here.
 */

import { timestamp } from '#apimachinery';
import { admit, validate } from '../admission/admission-chain.ts';
import type { ApiObject } from '../api-object.ts';
import { managerFromUserAgent } from '../apply/manager-name.ts';
import { trackUpdate } from '../apply/track-update.ts';
import type { Context } from '../context.ts';
import { create } from '../registry/create-get.ts';
import { patchObject } from '../registry/patch.ts';
import { type Updated, update } from '../registry/update.ts';
import type { Stored } from '../storage/stored.ts';
import { admissionRequest } from './admit.ts';
import type { Endpoint } from './endpoint.ts';
import type { WriteOptions } from './options.ts';

/** Makes an object: defaults, admission, whose fields they are, and then the registry. */
export async function createObject(
  endpoint: Endpoint,
  context: Context,
  object: ApiObject,
  options: WriteOptions,
): Promise<Stored> {
  const { kind, registry, view } = endpoint;
  const ready = await prepareNew(endpoint, context, object, options);
  const request = admissionRequest(context, kind, 'CREATE', { object: ready }, options);
  return create(registry, view.toStorage(ready), {
    namespace: namespaceOf(endpoint, context),
    dryRun: options.dryRun,
    admit: async (made) => {
      await validate(endpoint.world.admission, {
        ...request,
        name: made.metadata.name ?? '',
        object: view.fromStorage(made),
      });
      if (options.dryRun) await registry.storage.tryOut?.(made, undefined);
      warn(endpoint, context, made);
    },
  });
}

/** Defaults and admission of an object that is to be made. */
async function prepareNew(
  endpoint: Endpoint,
  context: Context,
  object: ApiObject,
  options: WriteOptions,
  isTracked = false,
): Promise<ApiObject> {
  const { kind, world } = endpoint;
  kind.setDefaults(object);
  const request = admissionRequest(context, kind, 'CREATE', { object }, options);
  await admit(world.admission, request);
  const admitted = request.object ?? object;
  if (!isTracked) track(endpoint, context, undefined, admitted, options);
  return admitted;
}

/** How `updateObject` may go beyond an update. */
export interface UpdateMore {
  readonly subresource?: 'status';
  /** Makes the object where there is none. */
  readonly createWith?: (() => ApiObject) | undefined;
  /** Has the change itself said whose the fields are (server-side apply)? */
  readonly isTracked?: boolean;
  /** Is it about whatever version is there, unless it says otherwise? */
  readonly isPatch?: boolean;
}

/**
 * Changes an object: the change, defaults, admission, whose fields they are, and then the registry.
 *
 * @param change - from and to the request's version. The old object is not to be changed; what it
 * returns may be changed further, and shares nothing with the old one
 */
export async function updateObject(
  endpoint: Endpoint,
  context: Context,
  change: (old: ApiObject) => Promise<ApiObject> | ApiObject,
  options: WriteOptions,
  more: UpdateMore = {},
): Promise<Updated> {
  const { kind, registry, view, world } = endpoint;
  const { createWith, subresource = '', isTracked, isPatch } = more;
  const prepare = async (stored: ApiObject): Promise<ApiObject> => {
    const old = view.fromStorage(stored);
    const object = await change(old);
    if (kind.namespaced) object.metadata.namespace ||= context.info.namespace;
    kind.setDefaults(object);
    const objects = { object, oldObject: old };
    const request = admissionRequest(context, kind, 'UPDATE', objects, options);
    await admit(world.admission, request);
    const admitted = request.object ?? object;
    if (!isTracked) track(endpoint, context, old, admitted, options);
    return view.toStorage(admitted);
  };
  const write = isPatch ? patchObject : update;
  return write(registry, context.info.name, prepare, {
    namespace: namespaceOf(endpoint, context),
    subresource,
    dryRun: options.dryRun,
    admit: async (made, old) => {
      const operation = made === old ? 'CREATE' : 'UPDATE';
      const object = view.fromStorage(made);
      const oldObject = made === old ? undefined : view.fromStorage(old);
      const objects = { object, oldObject };
      await validate(world.admission, admissionRequest(context, kind, operation, objects, options));
      if (options.dryRun) await registry.storage.tryOut?.(made, made === old ? undefined : old);
      // What is stored would have to be parsed again.
      warn(endpoint, context, made);
    },
    ...(createWith && {
      createWith: async () => {
        const made = await prepareNew(endpoint, context, createWith(), options, isTracked);
        return view.toStorage(made);
      },
    }),
  });
}

/** Notes whose the fields are that a write other than an apply changed. */
function track(
  { kind, world }: Endpoint,
  context: Context,
  old: ApiObject | undefined,
  object: ApiObject,
  options: WriteOptions,
): void {
  const { headers } = context.incoming;
  const { subresource } = context.info;
  // Only managedFields of its metadata is written, and that metadata is the object's own.
  const written = kind.subresources.status ? writtenPart(subresource, old, object) : object;
  trackUpdate(old, written, {
    manager: options.fieldManager || managerFromUserAgent(headers.get('user-agent') ?? undefined),
    apiVersion: object.apiVersion,
    schema: kind.schema,
    subresource,
    now: timestamp(world.clock.now()),
  });
}

/** The object as it will be, as far as this request may change it: nobody owns what was put back. */
function writtenPart(
  subresource: string,
  old: ApiObject | undefined,
  object: ApiObject,
): ApiObject {
  const { status, ...rest } = object;
  if (subresource === 'status') {
    const { metadata } = object;
    return { ...(old ?? object), metadata, ...(status !== undefined && { status }) };
  }
  const before = old?.status;
  return { ...(rest as ApiObject), ...(before !== undefined && { status: before }) };
}

function warn({ registry }: Endpoint, { warnings }: Context, object: ApiObject): void {
  for (const text of registry.kind.warnings?.(object) ?? []) {
    if (!warnings.includes(text)) warnings.push(text);
  }
}

/** The namespace a request is about, as the registry wants it. */
export function namespaceOf({ kind }: Endpoint, { info }: Context): string {
  return kind.namespaced ? info.namespace : '';
}
