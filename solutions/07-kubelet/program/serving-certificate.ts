/** The certificate the kubelet shows: files, or one it makes for itself, as upstream. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
// First, or what comes next does not load.
import '#apimachinery/reflect-metadata';

import {
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** In PEM. */
export interface ServingCertificate {
  readonly certificate: string;
  readonly key: string;
}

const YEAR_MS = 365 * 24 * 3_600_000;

/** @param names - the node's name and addresses */
export async function servingCertificate(
  directory: string,
  names: readonly string[],
): Promise<ServingCertificate> {
  const certFile = join(directory, 'kubelet.crt');
  const keyFile = join(directory, 'kubelet.key');
  if (existsSync(certFile) && existsSync(keyFile)) {
    return { certificate: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
  }
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const now = Date.now();
  const own = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${names[0]}@${Math.floor(now / 1000)}`,
    notBefore: new Date(now - 3_600_000),
    notAfter: new Date(now + YEAR_MS),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value })),
      ),
    ],
  });
  const der = await crypto.subtle.exportKey('pkcs8', keys.privateKey);
  const key = `${PemConverter.encode(der, 'PRIVATE KEY')}\n`;
  const certificate = `${own.toString('pem')}\n`;
  mkdirSync(directory, { recursive: true });
  writeFileSync(certFile, certificate);
  writeFileSync(keyFile, key, { mode: 0o600 });
  return { certificate, key };
}
