/** Real keys and requests for a node that joins: `node-join/join-world.ts` with node:crypto and X.509. */

import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { isIP } from 'node:net';
// First, or what comes next does not load.
import '#apimachinery/reflect-metadata';

import {
  type JsonGeneralName,
  Name,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
} from '@peculiar/x509';
import type { JoinPki } from '../node-join/join-world.ts';
import { certificatesIn, factsIssuedBy } from './certificates.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** Makes keys on P-256, as kubelets do. */
export const realJoinPki: JoinPki = {
  newKey: () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  },
  fingerprint: (key) => hashOf(createPublicKey(createPrivateKey(key))),
  newRequest: (key, commonName, organizations) =>
    newRequest(key, { commonName, organizations, hosts: [] }),
  authorityHashes: (authority) =>
    certificatesIn(authority).map(({ publicKey }) => `sha256:${hashOf(publicKey)}`),
  read: factsIssuedBy,
};

/** Whom a certificate is to be for. */
export interface Subject {
  readonly commonName: string;
  readonly organizations: readonly string[];
  /** DNS names and IP addresses; none for a client. */
  readonly hosts: readonly string[];
}

/** Makes a PKCS #10 request, in PEM. @param key - private, in PEM */
export async function newRequest(
  key: string,
  { commonName, organizations, hosts }: Subject,
): Promise<string> {
  const own = createPrivateKey(key);
  const names = hosts.map(
    (value): JsonGeneralName => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value }),
  );
  const literally = (utf8String: string) => [{ utf8String }];
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: new Name([
      ...organizations.map((one) => ({ O: literally(one) })),
      { CN: literally(commonName) },
    ]),
    keys: {
      privateKey: await crypto.subtle.importKey(
        'pkcs8',
        own.export({ type: 'pkcs8', format: 'der' }),
        ALGORITHM,
        false,
        ['sign'],
      ),
      publicKey: await crypto.subtle.importKey(
        'spki',
        publicDer(createPublicKey(own)),
        ALGORITHM,
        true,
        ['verify'],
      ),
    },
    signingAlgorithm: ALGORITHM,
    extensions: names.length > 0 ? [new SubjectAlternativeNameExtension(names)] : [],
  });
  return `${request.toString('pem')}\n`;
}

/** As kubeadm has it: of the public key with its algorithm, in small letters. */
function hashOf(key: KeyObject): string {
  return createHash('sha256').update(publicDer(key)).digest('hex');
}

function publicDer(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}
