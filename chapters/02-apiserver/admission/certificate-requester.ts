/** Writes down who asks for a certificate: nobody may say so for another. Given. */

import { setRequester } from '../kinds/certificates/requester.ts';
import type { AdmissionPlugin } from './admission.ts';

/** @see pkg/registry/certificates/certificates/strategy.go (1.33), PrepareForCreate */
export const certificateRequester: AdmissionPlugin = {
  name: 'CertificateRequester',
  handles: ({ kind, operation }) =>
    kind.kind === 'CertificateSigningRequest' && operation === 'CREATE',
  admit: ({ object, user }) => {
    if (object) setRequester(object, user);
  },
};
