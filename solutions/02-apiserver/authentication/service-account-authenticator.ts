/**
 * Whose token is it, when it is one this server made for a service account?
 *
 * What a token says is `service-account-claims.ts`, how it is made `service-account-tokens.ts`.
 */

import { type Clock, newUnauthorized } from '#apimachinery';
import type { User } from '../user.ts';
import { parseJwt, type SignatureVerifier } from './jwt.ts';
import {
  type KubernetesClaims,
  readClaims,
  type ServiceAccountClaims,
} from './service-account-claims.ts';
import { serviceAccountGroups, serviceAccountUsername } from './service-account-names.ts';
import type { TokenAuthenticator } from './token-authenticator.ts';

/**
 * Looks an object up that a token is bound to.
 *
 * @param resource - `serviceaccounts`, `pods`, `secrets` or `nodes`
 * @param namespace - `''` for a node
 * @returns its uid; `undefined` when it is not there, or is only still there because somebody has
 * not yet done what must be done before it goes, more than a minute after its `deletionTimestamp`
 */
export type ObjectUid = (
  resource: string,
  namespace: string,
  name: string,
) => Promise<string | undefined>;

/** What is needed to tell a good token. */
export interface ServiceAccountTokensOptions {
  /** Who may have made a token: the server itself first. */
  readonly issuers: readonly string[];
  /** The API server's own names: for whom a token is that does not say. */
  readonly apiAudiences: readonly string[];
  readonly verifier: SignatureVerifier;
  readonly clock: Clock;
  readonly objectUid: ObjectUid;
}

/** How much clocks may differ. */
const LEEWAY_SECONDS = 60;

/** Signatures made with a private key. Anything else is made with none (`none`), or by anybody (`HS256`). */
const ALGORITHMS = new Set(['RS256', 'ES256', 'ES384', 'ES512']);

/**
 * Knows the tokens of service accounts.
 *
 * @remarks In this order:
 *
 * 1. A token that `parseJwt` cannot take apart, or whose `iss` is none of `issuers`, is somebody
 *    else's: the answer is `undefined`.
 * 2. The algorithm must be RS256, ES256, ES384 or ES512, and the verifier, asked with the token's
 *    algorithm and key id, must find the signature right. Otherwise `invalid signature`.
 * 3. The claims must be readable (`readClaims`). Otherwise `service account token claims could not
 *    be validated`.
 * 4. One of the audiences asked for must be among the token's `aud`, or among `apiAudiences` when
 *    the token has none. Otherwise `token audiences ["a" "b"] is invalid for the target audiences
 *    ["c"]`.
 * 5. The time, in seconds, with a leeway of 60 seconds each way: not more than that before `nbf`
 *    (`service account token is not valid yet`), nor past `exp` (`service account token has
 *    expired`), nor before `iat` (`service account token is issued in the future`). What the token
 *    does not have is not checked.
 * 6. What it is bound to must still be there, with the same uid: the service account, then the
 *    secret if there is one, then the pod if there is one, and a node only if there is no pod. The
 *    messages:
 *
 * ```text
 * service account NAMESPACE/NAME has been deleted
 * service account UID (FOUND) does not match claim (CLAIMED)
 * service account token has been invalidated                 any of the others is not there
 * secret UID (FOUND) does not match service account secret ref claim (CLAIMED)
 * pod UID (FOUND) does not match service account pod ref claim (CLAIMED)
 * node UID (FOUND) does not match service account node ref claim (CLAIMED)
 * ```
 *
 * The messages are those of a 401. Step 2 comes before anything is looked up, so that nobody learns
 * by made-up tokens what there is.
 *
 * The user has the name and the groups of `service-account-names.ts` and the service account's uid.
 * Its `extra` has, each with one value and each only if there is something to say:
 *
 * ```text
 * authentication.kubernetes.io/credential-id   JTI= and the token's jti
 * authentication.kubernetes.io/pod-name, …/pod-uid
 * authentication.kubernetes.io/node-name, …/node-uid   of a pod's node as well
 * ```
 *
 * With none of them there is no `extra`. As `audiences` it has those asked for that the token is
 * for, in the order they were asked for.
 *
 * @see pkg/serviceaccount/jwt.go and claims.go (1.33)
 * @exercise apiserver/authentication
 */
export function serviceAccountTokens(options: ServiceAccountTokensOptions): TokenAuthenticator {
  return {
    async authenticateToken(token, asked) {
      const jwt = parseJwt(token);
      if (!jwt || !options.issuers.includes(String(jwt.claims.iss))) return undefined;
      const { algorithm, keyId, signedText, signature } = jwt;
      const isSigned =
        ALGORITHMS.has(algorithm) &&
        options.verifier.verify(algorithm, keyId, signedText, signature);
      if (!isSigned) throw newUnauthorized('invalid signature');
      const claims = readClaims(jwt.claims);
      if (!claims) throw newUnauthorized('service account token claims could not be validated');
      const audiences = audiencesOf(claims, asked, options.apiAudiences);
      checkTime(claims, options.clock.now() / 1000);
      await checkBindings(claims['kubernetes.io'], options.objectUid);
      return { user: userOf(claims), audiences };
    },
  };
}

function audiencesOf(
  { aud = [] }: ServiceAccountClaims,
  asked: readonly string[],
  apiAudiences: readonly string[],
): readonly string[] {
  const meant = aud.length > 0 ? aud : apiAudiences;
  const audiences = asked.filter((one) => meant.includes(one));
  if (audiences.length > 0) return audiences;
  throw newUnauthorized(
    `token audiences ${quoted(meant)} is invalid for the target audiences ${quoted(asked)}`,
  );
}

function quoted(texts: readonly string[]): string {
  return `[${texts.map((text) => JSON.stringify(text)).join(' ')}]`;
}

function checkTime({ nbf, exp, iat }: ServiceAccountClaims, nowSeconds: number): void {
  if (nbf !== undefined && nowSeconds + LEEWAY_SECONDS < nbf) {
    throw newUnauthorized('service account token is not valid yet');
  }
  if (exp !== undefined && nowSeconds - LEEWAY_SECONDS > exp) {
    throw newUnauthorized('service account token has expired');
  }
  if (iat !== undefined && nowSeconds + LEEWAY_SECONDS < iat) {
    throw newUnauthorized('service account token is issued in the future');
  }
}

async function checkBindings(claims: KubernetesClaims, objectUid: ObjectUid): Promise<void> {
  const { namespace, serviceaccount, secret, pod, node } = claims;
  const found = await objectUid('serviceaccounts', namespace, serviceaccount.name);
  if (found === undefined) {
    throw newUnauthorized(`service account ${namespace}/${serviceaccount.name} has been deleted`);
  }
  if (found !== serviceaccount.uid) {
    throw newUnauthorized(
      `service account UID (${found}) does not match claim (${serviceaccount.uid})`,
    );
  }
  const bound = [
    { kind: 'secret', place: namespace, claim: secret },
    { kind: 'pod', place: namespace, claim: pod },
    // Of a pod's node the token only tells: it ends with the pod.
    { kind: 'node', place: '', claim: pod ? undefined : node },
  ];
  for (const { kind, place, claim } of bound) {
    if (!claim) continue;
    const uid = await objectUid(`${kind}s`, place, claim.name);
    if (uid === undefined) throw newUnauthorized('service account token has been invalidated');
    if (uid === claim.uid) continue;
    const claimed = `service account ${kind} ref claim (${claim.uid})`;
    throw newUnauthorized(`${kind} UID (${uid}) does not match ${claimed}`);
  }
}

function userOf({ jti, 'kubernetes.io': claims }: ServiceAccountClaims): User {
  const { namespace, serviceaccount, pod, node } = claims;
  const known = Object.entries({
    'credential-id': jti ? `JTI=${jti}` : undefined,
    'pod-name': pod?.name,
    'pod-uid': pod?.uid,
    'node-name': node?.name,
    'node-uid': node?.uid,
  }).filter(([, value]) => value !== undefined && value !== '');
  const extra = known.map(([name, value]) => [`authentication.kubernetes.io/${name}`, [value]]);
  return {
    username: serviceAccountUsername({ namespace, name: serviceaccount.name }),
    uid: serviceaccount.uid,
    groups: serviceAccountGroups(namespace),
    ...(extra.length > 0 && { extra: Object.fromEntries(extra) }),
  };
}
