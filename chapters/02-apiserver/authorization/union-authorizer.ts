/** Several authorizers as one. Given. */

import type { Authorizer } from './authorizer.ts';

/**
 * Asks several authorizers in order; the first one with an opinion decides.
 *
 * @remarks Those behind it are not asked, and its decision is the answer as it is. When nobody has an
 * opinion neither has the union: its reason is all reasons that are not empty, a line each.
 *
 * @see k8s.io/apiserver/pkg/authorization/union/union.go (1.33)
 */
export function unionAuthorizer(authorizers: readonly Authorizer[]): Authorizer {
  return {
    async authorize(attributes) {
      const reasons: string[] = [];
      for (const authorizer of authorizers) {
        const decision = await authorizer.authorize(attributes);
        if (decision.verdict !== 'no-opinion') return decision;
        if (decision.reason !== '') reasons.push(decision.reason);
      }
      return { verdict: 'no-opinion', reason: reasons.join('\n') };
    },
  };
}
