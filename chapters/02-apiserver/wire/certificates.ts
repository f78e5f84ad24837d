/**
 * Certificates: an authority, what a server shows, and what a client shows. ECDSA on P-256.
 *
 * Where they are kept is `certificate-files.ts`; what a client's certificate says of its owner is
 * read in `peer-certificates.ts`.
 */

import type { webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
// First, or what comes next does not load.
import '#apimachinery/reflect-metadata';

import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** A certificate with its private key, both in PEM. */
export interface KeyPair {
  readonly certificate: string;
  /** PKCS #8. */
  readonly key: string;
}

const DAY_MS = 24 * 3_600_000;
const AUTHORITY_DAYS = 3650;
/** As kubeadm's. */
const LEAF_DAYS = 365;
/** Clocks differ: what is made now is valid from a little before. */
const BACKDATE_MS = 5 * 60_000;

const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' };
const SIGNING_ALGORITHM = { name: 'ECDSA', hash: 'SHA-256' };

/** Makes an authority of one's own. */
export async function newAuthority(commonName: string, nowMs = Date.now()): Promise<KeyPair> {
  const keys = await newKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerialNumber(),
    name: nameOf(commonName, []),
    notBefore: new Date(nowMs - BACKDATE_MS),
    notAfter: new Date(nowMs + AUTHORITY_DAYS * DAY_MS),
    keys,
    signingAlgorithm: SIGNING_ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(
        KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign | KeyUsageFlags.digitalSignature,
        true,
      ),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: certificate.toString('pem'), key: await keyText(keys.privateKey) };
}

/** Who a client says it is: a user and the groups it is in. */
export interface ClientSubject {
  readonly commonName: string;
  readonly organizations: readonly string[];
}

/** Makes a certificate a client proves with who it is. */
export function newClientCertificate(
  authority: KeyPair,
  { commonName, organizations }: ClientSubject,
  nowMs = Date.now(),
): Promise<KeyPair> {
  return issue(authority, {
    subject: nameOf(commonName, organizations),
    usage: ExtendedKeyUsage.clientAuth,
    names: [],
    nowMs,
  });
}

/**
 * Makes a certificate a server proves with that it is the one that was asked for.
 *
 * @param hosts - DNS names and IP addresses it is reached by
 * @param organizations - a kubelet's says `system:nodes`, most say nothing
 */
export function newServingCertificate(
  authority: KeyPair,
  commonName: string,
  hosts: readonly string[],
  nowMs = Date.now(),
  organizations: readonly string[] = [],
): Promise<KeyPair> {
  const names = [...new Set(hosts)].map(
    (value): JsonGeneralName => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value }),
  );
  const subject = nameOf(commonName, organizations);
  return issue(authority, { subject, usage: ExtendedKeyUsage.serverAuth, names, nowMs });
}

interface Leaf {
  readonly subject: Name;
  readonly usage: string;
  readonly names: readonly JsonGeneralName[];
  readonly nowMs: number;
}

async function issue(authority: KeyPair, { subject, usage, names, nowMs }: Leaf): Promise<KeyPair> {
  const issuer = new X509Certificate(authority.certificate);
  const keys = await newKeys();
  const extensions: Extension[] = [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([usage]),
    await AuthorityKeyIdentifierExtension.create(issuer),
  ];
  if (names.length > 0) extensions.push(new SubjectAlternativeNameExtension([...names]));
  const certificate = await X509CertificateGenerator.create({
    serialNumber: newSerialNumber(),
    subject,
    // Byte for byte the authority's own name: chains are built by comparing them.
    issuer: issuer.subjectName,
    notBefore: new Date(nowMs - BACKDATE_MS),
    notAfter: new Date(nowMs + LEAF_DAYS * DAY_MS),
    publicKey: keys.publicKey,
    signingKey: await readKey(authority.key),
    signingAlgorithm: SIGNING_ALGORITHM,
    extensions,
  });
  return { certificate: certificate.toString('pem'), key: await keyText(keys.privateKey) };
}

function nameOf(commonName: string, organizations: readonly string[]): Name {
  const literally = (utf8String: string) => [{ utf8String }];
  return new Name([
    ...organizations.map((one) => ({ O: literally(one) })),
    { CN: literally(commonName) },
  ]);
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return crypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify']);
}

function readKey(pem: string): Promise<webcrypto.CryptoKey> {
  return crypto.subtle.importKey('pkcs8', PemConverter.decodeFirst(pem), KEY_ALGORITHM, false, [
    'sign',
  ]);
}

async function keyText(key: webcrypto.CryptoKey): Promise<string> {
  return PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}

/** Positive, and never twice. */
function newSerialNumber(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}
