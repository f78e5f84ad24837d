/**
 * PATCH over HTTP: four forms of saying what should be different. Given; the forms themselves are in
 * `../patch/` and `../apply/`.
 */

import {
  apiVersionOf,
  deepCopy,
  fieldRequired,
  newBadRequest,
  newInvalid,
  timestamp,
} from '#apimachinery';
import type { ApiObject, Json } from '../api-object.ts';
import { applyPatch } from '../apply/apply.ts';
import { withoutResetFields } from '../apply/reset-fields.ts';
import { patchTypeOf } from '../codec/media-types.ts';
import type { Answer, Context } from '../context.ts';
import { applyJsonPatch } from '../patch/json-patch.ts';
import { applyMergePatch } from '../patch/merge-patch.ts';
import { applyStrategicPatch } from '../patch/strategic-patch.ts';
import type { ObjectSchema } from '../schema/schema.ts';
import { objectAnswer } from './answers.ts';
import { decode, parseText, textOf } from './bodies.ts';
import type { Endpoint } from './endpoint.ts';
import { type WriteOptions, writeOptions } from './options.ts';
import { updateObject } from './writes.ts';

/** Makes the patched object of the old one. */
type Patched = (old: ApiObject) => ApiObject;

/** Carries out a PATCH of an object, or of its status. */
export async function patchAnswer(
  endpoint: Endpoint,
  context: Context,
  subresource: '' | 'status' = '',
): Promise<Answer> {
  const options = writeOptions(context.query, 'PatchOptions');
  const type = patchTypeOf(context.incoming.headers.get('content-type'));
  if (type === 'apply-patch') return applyAnswer(endpoint, context, options, subresource);
  if (options.force) refuseForce();
  const patched = await patchedBy(endpoint, context, endpoint.kind.schema);
  const { kind, world } = endpoint;
  const change = (old: ApiObject): ApiObject => {
    const value = keepVersion(patched(deepCopy(old)), old);
    return decode(world, context, kind, kind.schema, { value }, options.fieldValidation);
  };
  const updated = await updateObject(endpoint, context, change, options, {
    ...(subresource !== '' && { subresource }),
    isPatch: true,
  });
  return objectAnswer(endpoint, context, endpoint.view.show(updated.stored), 200);
}

function refuseForce(): never {
  throw newInvalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [
    {
      type: 'FieldValueForbidden',
      field: 'force',
      detail: 'may not be specified for non-apply patch',
    },
  ]);
}

/** A patch may say neither what the object is nor, without meaning it, which version it is of. */
function keepVersion(object: ApiObject, old: ApiObject): ApiObject {
  const { apiVersion = old.apiVersion, kind = old.kind } = object;
  return { ...object, apiVersion, kind };
}

/**
 * Reads a JSON, merge or strategic merge patch.
 *
 * @param schema - for a strategic merge patch; absent: that form is not understood
 */
export async function patchedBy(
  { world, kind }: Endpoint,
  context: Context,
  schema?: ObjectSchema,
): Promise<Patched> {
  const type = patchTypeOf(context.incoming.headers.get('content-type'));
  const text = textOf(new Uint8Array(await context.incoming.arrayBuffer()));
  const patch = parseText(world, text, 'json').value as Json;
  if (type === 'json-patch') return (old) => applied(applyJsonPatch(old as Json, patch));
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) {
    throw newBadRequest('a patch of this type is an object');
  }
  const isStrategic = type === 'strategic-merge-patch' && kind.isCustom !== true;
  if (isStrategic && schema) {
    return (old) => applied(applyStrategicPatch(old as Json, patch, schema));
  }
  if (type === 'merge-patch' || (isStrategic && !schema)) {
    return (old) => applied(applyMergePatch(old as Json, patch));
  }
  return refuseType(context);
}

function refuseType({ incoming }: Context): never {
  // Throws, for it is none of the types that are left.
  patchTypeOf('application/x-unsupported');
  throw newBadRequest(`unsupported patch type ${incoming.headers.get('content-type')}`);
}

function applied(value: Json): ApiObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw newBadRequest('the patched document is no object');
  }
  const { metadata = {}, ...rest } = value as unknown as ApiObject;
  return { ...rest, metadata } as ApiObject;
}

/** Server-side apply: changes the object, or makes it. */
async function applyAnswer(
  endpoint: Endpoint,
  context: Context,
  options: WriteOptions,
  subresource: '' | 'status',
): Promise<Answer> {
  const { kind, world, view } = endpoint;
  if (options.fieldManager === '') {
    throw newInvalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [
      fieldRequired('fieldManager', 'is required for apply patch'),
    ]);
  }
  const text = textOf(new Uint8Array(await context.incoming.arrayBuffer()));
  const sent = parseText(world, text, 'yaml');
  const mode = context.query.get('fieldValidation') ? options.fieldValidation : 'Strict';
  const config = decode(world, context, kind, kind.schema, sent, mode);
  checkName(config, context);
  const hasStatus = kind.subresources.status === true;
  const wanted = withoutResetFields(config, subresource, hasStatus);
  const apply = (live: ApiObject | undefined): ApiObject =>
    applyPatch(live && deepCopy(live), deepCopy(wanted), {
      manager: options.fieldManager,
      force: options.force,
      schema: kind.schema,
      apiVersion: apiVersionOf(kind),
      subresource,
      now: timestamp(world.clock.now()),
    });
  const updated = await updateObject(endpoint, context, apply, options, {
    ...(subresource !== '' && { subresource }),
    isTracked: true,
    isPatch: true,
    ...(subresource === '' && { createWith: () => apply(undefined) }),
  });
  const stored = view.show(updated.stored);
  return objectAnswer(endpoint, context, stored, updated.created ? 201 : 200);
}

function checkName({ metadata }: ApiObject, { info }: Context): void {
  metadata.name ||= info.name;
  if (metadata.name === info.name) return;
  throw newBadRequest(
    `the name of the object (${metadata.name}) does not match the name on the URL (${info.name})`,
  );
}
