/**
 * One kind in one version, with all its handlers need. Given: the form.
 *
 * A handler reads a request, has the registry do the work, and writes an answer; `verbs.ts` has one
 * for each verb.
 */

import type { Clock } from '#apimachinery';
import type { AdmissionPlugin } from '../admission/admission.ts';
import type { TextParsers } from '../codec/text-parsers.ts';
import type { Kind } from '../kinds/kind.ts';
import type { Registry } from '../registry/registry.ts';
import type { VersionView } from './version-view.ts';

/** What all handlers share. */
export interface HandlerWorld {
  readonly clock: Clock;
  readonly parsers: TextParsers;
  /** In the order they are asked; it may grow while the server starts. */
  readonly admission: readonly AdmissionPlugin[];
}

export interface Endpoint {
  readonly world: HandlerWorld;
  /** In the version of the request. */
  readonly kind: Kind;
  /** Of the version that is stored. */
  readonly registry: Registry;
  readonly view: VersionView;
}
