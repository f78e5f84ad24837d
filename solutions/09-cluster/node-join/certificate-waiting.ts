/** Waiting until somebody has signed a request. Given. */

import type { Clock } from '#apimachinery';
import { CERTIFICATE_SIGNING_REQUESTS, type Client } from '#client';
import { LOOK_AGAIN_MS, poll } from './poll.ts';

/** Nobody will ever sign this request. */
export class CertificateRefusedError extends Error {
  override readonly name = 'CertificateRefusedError';
}

/**
 * Looks every {@link LOOK_AGAIN_MS} whether a CertificateSigningRequest has its certificate.
 *
 * @returns the certificate, in PEM
 * @throws CertificateRefusedError `certificate signing request is denied, reason: REASON, message:
 * MESSAGE`, or `… failed, …`; Error `timed out waiting for the certificate of NAME`; what the API server
 * refused
 * @see k8s.io/client-go/util/certificate/csr/csr.go (1.33), WaitForCertificate
 */
export async function waitForCertificate(
  client: Client,
  name: string,
  { clock, timeoutMs }: { readonly clock: Clock; readonly timeoutMs: number },
): Promise<string> {
  const requests = client.resource(CERTIFICATE_SIGNING_REQUESTS);
  const signed = await poll({ clock, intervalMs: LOOK_AGAIN_MS, timeoutMs }, async () => {
    const { conditions = [], certificate } = (await requests.get(name)).status ?? {};
    const refused = conditions.find(({ type }) => type === 'Denied' || type === 'Failed');
    if (!refused) return certificate || undefined;
    const { type, reason, message } = refused;
    const verdict = type === 'Denied' ? 'is denied' : 'failed';
    throw new CertificateRefusedError(
      `certificate signing request ${verdict}, reason: ${reason}, message: ${message}`,
    );
  });
  if (!signed) throw new Error(`timed out waiting for the certificate of ${name}`);
  return atob(signed);
}
