/**
 * Tokens of machines that are about to join, kept as Secrets in `kube-system`. Given.
 *
 * Who shows one is `system:bootstrap:ID`, and may do what its groups may: ask for a certificate, as a rule.
 *
 * @see plugin/pkg/auth/authenticator/token/bootstrap/bootstrap.go (1.33)
 */

import type { Clock } from '#apimachinery';
import type { ApiObject } from '../api-object.ts';
import { equalInConstantTime } from './authentication.ts';
import type { TokenAuthenticator } from './token-authenticator.ts';

const SECRET_TYPE = 'bootstrap.kubernetes.io/token';
const DEFAULT_GROUP = 'system:bootstrappers';
const TOKEN = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const EXTRA_GROUP = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;

/** Where the Secrets are. */
export interface BootstrapTokensOptions {
  readonly clock: Clock;
  readonly apiAudiences: readonly string[];
  /** @returns the Secret of that name in `kube-system`; `undefined` when there is none */
  readonly secret: (name: string) => Promise<ApiObject | undefined>;
}

/**
 * Knows tokens `ID.SECRET` by the Secrets `bootstrap-token-ID`.
 *
 * @returns an authenticator that never refuses: a token that is no good is one it does not know
 */
export function bootstrapTokens(options: BootstrapTokensOptions): TokenAuthenticator {
  const { clock, apiAudiences, secret } = options;
  return {
    async authenticateToken(token, asked) {
      const [, id = '', tokenSecret = ''] = TOKEN.exec(token) ?? [];
      const audiences = asked.filter((one) => apiAudiences.includes(one));
      if (id === '' || audiences.length === 0) return undefined;
      const kept = await secret(`bootstrap-token-${id}`);
      if (kept?.type !== SECRET_TYPE || kept.metadata.deletionTimestamp !== undefined) {
        return undefined;
      }
      const data = dataOf(kept);
      const isGood =
        equalInConstantTime(tokenSecret, data('token-secret')) &&
        data('token-id') === id &&
        data('usage-bootstrap-authentication') === 'true' &&
        !hasExpired(data('expiration'), clock.now());
      const extra = data('auth-extra-groups');
      const groups = [...new Set(extra === '' ? [] : extra.split(','))].sort();
      if (!isGood || !groups.every((group) => EXTRA_GROUP.test(group))) return undefined;
      return {
        user: { username: `system:bootstrap:${id}`, groups: [DEFAULT_GROUP, ...groups] },
        audiences,
      };
    },
  };
}

function dataOf(secret: ApiObject): (key: string) => string {
  const data = (secret.data ?? {}) as Readonly<Record<string, string>>;
  return (key) => atob(data[key] ?? '');
}

/** A time that nobody can read is over. */
function hasExpired(text: string, now: number): boolean {
  if (text === '') return false;
  const at = Date.parse(text);
  return Number.isNaN(at) || at <= now;
}
