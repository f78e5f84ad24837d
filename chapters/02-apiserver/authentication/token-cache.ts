/**
 * Remembers for a moment whose token it was, so that not every request costs a signature. Given.
 *
 * Only good news is remembered: a token may become good at any time. A token that is taken back is
 * good for up to {@link TTL_MS} more, as in Kubernetes.
 *
 * @see k8s.io/apiserver/pkg/authentication/token/cache/cached_token_authenticator.go (1.33)
 */

import type { Clock } from '#apimachinery';
import type { Authenticated, TokenAuthenticator } from './token-authenticator.ts';

const TTL_MS = 10_000;
/** Forgetting all is cheaper than choosing, and never wrong. */
const MAX_ENTRIES = 4096;

/** Asks `inner` about each token once in ten seconds. */
export function cachedTokens(inner: TokenAuthenticator, clock: Clock): TokenAuthenticator {
  const known = new Map<string, { answer: Authenticated; until: number }>();
  return {
    async authenticateToken(token, audiences) {
      const key = JSON.stringify([token, ...audiences]);
      const cached = known.get(key);
      if (cached && clock.monotonic() < cached.until) return cached.answer;
      known.delete(key);
      const answer = await inner.authenticateToken(token, audiences);
      if (!answer) return undefined;
      if (known.size >= MAX_ENTRIES) known.clear();
      known.set(key, { answer, until: clock.monotonic() + TTL_MS });
      return answer;
    },
  };
}
