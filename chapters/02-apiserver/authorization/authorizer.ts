/** May this user do that? Given: the question and the forms of an answer. */

import type { User } from '../user.ts';

/** What somebody wants to do. */
export type Attributes = ResourceAttributes | NonResourceAttributes;

export interface ResourceAttributes {
  readonly user: User;
  readonly verb: string;
  readonly isResourceRequest: true;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  /** `''` for none. */
  readonly subresource: string;
  /** `''` for all namespaces, or for what has none. */
  readonly namespace: string;
  /** `''` when the request names no object. */
  readonly name: string;
  /** Of a list or watch, as it was sent. */
  readonly fieldSelector?: string;
}

export interface NonResourceAttributes {
  readonly user: User;
  readonly verb: string;
  readonly isResourceRequest: false;
  /** `/healthz` */
  readonly path: string;
}

/** `no-opinion` leaves it to the next authorizer; when nobody allows it, it is refused. */
export interface Decision {
  readonly verdict: 'allow' | 'deny' | 'no-opinion';
  readonly reason: string;
}

/** Decides. */
export interface Authorizer {
  authorize(attributes: Attributes): Promise<Decision> | Decision;
}
