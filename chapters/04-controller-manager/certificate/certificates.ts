/**
 * What controllers of certificates need of X.509, which they do not speak. Given: the types.
 *
 * What implements it, with real keys, is `program/certificate-signer.ts`.
 */

import type { CertificateSigningRequest } from 'kubernetes-types/certificates/v1.js';

/** What a request for a certificate says of whom it is for. */
export interface CertificateRequest {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly emailAddresses: readonly string[];
  readonly uris: readonly string[];
}

/** Reads requests and certificates. */
export interface CertificateReader {
  /**
   * @param pem - of one request
   * @throws Error that says what is wrong with it
   */
  readRequest(pem: string): CertificateRequest;
  /**
   * Until when a certificate is valid, in milliseconds since 1970.
   *
   * @param pem - of one certificate, or of several of which the first counts
   * @throws Error that says what is wrong with it
   */
  notAfterMs(pem: string): number;
}

/** How a certificate is to be. */
export interface CertificateTerms {
  /** As the API calls them: `client auth`. */
  readonly usages: readonly string[];
  /** In milliseconds since 1970. */
  readonly notBeforeMs: number;
  /** The authority's own end comes first. */
  readonly notAfterMs: number;
}

/** Signs requests, with the key of an authority. */
export interface CertificateSigner {
  /**
   * @param pem - of the request: its subject, names and key are those of the certificate
   * @returns the certificate, in PEM
   * @throws Error, as a rejection: the request is not signed by its own key, a usage is unknown, the
   * authority has expired
   */
  sign(pem: string, terms: CertificateTerms): Promise<string>;
}

/** The request of an object, in PEM. */
export function requestOf({ spec }: CertificateSigningRequest): string {
  return atob(spec.request);
}

/** The certificate of an object, in PEM; `undefined` before there is one. */
export function certificateOf({ status }: CertificateSigningRequest): string | undefined {
  return status?.certificate ? atob(status.certificate) : undefined;
}

/** Has it a condition of this type that is true? */
export function hasCondition({ status }: CertificateSigningRequest, type: string): boolean {
  return (status?.conditions ?? []).some(
    (one) => one.type === type && (one.status === '' || one.status === 'True'),
  );
}
