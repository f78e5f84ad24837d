/**
 * Real keys and certificates: what `certificate/certificates.ts` asks for, with X.509.
 *
 * Who asks, and by which rules, is in `certificate/`.
 */

import { createPrivateKey, createPublicKey, type KeyObject, type webcrypto } from 'node:crypto';
// First, or what comes next does not load.
import '#apimachinery/reflect-metadata';

import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import type {
  CertificateReader,
  CertificateRequest,
  CertificateSigner,
  CertificateTerms,
} from '../certificate/certificates.ts';

/** Reads requests and certificates in PEM. */
export const certificateReader: CertificateReader = {
  readRequest(pem: string): CertificateRequest {
    const request = parseRequest(pem);
    const { subjectName } = request;
    const names = namesOf(request)?.names.items ?? [];
    const ofType = (type: string) =>
      names.filter((name) => name.type === type).map(({ value }) => value);
    return {
      commonName: subjectName.getField('CN').at(-1) ?? '',
      organizations: subjectName.getField('O'),
      dnsNames: ofType('dns'),
      ipAddresses: ofType('ip'),
      emailAddresses: ofType('email'),
      uris: ofType('url'),
    };
  },
  notAfterMs: (pem) => new X509Certificate(firstBlock(pem, 'CERTIFICATE')).notAfter.getTime(),
};

/**
 * Makes a signer from an authority's certificate and key.
 *
 * @param key - PEM, as PKCS #8, PKCS #1 or SEC 1: RSA, ECDSA on a curve of NIST's, or Ed25519
 * @throws Error, as a rejection, when they do not belong together or cannot be read
 */
export async function newCertificateSigner(
  certificate: string,
  key: string,
): Promise<CertificateSigner> {
  const authority = new X509Certificate(firstBlock(certificate, 'CERTIFICATE'));
  const privateKey = createPrivateKey(key);
  const isPair = createPublicKey(privateKey).equals(
    createPublicKey(firstBlock(certificate, 'CERTIFICATE')),
  );
  if (!isPair) throw new Error("the signing key is not that of the authority's certificate");
  const algorithm = algorithmOf(privateKey);
  const der = privateKey.export({ type: 'pkcs8', format: 'der' });
  const signingKey = await crypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']);
  return {
    sign: (pem, terms) => signWith({ authority, signingKey, algorithm }, parseRequest(pem), terms),
  };
}

interface Authority {
  readonly authority: X509Certificate;
  readonly signingKey: webcrypto.CryptoKey;
  readonly algorithm: Algorithm;
}

type Algorithm = { name: string; hash: string; namedCurve?: string };

async function signWith(
  { authority, signingKey, algorithm }: Authority,
  request: Pkcs10CertificateRequest,
  { usages, notBeforeMs, notAfterMs }: CertificateTerms,
): Promise<string> {
  const endMs = authority.notAfter.getTime();
  if (notBeforeMs >= endMs) {
    throw new Error(`the signer has expired: NotAfter=${authority.notAfter.toISOString()}`);
  }
  if (!(await request.verify())) {
    throw new Error('unable to verify certificate request signature');
  }
  const names = namesOf(request);
  const extensions: Extension[] = [
    new BasicConstraintsExtension(false, undefined, true),
    ...usageExtensions(usages),
    await AuthorityKeyIdentifierExtension.create(authority),
    ...(names ? [new SubjectAlternativeNameExtension(names.names.toJSON(), names.critical)] : []),
  ];
  const certificate = await X509CertificateGenerator.create({
    serialNumber: newSerialNumber(),
    subject: request.subjectName,
    // Byte for byte the authority's own name: chains are built by comparing them.
    issuer: authority.subjectName,
    notBefore: new Date(notBeforeMs),
    notAfter: new Date(Math.min(notAfterMs, endMs)),
    publicKey: request.publicKey,
    signingKey,
    signingAlgorithm: algorithm,
    extensions,
  });
  return `${certificate.toString('pem')}\n`;
}

const KEY_USAGES: Readonly<Record<string, KeyUsageFlags>> = {
  signing: KeyUsageFlags.digitalSignature,
  'digital signature': KeyUsageFlags.digitalSignature,
  'content commitment': KeyUsageFlags.nonRepudiation,
  'key encipherment': KeyUsageFlags.keyEncipherment,
  'key agreement': KeyUsageFlags.keyAgreement,
  'data encipherment': KeyUsageFlags.dataEncipherment,
  'cert sign': KeyUsageFlags.keyCertSign,
  'crl sign': KeyUsageFlags.cRLSign,
  'encipher only': KeyUsageFlags.encipherOnly,
  'decipher only': KeyUsageFlags.decipherOnly,
};

const EXTENDED_USAGES: Readonly<Record<string, string>> = {
  any: '2.5.29.37.0',
  'server auth': ExtendedKeyUsage.serverAuth,
  'client auth': ExtendedKeyUsage.clientAuth,
  'code signing': ExtendedKeyUsage.codeSigning,
  'email protection': ExtendedKeyUsage.emailProtection,
  's/mime': ExtendedKeyUsage.emailProtection,
  'ipsec end system': '1.3.6.1.5.5.7.3.5',
  'ipsec tunnel': '1.3.6.1.5.5.7.3.6',
  'ipsec user': '1.3.6.1.5.5.7.3.7',
  timestamping: ExtendedKeyUsage.timeStamping,
  'ocsp signing': ExtendedKeyUsage.ocspSigning,
  'microsoft sgc': '1.3.6.1.4.1.311.10.3.3',
  'netscape sgc': '2.16.840.1.113730.4.1',
};

function usageExtensions(usages: readonly string[]): Extension[] {
  const unknown = usages.filter((usage) => !(usage in KEY_USAGES) && !(usage in EXTENDED_USAGES));
  if (unknown.length > 0) {
    const list = unknown.map((usage) => JSON.stringify(usage)).join(' ');
    throw new Error(`unrecognized usage values: [${list}]`);
  }
  const flags = usages.reduce((sum, usage) => sum | (KEY_USAGES[usage] ?? 0), 0);
  const extended = [...new Set(usages.flatMap((usage) => EXTENDED_USAGES[usage] ?? []))].sort();
  return [
    ...(flags === 0 ? [] : [new KeyUsagesExtension(flags, true)]),
    ...(extended.length > 0 ? [new ExtendedKeyUsageExtension(extended)] : []),
  ];
}

function parseRequest(pem: string): Pkcs10CertificateRequest {
  return new Pkcs10CertificateRequest(firstBlock(pem, 'CERTIFICATE REQUEST'));
}

/** The first block of a PEM text. @throws Error when it is of another type, or there is none */
function firstBlock(pem: string, type: string): string {
  const [block] = /-----BEGIN ([^-]+)-----[^-]*-----END \1-----/.exec(pem) ?? [];
  if (block?.startsWith(`-----BEGIN ${type}-----`)) return block;
  throw new Error(`PEM block type must be ${type}`);
}

function namesOf(request: Pkcs10CertificateRequest): SubjectAlternativeNameExtension | undefined {
  return request.extensions.find((one) => one instanceof SubjectAlternativeNameExtension);
}

const CURVES: Readonly<Record<string, readonly [curve: string, hash: string]>> = {
  prime256v1: ['P-256', 'SHA-256'],
  secp384r1: ['P-384', 'SHA-384'],
  secp521r1: ['P-521', 'SHA-512'],
};

function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): Algorithm {
  const [namedCurve, hash] = CURVES[asymmetricKeyDetails?.namedCurve ?? ''] ?? [];
  if (asymmetricKeyType === 'rsa') return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  if (asymmetricKeyType === 'ed25519') return { name: 'Ed25519', hash: 'SHA-512' };
  if (asymmetricKeyType === 'ec' && namedCurve && hash) return { name: 'ECDSA', namedCurve, hash };
  throw new Error(`no certificates are signed with keys of type ${asymmetricKeyType}`);
}

/** Positive, and never twice. */
function newSerialNumber(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}
