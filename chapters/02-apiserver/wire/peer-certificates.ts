/** What the certificate on the other end of a TLS connection says, once its chain was verified. */

import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { PeerCertificate } from '../connection.ts';

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const ANY_USAGE = '2.5.29.37.0';

/**
 * The verified certificates of the caller, leaf first.
 *
 * @remarks A certificate nobody vouches for is as good as none: anybody can make one that says
 * `system:masters`. Those who want one of their own are authenticated some other way, or not at all.
 *
 * @returns none when the caller showed none, or its chain does not lead to the clients' authority
 */
export function peerCertificatesOf(socket: TLSSocket): readonly PeerCertificate[] {
  if (!socket.authorized) return [];
  const chain: PeerCertificate[] = [];
  const seen = new Set<string>();
  let current: X509Certificate | undefined = socket.getPeerX509Certificate();
  while (current !== undefined && !seen.has(current.fingerprint256)) {
    seen.add(current.fingerprint256);
    chain.push(readCertificate(current));
    current = current.issuerCertificate;
  }
  return chain;
}

/** Reads what counts off a certificate. */
export function readCertificate(certificate: X509Certificate): PeerCertificate {
  // The text in `subject` is escaped; these are the values themselves.
  const { subject } = certificate.toLegacyObject() as { subject?: Record<string, unknown> };
  const usages = certificate.keyUsage ?? [];
  return {
    // With several common names, which nobody has, the last one counts, as in Go.
    commonName: textsOf(subject?.CN).at(-1) ?? '',
    organizations: textsOf(subject?.O),
    notBefore: Date.parse(certificate.validFrom),
    notAfter: Date.parse(certificate.validTo),
    forClients: usages.length === 0 || usages.includes(CLIENT_AUTH) || usages.includes(ANY_USAGE),
    sha256: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
  };
}

function textsOf(value: unknown): readonly string[] {
  const values = Array.isArray(value) ? value : [value];
  return values.filter((one) => typeof one === 'string');
}
