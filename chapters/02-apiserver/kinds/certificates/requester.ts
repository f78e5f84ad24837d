/**
 * Who asks for a certificate: written by the server alone, so that whoever decides can trust it.
 * Given.
 *
 * @see pkg/registry/certificates/certificates/strategy.go (1.33), PrepareForCreate
 */

import type { CertificateSigningRequestSpec } from 'kubernetes-types/certificates/v1.js';
import type { ApiObject } from '../../api-object.ts';
import type { User } from '../../user.ts';
import { specOf } from '../field-checks.ts';

/**
 * Writes who asks into a request that is about to be made, whatever it says of that itself.
 *
 * @param object - is changed
 */
export function setRequester(object: ApiObject, user: User): void {
  const spec = specOf<CertificateSigningRequestSpec>(object);
  spec.username = user.username;
  spec.groups = [...user.groups];
  delete spec.uid;
  delete spec.extra;
  if (user.uid) spec.uid = user.uid;
  const extra = Object.entries(user.extra ?? {});
  if (extra.length === 0) return;
  spec.extra = Object.fromEntries(extra.map(([key, values]) => [key, [...values]]));
}
