/**
 * Keys and certificates as the bootstrap sees them: what is asked for, and who makes it. Given.
 *
 * The real maker is `program/certificates.ts`; tests have one that writes certificates as plain text.
 */

/** A certificate with its private key, both in PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** A certificate that somebody needs. */
export interface CertificateRequest {
  /** What its files are called, without ending: `apiserver`. */
  readonly name: string;
  /** The user's name, where it is a client's. */
  readonly commonName: string;
  /** The user's groups. */
  readonly organizations: readonly string[];
  readonly usage: 'client' | 'server';
  /** DNS names and IP addresses by which a server is reached; none for a client. */
  readonly hosts: readonly string[];
}

/** A client's, without organizations, where nothing else is said. */
export function newCertificateRequest(
  name: string,
  commonName: string,
  more: Partial<CertificateRequest> = {},
): CertificateRequest {
  return { name, commonName, organizations: [], usage: 'client', hosts: [], ...more };
}

/** What a certificate says. */
export interface CertificateFacts extends Omit<CertificateRequest, 'name'> {
  /** When it ends, in milliseconds since 1970. */
  readonly notAfter: number;
}

/** Makes and reads certificates. */
export interface Pki {
  /** An authority of one's own. */
  newAuthority(commonName: string): Promise<KeyPair>;
  /** A certificate that `authority` vouches for. */
  issue(authority: KeyPair, request: CertificateRequest): Promise<KeyPair>;
  /** A private key for the tokens of service accounts, in PEM. */
  newSigningKey(): string;
  /**
   * @returns when the authority ends, in milliseconds since 1970; `undefined` when the two texts are no
   * authority's certificate and its key
   */
  readAuthority(pair: KeyPair): { readonly notAfter: number } | undefined;
  /** @returns `undefined` when the two do not belong together, or `authority` does not vouch for them */
  read(authority: KeyPair, pair: KeyPair): CertificateFacts | undefined;
}

/**
 * Tells whether a certificate says what was asked for: common name and usage are the same, the
 * organizations are the same in any order, and all hosts are among its hosts. It may have more of those.
 */
export function isAsWanted(facts: CertificateFacts, request: CertificateRequest): boolean {
  const has = (all: readonly string[], some: readonly string[]): boolean =>
    some.every((one) => all.includes(one));
  return (
    facts.commonName === request.commonName &&
    facts.usage === request.usage &&
    has(facts.organizations, request.organizations) &&
    has(request.organizations, facts.organizations) &&
    has(facts.hosts, request.hosts)
  );
}
