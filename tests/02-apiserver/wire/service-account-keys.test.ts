/** The keys of tokens, with real cryptography. */

import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '#apimachinery';
import { signJwt } from '../../../solutions/02-apiserver/authentication/jwt.ts';
import { serviceAccountTokens } from '../../../solutions/02-apiserver/authentication/service-account-authenticator.ts';
import {
  generateServiceAccountKey,
  jwks,
  newSignatureVerifier,
  newSigner,
  openidConfiguration,
} from '../../../solutions/02-apiserver/wire/service-account-keys.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString();
const ec = generateServiceAccountKey();
const publicOf = (pem: string) =>
  createPublicKey(pem).export({ type: 'spki', format: 'pem' }).toString();

const text = new TextEncoder().encode('text');

describe('service account keys', () => {
  for (const [name, pem] of Object.entries({ RS256: rsa, ES256: ec })) {
    it(`sign and verify with ${name}`, () => {
      const signer = newSigner(pem);
      const { algorithm, keyId } = signer;
      expect(algorithm).toBe(name);
      const signature = signer.sign(text);
      const verifier = newSignatureVerifier([publicOf(rsa), publicOf(ec)]);
      expect(verifier.verify(name, keyId, text, signature)).toBe(true);
      expect(verifier.verify(name, '', text, signature)).toBe(true);
      expect(verifier.verify(name, 'other', text, signature)).toBe(false);
      expect(verifier.verify('ES384', keyId, text, signature)).toBe(false);
      expect(verifier.verify(name, keyId, text.slice(1), signature)).toBe(false);
      expect(verifier.verify(name, keyId, text, signature.slice(1))).toBe(false);
      expect(verifier.verify(name, keyId, text, new Uint8Array())).toBe(false);
      const stranger = newSignatureVerifier([name === 'RS256' ? ec : rsa]);
      expect(stranger.verify(name, keyId, text, signature)).toBe(false);
    });
  }

  it('make tokens that are known', async () => {
    const now = Date.UTC(2025, 0, 1);
    const tokens = serviceAccountTokens({
      issuers: ['k'],
      apiAudiences: ['k'],
      verifier: newSignatureVerifier([rsa]),
      clock: new FakeClock({ now }),
      objectUid: async () => 'sa-1',
    });
    const kubernetes = { namespace: 'ci', serviceaccount: { name: 'builder', uid: 'sa-1' } };
    const claims = { iss: 'k', exp: now / 1000 + 60, 'kubernetes.io': kubernetes };
    const found = await tokens.authenticateToken(signJwt(claims, newSigner(rsa)), ['k']);
    expect(found?.user.username).toBe('system:serviceaccount:ci:builder');
    const forged = tokens.authenticateToken(signJwt(claims, newSigner(ec)), ['k']);
    await expect(forged).rejects.toThrow('invalid signature');
  });

  it('are told of without their secrets', () => {
    const { keys } = jwks([rsa, ec]);
    expect(keys).toMatchObject([
      { use: 'sig', kty: 'RSA', alg: 'RS256', kid: newSigner(rsa).keyId, e: 'AQAB' },
      { use: 'sig', kty: 'EC', alg: 'ES256', kid: newSigner(ec).keyId, crv: 'P-256' },
    ]);
    for (const key of keys) expect(Object.keys(key)).not.toContain('d');
    expect(openidConfiguration('https://k', 'https://k/openid/v1/jwks', [rsa, ec])).toEqual({
      issuer: 'https://k',
      jwks_uri: 'https://k/openid/v1/jwks',
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256', 'RS256'],
    });
  });

  it('must be of a kind that signs', () => {
    const ed25519 = generateKeyPairSync('ed25519')
      .privateKey.export({ type: 'pkcs8', format: 'pem' })
      .toString();
    expect(() => newSigner(ed25519)).toThrow('a service account key is ed25519; it must be RSA');
    expect(() => newSigner('nonsense')).toThrow();
  });
});
