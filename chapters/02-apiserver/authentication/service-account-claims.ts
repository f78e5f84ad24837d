/**
 * What a service account's token says. Given: its form, and reading it.
 *
 * Whether it is true and still holds is `service-account-authenticator.ts`; making one is
 * `service-account-tokens.ts`.
 *
 * @see pkg/serviceaccount/claims.go (1.33)
 */

/** The claims of a token, as they stand in its JSON. */
export interface ServiceAccountClaims {
  readonly iss: string;
  /** For whom it is; absent or empty: for the API server. */
  readonly aud?: readonly string[];
  /** Seconds since 1970: when it ends, when it begins, when it was made. */
  readonly exp?: number;
  readonly nbf?: number;
  readonly iat?: number;
  /** An id no other token has. */
  readonly jti?: string;
  readonly sub?: string;
  readonly 'kubernetes.io': KubernetesClaims;
}

/** Whose it is, and with what it ends. */
export interface KubernetesClaims {
  readonly namespace: string;
  readonly serviceaccount: ObjectClaim;
  /** What the token is bound to: it is good only as long as that is there. */
  readonly pod?: ObjectClaim;
  readonly secret?: ObjectClaim;
  /** With a pod: where that runs, and no more than that. Alone: what the token is bound to. */
  readonly node?: ObjectClaim;
  /** From when on somebody should be told that the token is old. */
  readonly warnafter?: number;
}

export interface ObjectClaim {
  readonly name: string;
  /** `''` only for a pod's node that was not there when the token was made. */
  readonly uid: string;
}

type Raw = Readonly<Record<string, unknown>>;

/**
 * Reads the claims of a token.
 *
 * @param claims - as `parseJwt` gives them
 * @returns the claims, or `undefined` when they are not of the form above; an `aud` that is one text
 * counts as a list of one
 */
export function readClaims(claims: Raw): ServiceAccountClaims | undefined {
  const { iss, exp, nbf, iat, jti, sub } = claims;
  const aud = typeof claims.aud === 'string' ? [claims.aud] : claims.aud;
  const kubernetes = readKubernetesClaims(claims['kubernetes.io']);
  const fits =
    typeof iss === 'string' &&
    (aud === undefined || isTextList(aud)) &&
    [exp, nbf, iat].every(isOptionalNumber) &&
    [jti, sub].every(isOptionalText);
  if (!fits || !kubernetes) return undefined;
  const read = { iss, aud, exp, nbf, iat, jti, sub, 'kubernetes.io': kubernetes };
  return read as ServiceAccountClaims;
}

function readKubernetesClaims(value: unknown): KubernetesClaims | undefined {
  if (!isRaw(value)) return undefined;
  const { namespace, serviceaccount, pod, secret, node, warnafter } = value;
  const objects = { serviceaccount, pod, secret, node };
  const present = Object.entries(objects).filter(([, one]) => one !== undefined && one !== null);
  const fits =
    typeof namespace === 'string' &&
    isRaw(serviceaccount) &&
    present.every(([, one]) => isObjectClaim(one)) &&
    isOptionalNumber(warnafter);
  if (!fits) return undefined;
  const read = present.map(([name, one]) => [name, { uid: '', ...(one as Partial<ObjectClaim>) }]);
  return { namespace, ...(warnafter !== undefined && { warnafter }), ...Object.fromEntries(read) };
}

function isObjectClaim(value: unknown): boolean {
  return isRaw(value) && typeof value.name === 'string' && isOptionalText(value.uid);
}

function isOptionalNumber(value: unknown): boolean {
  return value === undefined || typeof value === 'number';
}

function isOptionalText(value: unknown): boolean {
  return value === undefined || typeof value === 'string';
}

function isTextList(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

function isRaw(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
