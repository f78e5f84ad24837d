/**
 * The certificates in a folder: made when they are missing, kept as long as they will do.
 *
 * ```text
 * ca.crt  ca.key                     the authority, for ten years
 * apiserver.crt  apiserver.key       what the server shows, for one
 * NAME.crt  NAME.key                 what a client shows
 * ```
 */

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import {
  type ClientSubject,
  type KeyPair,
  newAuthority,
  newClientCertificate,
  newServingCertificate,
} from './certificates.ts';

/** What has less left is made anew: a server may run for a month before it looks again. */
const RENEW_BEFORE_MS = 30 * 24 * 3_600_000;

/** What a server of one's own needs. */
export interface Certificates {
  readonly authority: KeyPair;
  readonly serving: KeyPair;
}

/**
 * The authority and the serving certificate of a folder.
 *
 * @remarks Made anew: a certificate that is missing, cannot be read, has less than a month left, is
 * of another authority, or lacks one of the names.
 *
 * @param folder - made if it is not there, for its owner only
 * @param hosts - DNS names and IP addresses the server is reached by
 */
export async function ensureCertificates(
  folder: string,
  hosts: readonly string[],
  nowMs = Date.now(),
): Promise<Certificates> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const authority = await ensure(folder, 'ca', nowMs, {
    isGood: (certificate) => certificate.ca,
    make: () => newAuthority('kubernetes', nowMs),
  });
  const serving = await ensure(folder, 'apiserver', nowMs, {
    isGood: (certificate) => isIssuedBy(certificate, authority) && hasNames(certificate, hosts),
    make: () => newServingCertificate(authority, 'kube-apiserver', hosts, nowMs),
  });
  return { authority, serving };
}

/**
 * A client's certificate in a folder.
 *
 * @param name - of its files, without ending
 */
export function ensureClientCertificate(
  folder: string,
  name: string,
  authority: KeyPair,
  subject: ClientSubject,
  nowMs = Date.now(),
): Promise<KeyPair> {
  return ensure(folder, name, nowMs, {
    isGood: (certificate) => isIssuedBy(certificate, authority),
    make: () => newClientCertificate(authority, subject, nowMs),
  });
}

/**
 * Writes a kubeconfig with everything in it, readable by its owner only.
 *
 * @param server - `https://127.0.0.1:6443`
 */
export async function writeKubeconfig(
  path: string,
  server: string,
  user: string,
  authority: KeyPair,
  client: KeyPair,
): Promise<void> {
  const data = (pem: string) => Buffer.from(pem).toString('base64');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'kubernetes',
        cluster: { server, 'certificate-authority-data': data(authority.certificate) },
      },
    ],
    users: [
      {
        name: user,
        user: {
          'client-certificate-data': data(client.certificate),
          'client-key-data': data(client.key),
        },
      },
    ],
    contexts: [{ name: `${user}@kubernetes`, context: { cluster: 'kubernetes', user } }],
    'current-context': `${user}@kubernetes`,
  };
  await writeWhole(path, `${JSON.stringify(config, undefined, 2)}\n`, 0o600);
}

interface Recipe {
  isGood(certificate: X509Certificate): boolean;
  make(): Promise<KeyPair>;
}

async function ensure(
  folder: string,
  name: string,
  nowMs: number,
  { isGood, make }: Recipe,
): Promise<KeyPair> {
  const kept = await readPair(folder, name);
  if (kept !== undefined) {
    const certificate = new X509Certificate(kept.certificate);
    const leftMs = Date.parse(certificate.validTo) - nowMs;
    if (leftMs > RENEW_BEFORE_MS && isGood(certificate)) return kept;
  }
  const made = await make();
  // The key first: a certificate without its key would be found good, and serve nobody.
  await writeWhole(join(folder, `${name}.key`), made.key, 0o600);
  await writeWhole(join(folder, `${name}.crt`), made.certificate, 0o644);
  return made;
}

/** @returns `undefined` when one of the two is missing, or they are no pair */
async function readPair(folder: string, name: string): Promise<KeyPair | undefined> {
  try {
    const certificate = await readFile(join(folder, `${name}.crt`), 'utf8');
    const key = await readFile(join(folder, `${name}.key`), 'utf8');
    return isPair(certificate, key) ? { certificate, key } : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Tells whether a certificate and a private key, both in PEM, belong together. */
export function isPair(certificate: string, key: string): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

function isIssuedBy(certificate: X509Certificate, authority: KeyPair): boolean {
  const issuer = new X509Certificate(authority.certificate);
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function hasNames(certificate: X509Certificate, hosts: readonly string[]): boolean {
  return hosts.every((host) => {
    const found = isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host);
    return found !== undefined;
  });
}

/** Nobody ever sees half a file. */
async function writeWhole(path: string, text: string, mode: number): Promise<void> {
  const temporary = `${path}.new`;
  await writeFile(temporary, text, { mode });
  await rename(temporary, path);
}
