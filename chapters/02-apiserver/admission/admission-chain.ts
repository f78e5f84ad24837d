/**
 * Asks the admission plugins, in order: first those that may change the object, then all that may
 * only refuse it.
 *
 * The two rounds are apart because a plugin that looks at the whole object must see what all others
 * made of it. The plugins are the files beside this one.
 */

import { NotImplemented } from '#not-implemented';
import type { AdmissionPlugin, AdmissionRequest } from './admission.ts';

/**
 * Lets the plugins change what is to be written.
 *
 * @remarks Each plugin that `handles` the request and has an `admit` is asked, in order, one after
 * the other: a later one sees what an earlier one changed. Whether it handles the request is asked
 * when its turn comes. The first that throws ends it, and what it threw is passed on.
 *
 * @param request - its `object` is changed in place
 * @see k8s.io/apiserver/pkg/admission/chain.go (1.33)
 * @exercise apiserver/admission
 */
export async function admit(
  plugins: readonly AdmissionPlugin[],
  request: AdmissionRequest,
): Promise<void> {
  throw new NotImplemented('apiserver/admission', 'admit');
}

/**
 * Lets the plugins refuse what is to be written, once nothing of it changes any more.
 *
 * @remarks As `admit`, with each plugin's `validate`.
 *
 * @see k8s.io/apiserver/pkg/admission/chain.go (1.33)
 * @exercise apiserver/admission
 */
export async function validate(
  plugins: readonly AdmissionPlugin[],
  request: AdmissionRequest,
): Promise<void> {
  throw new NotImplemented('apiserver/admission', 'validate');
}
