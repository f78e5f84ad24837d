/** Certificates with real keys: read and signed by us, made and checked by Node and another library. */

import { createPublicKey, generateKeyPairSync, type webcrypto, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
// First, or what comes next does not load.
import '#apimachinery/reflect-metadata';

import {
  type JsonGeneralName,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { certificateReader, newCertificateSigner } from '#controller-manager/program';
import { newAuthority } from '../../../solutions/02-apiserver/wire/certificates.ts';

const HOUR = 3_600_000;
const KEYS = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const newKeys = () => crypto.subtle.generateKey(KEYS, true, ['sign', 'verify']);

async function newRequest(name: string, names: JsonGeneralName[] = []) {
  const keys = await newKeys();
  const request = await Pkcs10CertificateRequestGenerator.create({
    name,
    keys,
    signingAlgorithm: KEYS,
    extensions: names.length > 0 ? [new SubjectAlternativeNameExtension(names)] : [],
  });
  return { pem: request.toString('pem'), keys };
}

const terms = (usages: string[]) => {
  const notBeforeMs = Math.floor(Date.now() / 1000) * 1000;
  return { usages, notBeforeMs, notAfterMs: notBeforeMs + HOUR };
};

describe('the reader of certificates', () => {
  it('reads subject and names of a request', async () => {
    const { pem } = await newRequest('O=system:nodes, CN=system:node:n', [
      { type: 'dns', value: 'n.example' },
      { type: 'ip', value: '192.0.2.1' },
      { type: 'email', value: 'a@example.com' },
      { type: 'url', value: 'spiffe://n' },
    ]);
    expect(certificateReader.readRequest(pem)).toEqual({
      commonName: 'system:node:n',
      organizations: ['system:nodes'],
      dnsNames: ['n.example'],
      ipAddresses: ['192.0.2.1'],
      emailAddresses: ['a@example.com'],
      uris: ['spiffe://n'],
    });
    expect(certificateReader.readRequest((await newRequest('CN=x')).pem)).toMatchObject({
      organizations: [],
      dnsNames: [],
    });
  });

  it('says what is wrong with what is none', () => {
    expect(() => certificateReader.readRequest('nonsense')).toThrow(
      'PEM block type must be CERTIFICATE REQUEST',
    );
  });
});

describe('the signer of certificates', () => {
  it('signs for who asked, as it was told, in the name of the authority', async () => {
    const authority = await newAuthority('kubernetes');
    const signer = await newCertificateSigner(authority.certificate, authority.key);
    const { pem, keys } = await newRequest('O=system:nodes, CN=system:node:n', [
      { type: 'dns', value: 'n.example' },
      { type: 'ip', value: '192.0.2.1' },
    ]);
    const { notBeforeMs, notAfterMs, usages } = terms([
      'digital signature',
      'key encipherment',
      'server auth',
    ]);
    const signed = await signer.sign(pem, { usages, notBeforeMs, notAfterMs });
    const certificate = new X509Certificate(signed);
    const ca = new X509Certificate(authority.certificate);
    expect(certificate.verify(ca.publicKey)).toBe(true);
    expect(certificate.checkIssued(ca)).toBe(true);
    expect(certificate.subject).toBe('O=system:nodes\nCN=system:node:n');
    expect(certificate.subjectAltName).toBe('DNS:n.example, IP Address:192.0.2.1');
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(certificate.ca).toBe(false);
    expect(Date.parse(certificate.validFrom)).toBe(notBeforeMs);
    expect(Date.parse(certificate.validTo)).toBe(notAfterMs);
    expect(certificateReader.notAfterMs(signed)).toBe(notAfterMs);
    const spki = await crypto.subtle.exportKey('spki', keys.publicKey);
    const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
    expect(certificate.publicKey.equals(key)).toBe(true);
  });

  it('signs for no longer than the authority lives, and not after its end', async () => {
    const { certificate, key } = await newAuthority('kubernetes');
    const signer = await newCertificateSigner(certificate, key);
    const end = Date.parse(new X509Certificate(certificate).validTo);
    const { pem } = await newRequest('CN=x');
    const long = await signer.sign(pem, { ...terms(['client auth']), notAfterMs: end + HOUR });
    expect(certificateReader.notAfterMs(long)).toBe(end);
    const late = { usages: ['client auth'], notBeforeMs: end, notAfterMs: end + HOUR };
    await expect(signer.sign(pem, late)).rejects.toThrow('the signer has expired');
  });

  it('refuses what is not signed by its own key, and usages that it does not know', async () => {
    const { certificate, key } = await newAuthority('kubernetes');
    const signer = await newCertificateSigner(certificate, key);
    const { pem } = await newRequest('CN=x');
    const bytes = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
    // The last byte is of the signature.
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
    const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
    await expect(signer.sign(forged, terms(['client auth']))).rejects.toThrow(
      'unable to verify certificate request signature',
    );
    await expect(signer.sign(pem, terms(['fly']))).rejects.toThrow(
      'unrecognized usage values: ["fly"]',
    );
  });

  it('signs with an RSA key as kubeadm makes it', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
    const importKey = (
      format: 'pkcs8' | 'spki',
      der: Buffer,
      usage: 'sign' | 'verify',
    ): Promise<webcrypto.CryptoKey> =>
      crypto.subtle.importKey(format, der, algorithm, true, [usage]);
    const self = await X509CertificateGenerator.createSelfSigned({
      name: 'CN=kubernetes',
      notBefore: new Date(Date.now() - HOUR),
      notAfter: new Date(Date.now() + 2 * HOUR),
      signingAlgorithm: algorithm,
      keys: {
        privateKey: await importKey(
          'pkcs8',
          privateKey.export({ type: 'pkcs8', format: 'der' }),
          'sign',
        ),
        publicKey: await importKey(
          'spki',
          publicKey.export({ type: 'spki', format: 'der' }),
          'verify',
        ),
      },
    });
    const pkcs1 = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
    const signer = await newCertificateSigner(self.toString('pem'), pkcs1);
    const signed = await signer.sign((await newRequest('CN=x')).pem, terms(['client auth']));
    expect(new X509Certificate(signed).verify(publicKey)).toBe(true);
  });

  it('wants the key of the certificate', async () => {
    const [one, other] = [await newAuthority('one'), await newAuthority('other')];
    await expect(newCertificateSigner(one.certificate, other.key)).rejects.toThrow(
      "the signing key is not that of the authority's certificate",
    );
  });
});
