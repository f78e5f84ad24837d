/**
 * Puts a write before the admission plugins. Given; the chain itself is
 * `../admission/admission-chain.ts`.
 */

import { apiVersionOf, type GroupVersionKind } from '#apimachinery';
import type { AdmissionOperation, AdmissionRequest } from '../admission/admission.ts';
import { admit, validate } from '../admission/admission-chain.ts';
import type { ApiObject } from '../api-object.ts';
import type { Context } from '../context.ts';
import type { Kind } from '../kinds/kind.ts';
import type { Endpoint } from './endpoint.ts';

/** What a request is about, for the plugins. */
export function admissionRequest(
  context: Context,
  kind: Pick<Kind, 'group' | 'version' | 'kind' | 'namespaced'>,
  operation: AdmissionOperation,
  objects: {
    readonly object?: ApiObject | undefined;
    readonly oldObject?: ApiObject | undefined;
    readonly name?: string;
  },
  options: { readonly dryRun: boolean },
): AdmissionRequest {
  const { info, user, warnings } = context;
  const name = objects.name ?? objects.object?.metadata.name ?? info.name;
  return {
    operation,
    kind: { group: kind.group, version: kind.version, kind: kind.kind },
    resource: { group: info.apiGroup, version: info.apiVersion, resource: info.resource },
    subresource: info.subresource,
    namespace: kind.namespaced ? info.namespace : '',
    name,
    object: objects.object,
    oldObject: objects.oldObject,
    user,
    dryRun: options.dryRun,
    options: {
      kind: OPTIONS_KINDS[operation],
      apiVersion: apiVersionOf({ group: 'meta.k8s.io', version: 'v1' }),
      ...(options.dryRun && { dryRun: ['All'] }),
    },
    warn: (text) => {
      if (!warnings.includes(text)) warnings.push(text);
    },
  };
}

/**
 * Asks the plugins about what is posted to a subresource and not stored as it is: an Eviction, a
 * TokenRequest.
 *
 * @returns what they made of it
 */
export async function admitPosted(
  { kind, world }: Endpoint,
  context: Context,
  gvk: GroupVersionKind,
  posted: ApiObject,
  options: { readonly dryRun: boolean },
): Promise<ApiObject> {
  const objects = { object: posted, name: context.info.name };
  const own = { ...gvk, namespaced: kind.namespaced };
  const request = admissionRequest(context, own, 'CREATE', objects, options);
  await admit(world.admission, request);
  await validate(world.admission, request);
  return request.object ?? posted;
}

const OPTIONS_KINDS: Readonly<Record<AdmissionOperation, string>> = {
  CREATE: 'CreateOptions',
  UPDATE: 'UpdateOptions',
  DELETE: 'DeleteOptions',
  CONNECT: 'PodExecOptions',
};
