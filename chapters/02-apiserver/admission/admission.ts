/**
 * What is asked before an object is written: may it be so, and should it be different? Given: the
 * types; the chain is `admission-chain.ts`, each plugin a file beside it.
 */

import type { GroupVersionKind } from '#apimachinery';
import type { ApiObject } from '../api-object.ts';
import type { User } from '../user.ts';

export type AdmissionOperation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

/** One write on its way into the store. */
export interface AdmissionRequest {
  readonly operation: AdmissionOperation;
  readonly kind: GroupVersionKind;
  readonly resource: {
    readonly group: string;
    readonly version: string;
    readonly resource: string;
  };
  /** `''` for none. */
  readonly subresource: string;
  /** `''` for what has none. */
  readonly namespace: string;
  /** `''` while it is not known (generateName). */
  readonly name: string;
  /** What is to be written, for a mutating plugin to change in place; absent for DELETE. */
  object: ApiObject | undefined;
  /** What is there; absent for CREATE. Not to be changed. */
  readonly oldObject: ApiObject | undefined;
  readonly user: User;
  readonly dryRun: boolean;
  /** The request's options, as `CreateOptions` and the like. */
  readonly options: Readonly<Record<string, unknown>>;
  /** For the header `Warning`. */
  warn(text: string): void;
}

/** One plugin. `admit` may change `request.object`; `validate` may only refuse. */
export interface AdmissionPlugin {
  readonly name: string;
  handles(request: AdmissionRequest): boolean;
  /** @throws StatusError, as a rejection, to refuse the request */
  admit?(request: AdmissionRequest): Promise<void> | void;
  /** @throws StatusError, as a rejection, to refuse the request */
  validate?(request: AdmissionRequest): Promise<void> | void;
}
