/**
 * Who sent this request? Every way to prove it, and in which order they are tried.
 *
 * Service accounts' tokens are a file of their own: `service-account-authenticator.ts`. What a user
 * may do then is `../authorization/`. Next: `service-account-authenticator.ts`.
 */

import { type Clock, newUnauthorized, type StatusError, timestamp } from '#apimachinery';
import type { PeerCertificate } from '../connection.ts';
import { ANONYMOUS, type User } from '../user.ts';
import type { Authenticator, Credentials } from './authenticator.ts';
import { combineRefusals, isRefusal, type TokenAuthenticator } from './token-authenticator.ts';
import type { StaticToken } from './token-file.ts';

/** In the group of everybody the server knows. */
const AUTHENTICATED = 'system:authenticated';
/** In the group of everybody it does not. */
const UNAUTHENTICATED = 'system:unauthenticated';

/**
 * The bearer token a request shows, from its header `Authorization`.
 *
 * @remarks The header's words are what stands between single spaces, once the spaces around it are
 * gone. The first word must be `Bearer`, in small or capital letters; the second is the token; what
 * follows is not looked at. Two spaces before the token make the second word empty, and then there
 * is no token: such a request is one without credentials, not one with bad ones.
 *
 * ```text
 * Bearer abc       abc
 *  bearer abc def  abc
 * Bearer  abc      none
 * Bearer           none
 * Basic abc        none
 * ```
 *
 * @returns `undefined` when there is none
 * @see k8s.io/apiserver/pkg/authentication/request/bearertoken/bearertoken.go (1.33)
 * @exercise apiserver/authentication
 */
export function bearerToken(headers: Credentials['headers']): string | undefined {
  const [scheme = '', token = ''] = (headers.get('authorization') ?? '').trim().split(' ');
  if (scheme.toLowerCase() !== 'bearer' || token === '') return undefined;
  return token;
}

/**
 * Compares two secrets without telling, by the time it takes, how much of one was right.
 *
 * @remarks A comparison that ends at the first difference takes longer the more of the beginning is
 * right, so that a token can be guessed letter by letter. This one always looks at all of `given`,
 * and only its length may show in the time. There is no way to test that: it is between you and
 * whoever reads your code.
 *
 * @param given - what somebody sent
 * @param secret - what would be right
 * @exercise apiserver/authentication
 */
export function equalInConstantTime(given: string, secret: string): boolean {
  let difference = given.length ^ secret.length;
  for (let i = 0; i < given.length; i++) {
    // Past the end of the secret this is NaN, which counts as 0: the lengths differ already.
    difference |= given.charCodeAt(i) ^ secret.charCodeAt(i);
  }
  return difference === 0;
}

/**
 * Knows a fixed list of tokens.
 *
 * @remarks It compares with every token of the list by {@link equalInConstantTime}. The tokens are
 * for the API server: when it is asked on behalf of others only, it knows none of them.
 *
 * @param tokens - no two with the same token
 * @param apiAudiences - the API server's own names
 * @returns an authenticator whose answer has the user as it stands in the list, and as `audiences`
 * those asked for that are among `apiAudiences`, in the order they were asked for; `undefined` when
 * the token is not on the list, or there is no such audience
 * @see k8s.io/apiserver/pkg/authentication/token/tokenfile/tokenfile.go,
 * authenticator/audagnostic.go (1.33)
 * @exercise apiserver/authentication
 */
export function staticTokens(
  tokens: readonly StaticToken[],
  apiAudiences: readonly string[],
): TokenAuthenticator {
  return {
    authenticateToken(token, asked) {
      const audiences = asked.filter((one) => apiAudiences.includes(one));
      const found = tokens.filter((known) => equalInConstantTime(token, known.token))[0];
      return found && audiences.length > 0 ? { user: found.user, audiences } : undefined;
    },
  };
}

/**
 * Knows whoever shows a bearer token ({@link bearerToken}) that one of the token authenticators
 * knows.
 *
 * @remarks They are asked in order, on behalf of `apiAudiences`; the first user one of them answers
 * is it. One that refuses the token does not keep the next from being asked. When nobody knows the
 * token it is wrong: 401, with the refusals combined by `combineRefusals`, or with the message
 * `invalid bearer token` when nobody refused it either. An error that is no refusal (`isRefusal`)
 * is passed on at once.
 *
 * @returns an authenticator that answers `undefined` when a request shows no token
 * @see k8s.io/apiserver/pkg/authentication/token/union/union.go (1.33)
 * @exercise apiserver/authentication
 */
export function bearerTokens(
  authenticators: readonly TokenAuthenticator[],
  apiAudiences: readonly string[],
): Authenticator {
  return {
    async authenticate({ headers }) {
      const token = bearerToken(headers);
      if (token === undefined) return undefined;
      const found = await firstAnswer(authenticators, (one) =>
        one.authenticateToken(token, apiAudiences),
      );
      if (!found) throw newUnauthorized('invalid bearer token');
      return found.user;
    },
  };
}

/**
 * Knows whoever proved to own a client certificate.
 *
 * @remarks That the chain leads to the clients' authority was checked when the connection was made.
 * But a connection lasts, so every certificate of the chain must be valid now; and the first, the
 * caller's own, must be meant for clients. The caller's common name is the user's name, its
 * organizations are the groups. If the certificate's `sha256` is known, the user's `extra` has
 * `authentication.kubernetes.io/credential-id` with the one value `X509SHA256=` and that; otherwise
 * there is no `extra`.
 *
 * It throws 401 with one of these messages, times being in the form of `timestamp`; the earlier
 * certificate counts, and time before usage:
 *
 * ```text
 * x509: certificate has expired or is not yet valid: current time NOW is before NOT-BEFORE
 * x509: certificate has expired or is not yet valid: current time NOW is after NOT-AFTER
 * x509: certificate specifies an incompatible key usage
 * ```
 *
 * A certificate is still valid at `notBefore` and at `notAfter`.
 *
 * @returns an authenticator that answers `undefined` when the connection has no certificates, and
 * for a good certificate without a common name
 * @see k8s.io/apiserver/pkg/authentication/request/x509/x509.go (1.33)
 * @exercise apiserver/authentication
 */
export function clientCertificates(clock: Clock): Authenticator {
  return {
    authenticate({ connection: { peerCertificates } }) {
      const [own] = peerCertificates;
      if (!own) return undefined;
      for (const certificate of peerCertificates) checkValidity(certificate, clock.now());
      if (!own.forClients) {
        throw newUnauthorized('x509: certificate specifies an incompatible key usage');
      }
      return own.commonName === '' ? undefined : ownerOf(own);
    },
  };
}

function checkValidity({ notBefore, notAfter }: PeerCertificate, now: number): void {
  const why = 'x509: certificate has expired or is not yet valid: current time';
  if (now < notBefore) {
    throw newUnauthorized(`${why} ${timestamp(now)} is before ${timestamp(notBefore)}`);
  }
  if (now > notAfter) {
    throw newUnauthorized(`${why} ${timestamp(now)} is after ${timestamp(notAfter)}`);
  }
}

function ownerOf({ commonName, organizations, sha256 }: PeerCertificate): User {
  const user = { username: commonName, groups: organizations };
  if (sha256 === undefined) return user;
  const credentialId = `X509SHA256=${sha256}`;
  return { ...user, extra: { 'authentication.kubernetes.io/credential-id': [credentialId] } };
}

/** How requests are authenticated. */
export interface AuthenticationOptions {
  /** In the order they are tried: client certificates, then bearer tokens. */
  readonly authenticators: readonly Authenticator[];
  /** May one come without credentials? */
  readonly anonymous: boolean;
}

/**
 * Knows whoever any of the authenticators knows.
 *
 * @remarks They are tried in order, and the first user found is it, whatever other credentials the
 * request has: a good certificate makes a wrong token beside it count for nothing, and a good token
 * makes up for an expired certificate. The user gets the group `system:authenticated`, last, unless
 * it is in that or in `system:unauthenticated` already; and unless it is `system:anonymous`.
 *
 * Nobody found and a refusal on the way: 401, the refusals combined by `combineRefusals`. So bad
 * credentials are refused even where none at all would do. Nobody found and no refusal: it is a
 * request without credentials, and `ANONYMOUS` where that is allowed. An error that is no refusal
 * (`isRefusal`) is passed on at once.
 *
 * @returns an authenticator that answers `undefined` for a request without credentials where
 * `anonymous` is false
 * @see pkg/kubeapiserver/authenticator/config.go,
 * k8s.io/apiserver/pkg/authentication/group/authenticated_group_adder.go (1.33)
 * @exercise apiserver/authentication
 */
export function newAuthenticator({
  authenticators,
  anonymous,
}: AuthenticationOptions): Authenticator {
  return {
    async authenticate(credentials) {
      const user = await firstAnswer(authenticators, (one) => one.authenticate(credentials));
      if (user) return withAuthenticatedGroup(user);
      return anonymous ? ANONYMOUS : undefined;
    },
  };
}

function withAuthenticatedGroup(user: User): User {
  const { username, groups } = user;
  const isPlaced = groups.includes(AUTHENTICATED) || groups.includes(UNAUTHENTICATED);
  if (isPlaced || username === ANONYMOUS.username) return user;
  return { ...user, groups: [...groups, AUTHENTICATED] };
}

/**
 * The first answer any of them has.
 *
 * @throws the refusals, combined, when there is none and somebody refused
 */
async function firstAnswer<Asked, Answer>(
  all: readonly Asked[],
  ask: (one: Asked) => Promise<Answer | undefined> | Answer | undefined,
): Promise<Answer | undefined> {
  const refusals: StatusError[] = [];
  for (const one of all) {
    try {
      const answer = await ask(one);
      if (answer) return answer;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      refusals.push(error);
    }
  }
  if (refusals.length > 0) throw combineRefusals(refusals);
  return undefined;
}
