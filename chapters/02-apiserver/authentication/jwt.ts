/**
 * JSON Web Tokens in their compact form: `HEADER.CLAIMS.SIGNATURE`, each in base64url. Given.
 *
 * What the claims of a service account's token mean is `service-account-claims.ts`. Signing and
 * verifying are done by somebody else: the platform's cryptography is in `../wire/`.
 *
 * @see RFC 7515 (JWS), RFC 7519 (JWT)
 */

/** Signs tokens. */
export interface Signer {
  /** `RS256`, `ES256`, `ES384` or `ES512`. */
  readonly algorithm: string;
  /** Which key it is, so that a verifier finds its other half. */
  readonly keyId: string;
  sign(text: Uint8Array): Uint8Array;
}

/** Knows the public keys. */
export interface SignatureVerifier {
  /**
   * @param algorithm - from the token's header: whoever made the token chose it
   * @param keyId - from the token's header; `''` when it names none: then any key will do
   * @returns `false` as well when it has no such key, or the key is not for that algorithm
   */
  verify(algorithm: string, keyId: string, text: Uint8Array, signature: Uint8Array): boolean;
}

/** A token taken apart. Nothing in it is proven. */
export interface Jwt {
  readonly algorithm: string;
  /** `''` when it names none. */
  readonly keyId: string;
  readonly claims: Readonly<Record<string, unknown>>;
  /** What was signed. */
  readonly signedText: Uint8Array;
  readonly signature: Uint8Array;
}

/**
 * Takes a token apart.
 *
 * @returns `undefined` when it is no JWT
 */
export function parseJwt(token: string): Jwt | undefined {
  const [head = '', body = '', tail = '', ...more] = token.split('.');
  if (more.length > 0) return undefined;
  const header = decodeObject(head);
  const claims = decodeObject(body);
  const signature = decodeBase64Url(tail);
  if (!header || !claims || !signature || typeof header.alg !== 'string') return undefined;
  return {
    algorithm: header.alg,
    keyId: typeof header.kid === 'string' ? header.kid : '',
    claims,
    signedText: new TextEncoder().encode(`${head}.${body}`),
    signature,
  };
}

/** Makes a token. */
export function signJwt(claims: object, signer: Signer): string {
  const header = { alg: signer.algorithm, kid: signer.keyId };
  const text = `${encodeObject(header)}.${encodeObject(claims)}`;
  const signature = signer.sign(new TextEncoder().encode(text));
  return `${text}.${encodeBase64Url(signature)}`;
}

function encodeObject(value: object): string {
  return encodeBase64Url(new TextEncoder().encode(JSON.stringify(value)));
}

function decodeObject(text: string): Record<string, unknown> | undefined {
  const bytes = decodeBase64Url(text);
  if (!bytes) return undefined;
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Base64 with `-` and `_`, and without `=` at its end. */
export function encodeBase64Url(bytes: Uint8Array): string {
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** @returns `undefined` when it is no base64url */
export function decodeBase64Url(text: string): Uint8Array | undefined {
  if (!/^[\w-]*$/.test(text) || text.length % 4 === 1) return undefined;
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}
