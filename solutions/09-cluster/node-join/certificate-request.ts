/** Asking for a node's certificate. Given. */

import { isAlreadyExists } from '#apimachinery';
import { CERTIFICATE_SIGNING_REQUESTS, type Client } from '#client';
import type { JoinPki } from './join-world.ts';

/**
 * Asks for a certificate for `system:node:NAME` in `system:nodes`: a CertificateSigningRequest of the
 * signer `kubernetes.io/kube-apiserver-client-kubelet`, with the usages `digital signature` and `client
 * auth`.
 *
 * @remarks It is called `node-csr-FINGERPRINT`, so that who begins again with the same key finds what it
 * asked for before: that it is there already is fine.
 *
 * @param key - private, in PEM
 * @returns the name of the request
 * @throws what the API server refused
 * @see pkg/kubelet/certificate/bootstrap/bootstrap.go (1.33), requestNodeCertificate
 */
export async function requestNodeCertificate(
  client: Client,
  node: string,
  key: string,
  pki: Pick<JoinPki, 'fingerprint' | 'newRequest'>,
): Promise<string> {
  const name = `node-csr-${pki.fingerprint(key)}`;
  const spec = {
    request: btoa(await pki.newRequest(key, `system:node:${node}`, ['system:nodes'])),
    signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
    usages: ['digital signature', 'client auth'],
  };
  const requests = client.resource(CERTIFICATE_SIGNING_REQUESTS);
  await requests.create({ metadata: { name }, spec }).catch((error: unknown) => {
    if (!isAlreadyExists(error)) throw error;
  });
  return name;
}
