/**
 * Who sent this request? Every way to prove it, and in which order they are tried.
 *
 * Service accounts' tokens are a file of their own: `service-account-authenticator.ts`. What a user
 * may do then is `../authorization/`. Next: `service-account-authenticator.ts`.
 */

import type { Clock } from '#apimachinery';
import { NotImplemented } from '#not-implemented';
import type { Authenticator, Credentials } from './authenticator.ts';
import type { TokenAuthenticator } from './token-authenticator.ts';
import type { StaticToken } from './token-file.ts';

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
  throw new NotImplemented('apiserver/authentication', 'bearerToken');
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
  throw new NotImplemented('apiserver/authentication', 'equalInConstantTime');
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
  throw new NotImplemented('apiserver/authentication', 'staticTokens');
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
  throw new NotImplemented('apiserver/authentication', 'bearerTokens');
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
  throw new NotImplemented('apiserver/authentication', 'clientCertificates');
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
  throw new NotImplemented('apiserver/authentication', 'newAuthenticator');
}
