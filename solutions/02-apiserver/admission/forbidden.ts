/** The error of a plugin that refuses a request. Given. */

import { newForbidden, type StatusError } from '#apimachinery';
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
