/** Real certificates for the bootstrap: `bootstrap/pki.ts` on node:crypto and @peculiar/x509. */

import { createPrivateKey, X509Certificate } from 'node:crypto';
import {
  generateServiceAccountKey,
  newAuthority,
  newClientCertificate,
  newServingCertificate,
} from '#apiserver/wire';
import type { CertificateFacts, KeyPair, Pki } from '../bootstrap/pki.ts';

/** Extended key usages, by their object identifiers. */
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';

/** Makes certificates with ECDSA on P-256, for a year; authorities for ten. */
export const realPki: Pki = {
  newAuthority: (commonName) => newAuthority(commonName),
  issue: (authority, { commonName, organizations, usage, hosts }) =>
    usage === 'client'
      ? newClientCertificate(authority, { commonName, organizations })
      : newServingCertificate(authority, commonName, hosts, Date.now(), organizations),
  newSigningKey: generateServiceAccountKey,
  readAuthority: (pair) => {
    const certificate = parse(pair);
    return certificate?.ca ? { notAfter: Date.parse(certificate.validTo) } : undefined;
  },
  read: (authority, pair) => {
    return parse(authority) ? factsIssuedBy(authority.certificate, pair) : undefined;
  },
};

/**
 * What a certificate says.
 *
 * @param authority - its certificates, in PEM
 * @returns `undefined` when the pair does not belong together, or `authority` does not vouch for it
 */
export function factsIssuedBy(authority: string, pair: KeyPair): CertificateFacts | undefined {
  const certificate = parse(pair);
  const isIssuer = (issuer: X509Certificate): boolean =>
    certificate?.checkIssued(issuer) === true && certificate.verify(issuer.publicKey);
  return certificate && certificatesIn(authority).some(isIssuer) ? factsOf(certificate) : undefined;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** The certificates of a PEM text; none when one cannot be read. */
export function certificatesIn(pem: string): X509Certificate[] {
  try {
    return [...pem.matchAll(CERTIFICATE)].map(([one]) => new X509Certificate(one));
  } catch {
    return [];
  }
}

/** @returns `undefined` when one of the two is none, or they do not belong together */
function parse({ certificate, key }: KeyPair): X509Certificate | undefined {
  try {
    const parsed = new X509Certificate(certificate);
    return parsed.checkPrivateKey(createPrivateKey(key)) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function factsOf(certificate: X509Certificate): CertificateFacts {
  const subject = certificate.subject.split('\n');
  const fields = (name: string): string[] =>
    subject
      .filter((line) => line.startsWith(`${name}=`))
      .map((line) => line.slice(name.length + 1));
  return {
    commonName: fields('CN')[0] ?? '',
    organizations: fields('O'),
    usage: certificate.keyUsage?.includes(SERVER_AUTH) ? 'server' : 'client',
    hosts: (certificate.subjectAltName ?? '')
      .split(', ')
      .filter((name) => name !== '')
      .map((name) => name.replace(/^(?:DNS|IP Address):/, '')),
    notAfter: Date.parse(certificate.validTo),
  };
}
