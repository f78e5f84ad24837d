/** Tokens with which machines join, and the Secrets they are kept in. Given. */

import type { Secret } from 'kubernetes-types/core/v1.js';
import { type Random, timestamp } from '#apimachinery';

/** The group of who shows a token, which may ask for a node's certificate. */
export const BOOTSTRAPPERS = 'system:bootstrappers:kubeadm:default-node-token';
/** Where the Secrets are. */
export const TOKEN_NAMESPACE = 'kube-system';
/** What kind of Secret it is. */
export const TOKEN_TYPE = 'bootstrap.kubernetes.io/token';

const TOKEN = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** @returns the public part of a token; `undefined` when it is none */
export function tokenId(token: string): string | undefined {
  return TOKEN.exec(token)?.[1];
}

/** The name of the Secret of a token. @param id - of {@link tokenId} */
export function tokenSecretName(id: string): string {
  return `bootstrap-token-${id}`;
}

/** A new token: `ID.SECRET`. @param random - that nobody can guess */
export function newToken(random: Random): string {
  const text = (length: number): string =>
    Array.from({ length }, () => LETTERS[random.int(LETTERS.length)]).join('');
  return `${text(6)}.${text(16)}`;
}

/**
 * The Secret by which an API server knows a token.
 *
 * @param expiresAt - milliseconds since 1970; absent: never
 * @throws Error `the bootstrap token "TOKEN" was not of the form "[a-z0-9]{6}.[a-z0-9]{16}"`
 * @see cmd/kubeadm/app/apis/bootstraptoken/v1/utils.go (1.33)
 */
export function tokenSecret(
  token: string,
  { expiresAt, description }: { readonly expiresAt?: number; readonly description?: string } = {},
): Secret {
  const [, id, secret] = TOKEN.exec(token) ?? [];
  if (id === undefined || secret === undefined) {
    throw new Error(
      `the bootstrap token "${token}" was not of the form "[a-z0-9]{6}.[a-z0-9]{16}"`,
    );
  }
  const texts = {
    'token-id': id,
    'token-secret': secret,
    'usage-bootstrap-authentication': 'true',
    'auth-extra-groups': BOOTSTRAPPERS,
    ...(description && { description }),
    ...(expiresAt !== undefined && { expiration: timestamp(expiresAt) }),
  };
  return {
    metadata: { name: tokenSecretName(id), namespace: TOKEN_NAMESPACE },
    type: TOKEN_TYPE,
    data: Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, btoa(text)])),
  };
}
