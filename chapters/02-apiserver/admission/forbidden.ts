/** The errors of plugins that refuse a request. Given. */

import { newForbidden, StatusError } from '#apimachinery';
import type { AdmissionRequest } from './admission.ts';

/**
 * 403 for a request: `pods "web" is forbidden: why`.
 *
 * @remarks The name is the request's; while it is not known the object's own, else its
 * `generateName`, else `Unknown`.
 *
 * @see k8s.io/apiserver/pkg/admission/errors.go (1.33), NewForbidden
 */
export function newAdmissionForbidden(request: AdmissionRequest, why: string): StatusError {
  const { resource, name, object } = request;
  const known = name || object?.metadata.name || object?.metadata.generateName;
  return newForbidden(
    { group: resource.group, resource: resource.resource },
    known || 'Unknown',
    why,
  );
}

/**
 * 403 for something new in a namespace that is going away, with a cause that clients look for.
 *
 * @see k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle/admission.go (1.33), Admit
 */
export function newNamespaceTerminating(request: AdmissionRequest): StatusError {
  const { namespace } = request;
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
  const { code, reason, message, details } = newAdmissionForbidden(request, why);
  const cause = {
    reason: 'NamespaceTerminating',
    message: `namespace ${namespace} is being terminated`,
    field: 'metadata.namespace',
  };
  return new StatusError({ code, reason, message, details: { ...details, causes: [cause] } });
}

/** 403 for a pod whose service account is not there. */
export function newAccountNotFound(request: AdmissionRequest, name: string): StatusError {
  const title = `error looking up service account ${request.namespace}/${name}`;
  return newAdmissionForbidden(request, `${title}: serviceaccount "${name}" not found`);
}

/** Several errors in one text: the text alone, or `[one, two]` without repeats. */
export function aggregateText(texts: readonly string[]): string {
  const all = [...new Set(texts)];
  return all.length > 1 ? `[${all.join(', ')}]` : all.join('');
}

/** Is it a write of objects of this resource as a whole, and not of a subresource? */
export function isAbout(request: AdmissionRequest, group: string, resource: string): boolean {
  const asked = request.resource;
  return asked.group === group && asked.resource === resource && request.subresource === '';
}
