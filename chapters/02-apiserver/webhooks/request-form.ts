/** A request in one version of its resource: the version it came in, or another one. Given. */

import type { GroupVersionKind } from '#apimachinery';
import type { AdmissionRequest } from '../admission/admission.ts';
import type { ApiObject } from '../api-object.ts';

/** How a request looks to a webhook. */
export interface RequestForm {
  readonly resource: AdmissionRequest['resource'];
  readonly kind: GroupVersionKind;
  /** An object of the request in this version. */
  show(object: ApiObject): ApiObject;
  /** An object of this version in the request's. */
  read(object: ApiObject): ApiObject;
}

/** The request as it came. */
export function ownForm({ resource, kind }: AdmissionRequest): RequestForm {
  return { resource, kind, show: (object) => object, read: (object) => object };
}
