/**
 * The keys that service accounts' tokens are signed and verified with, and what the world is told of
 * them: the documents at `/openid/v1/jwks` and `/.well-known/openid-configuration`.
 *
 * @see pkg/serviceaccount/jwt.go and openidmetadata.go (1.33)
 */

import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import type { SignatureVerifier, Signer } from '../authentication/jwt.ts';

/** Hash and form of a signature, by the algorithm's name. */
const HASHES: Readonly<Record<string, string>> = {
  RS256: 'sha256',
  ES256: 'sha256',
  ES384: 'sha384',
  ES512: 'sha512',
};
const CURVE_ALGORITHMS: Readonly<Record<string, string>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
};

/**
 * Makes a private key, in PEM (PKCS #8): ECDSA on P-256, as kubeadm does when it is told to
 * (`encryptionAlgorithm`). Its default, RSA, takes a third of a second to make, and a millisecond for
 * the token of each pod.
 */
export function generateServiceAccountKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/**
 * Signs with a private key.
 *
 * @param pem - RSA, or ECDSA on P-256, P-384 or P-521
 * @throws Error when it is neither
 */
export function newSigner(pem: string): Signer {
  const key = createPrivateKey(pem);
  const algorithm = algorithmOf(key);
  const options = { key, dsaEncoding: 'ieee-p1363' as const };
  return {
    algorithm,
    keyId: keyIdOf(createPublicKey(key)),
    sign: (text) => sign(HASHES[algorithm], text, options),
  };
}

/** A public key and what tokens call it. */
interface PublicKey {
  readonly keyId: string;
  readonly algorithm: string;
  readonly key: KeyObject;
}

/**
 * Verifies with any of several keys, so that old tokens are good while keys are changed.
 *
 * @param pems - public keys, private ones (their public half counts), or certificates
 */
export function newSignatureVerifier(pems: readonly string[]): SignatureVerifier {
  const keys = pems.map(readPublicKey);
  return {
    verify(algorithm, keyId, text, signature) {
      return keys.some(
        (one) =>
          one.algorithm === algorithm &&
          (keyId === '' || one.keyId === keyId) &&
          verify(HASHES[algorithm], text, { key: one.key, dsaEncoding: 'ieee-p1363' }, signature),
      );
    },
  };
}

/** The document at `/openid/v1/jwks`, of type `application/jwk-set+json`. */
export function jwks(pems: readonly string[]): { keys: Record<string, unknown>[] } {
  return {
    keys: pems.map(readPublicKey).map(({ keyId, algorithm, key }) => {
      const { kty, ...rest } = key.export({ format: 'jwk' });
      return { use: 'sig', kty, kid: keyId, alg: algorithm, ...rest };
    }),
  };
}

/**
 * The document at `/.well-known/openid-configuration`, of type `application/json`.
 *
 * @param jwksUri - where {@link jwks} is to be had
 */
export function openidConfiguration(
  issuer: string,
  jwksUri: string,
  pems: readonly string[],
): Record<string, unknown> {
  const algorithms = new Set(pems.map((pem) => readPublicKey(pem).algorithm));
  return {
    issuer,
    jwks_uri: jwksUri,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [...algorithms].sort(),
  };
}

function readPublicKey(pem: string): PublicKey {
  const key = createPublicKey(pem);
  return { keyId: keyIdOf(key), algorithm: algorithmOf(key), key };
}

/** Leads from a public key to its name, and not back. */
function keyIdOf(publicKey: KeyObject): string {
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(der).digest('base64url');
}

function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string {
  if (asymmetricKeyType === 'rsa') return 'RS256';
  const curve = asymmetricKeyDetails?.namedCurve ?? '';
  const algorithm = asymmetricKeyType === 'ec' ? CURVE_ALGORITHMS[curve] : undefined;
  if (algorithm === undefined) {
    const found = [asymmetricKeyType, curve].filter(Boolean).join(' ');
    throw new Error(
      `a service account key is ${found}; it must be RSA, or ECDSA on P-256, P-384 or P-521`,
    );
  }
  return algorithm;
}
