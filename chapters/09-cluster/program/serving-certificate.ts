/** What the kubelet of a node that joined shows to whoever calls it: the API server, for logs and exec. */

import { type Clock, NodeFileSystem } from '#apimachinery';
import { CERTIFICATE_SIGNING_REQUESTS, type Client } from '#client';
import { CredentialFiles, PUBLIC_MODE, SECRET_MODE } from '../bootstrap/credential-files.ts';
import { isAsWanted, type KeyPair } from '../bootstrap/pki.ts';
import { waitForCertificate } from '../node-join/certificate-waiting.ts';
import { newRequest, realJoinPki } from './join-pki.ts';
import { KUBELET_SERVING_SIGNER } from './serving-approver.ts';

/** What is needed for it. */
export interface ServingWorld {
  readonly name: string;
  readonly ip: string;
  /** As the node's kubelet. */
  readonly client: Client;
  readonly clock: Clock;
  /** The cluster's, in PEM. */
  readonly authority: string;
  readonly directory: string;
  readonly timeoutMs: number;
}

const FILE = 'kubelet-server';
const DAY_MS = 24 * 3_600_000;

/**
 * Gets a certificate for the node's name and address, if there is none that lasts.
 *
 * @remarks Upstream this is `serverTLSBootstrap`: the request waits until somebody approves it.
 *
 * @throws CertificateRefusedError, Error as a rejection, when nobody signs it
 * @see pkg/kubelet/certificate/kubelet.go (1.33)
 */
export async function ensureServingCertificate(world: ServingWorld): Promise<KeyPair> {
  const { name, ip, client, clock, authority, directory, timeoutMs } = world;
  const folder = new CredentialFiles(new NodeFileSystem(), directory);
  const kept = { certificate: folder.read(`${FILE}.crt`), key: folder.read(`${FILE}.key`) };
  const commonName = `system:node:${name}`;
  const subject = { commonName, organizations: ['system:nodes'], hosts: [name, ip] };
  const facts = realJoinPki.read(authority, kept);
  const lasts = facts !== undefined && facts.notAfter - clock.now() > DAY_MS;
  if (lasts && isAsWanted(facts, { ...subject, name: FILE, usage: 'server' })) return kept;
  const key = realJoinPki.newKey();
  const created = await client.resource(CERTIFICATE_SIGNING_REQUESTS).create({
    metadata: { generateName: 'csr-' },
    spec: {
      request: btoa(await newRequest(key, subject)),
      signerName: KUBELET_SERVING_SIGNER,
      usages: ['digital signature', 'server auth'],
    },
  });
  const request = created.metadata?.name ?? '';
  const certificate = await waitForCertificate(client, request, { clock, timeoutMs });
  folder.write(`${FILE}.key`, key, SECRET_MODE);
  folder.write(`${FILE}.crt`, certificate, PUBLIC_MODE);
  return { certificate, key };
}
