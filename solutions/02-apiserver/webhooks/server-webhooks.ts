/**
 * What webhooks need of the server: how objects are read, which versions a resource has, where a
 * Service is. Given.
 *
 * The plugins themselves are in `webhook-admission.ts`.
 */

import type { GroupVersionKind, Random } from '#apimachinery';
import type { AdmissionRequest } from '../admission/admission.ts';
import type { ApiObject, Json } from '../api-object.ts';
import { decodeObject } from '../codec/decode.ts';
import { builtInKinds } from '../kinds/built-in-kinds.ts';
import type { Kind } from '../kinds/kind.ts';
import { addressesBehind, portNameOf, type ServiceParts } from '../proxy/addresses.ts';
import type { RequestForm } from './request-form.ts';
import type { ServiceResolver } from './webhook-address.ts';

/** Finds the kind of one version; `undefined` where there is none. */
export type KindOf = (gvk: GroupVersionKind) => Kind | undefined;

/**
 * Reads an object that a webhook changed, as if it had been sent: types are checked, unknown fields
 * go, defaults come in. Of a kind that is not known it is taken as it is.
 *
 * @throws StatusError 400 when a field has a wrong type
 */
export function decodeAdmitted(json: Json, gvk: GroupVersionKind, kindOf: KindOf): ApiObject {
  const kind = kindOf(gvk);
  if (kind === undefined) return json as unknown as ApiObject;
  const { object } = decodeObject(json, kind.schema, gvk);
  kind.pruneUnknown?.(object);
  kind.setDefaults(object);
  return object;
}

/** The built-in kinds that are stored as the same as the request's, in their other versions. */
export function equivalentForms({ kind, resource }: AdmissionRequest): readonly RequestForm[] {
  const kinds = builtInKinds();
  const own = kinds.find((each) => isSame(each, kind));
  if (own === undefined || own.resource !== resource.resource) return [];
  return kinds
    .filter((each) => each !== own && isSame(storedOf(each), storedOf(own)))
    .map((each) => formOf(each, own));
}

function storedOf(kind: Kind): GroupVersionKind {
  return kind.storageVersion ?? kind;
}

function isSame(a: GroupVersionKind, b: GroupVersionKind): boolean {
  return a.group === b.group && a.version === b.version && a.kind === b.kind;
}

function formOf(other: Kind, own: Kind): RequestForm {
  const { group, version, kind, resource } = other;
  return {
    kind: { group, version, kind },
    resource: { group, version, resource },
    show: (object) => convert(object, own, other),
    read: (object) => convert(object, other, own),
  };
}

function convert(object: ApiObject, from: Kind, to: Kind): ApiObject {
  const stored = from.toStorage?.(object) ?? object;
  return to.fromStorage?.(stored) ?? stored;
}

/**
 * Finds an address behind a Service, as the API server does with `--enable-aggregator-routing`: one
 * of its endpoints, for the server may not be where cluster addresses lead anywhere.
 *
 * @param objects - the Service and the Endpoints of a name; each `undefined` when it is not there
 */
export function endpointResolver(
  objects: (kind: string, namespace: string, name: string) => Promise<ApiObject | undefined>,
  random: Random,
): ServiceResolver {
  return async ({ namespace, name, port }) => {
    const service = await objects('Service', namespace, name);
    if (service === undefined) throw new Error(`service ${JSON.stringify(name)} not found`);
    const { type, externalName } = (service.spec ?? {}) as { type?: string; externalName?: string };
    if (type === 'ExternalName') return `${externalName ?? ''}:${port}`;
    const endpoints = (await objects('Endpoints', namespace, name)) ?? {};
    const portName = portNameOf(service as ServiceParts, name, String(port));
    const [found] = addressesBehind(endpoints, name, portName, random);
    if (!found) throw new Error(`no endpoints available for service ${JSON.stringify(name)}`);
    const host = found.host.includes(':') ? `[${found.host}]` : found.host;
    return `${host}:${found.port}`;
  };
}
