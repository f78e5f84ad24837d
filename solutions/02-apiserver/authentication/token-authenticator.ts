/**
 * Whose token is this? Given: the question and the forms of an answer.
 *
 * Where a request carries its token is `bearerToken` in `authentication.ts`. TokenReview asks the
 * same question without a request.
 */

import { newUnauthorized, StatusError } from '#apimachinery';
import type { User } from '../user.ts';

/** Finds out whose token it is. */
export interface TokenAuthenticator {
  /**
   * @param audiences - who is asking: a token that is for none of them is no proof
   * @returns `undefined` when it is none of the tokens it knows
   * @throws StatusError 401, as a rejection, when it is one of them, and no good
   */
  authenticateToken(
    token: string,
    audiences: readonly string[],
  ): Promise<Authenticated | undefined> | Authenticated | undefined;
}

/** Whose token it is. */
export interface Authenticated {
  readonly user: User;
  /** Those of the audiences asked for that the token is meant for, in the order they were asked for. */
  readonly audiences: readonly string[];
}

/** Is it an authenticator's way to say that credentials are wrong? Anything else is a failure. */
export function isRefusal(error: unknown): error is StatusError {
  return error instanceof StatusError && error.code === 401;
}

/**
 * Several refusals as one.
 *
 * @returns the only one, or a 401 with all messages, each once: `[a, b]`
 */
export function combineRefusals(refusals: readonly StatusError[]): StatusError {
  const messages = [...new Set(refusals.map(({ message }) => message))];
  return newUnauthorized(messages.length === 1 ? messages.join() : `[${messages.join(', ')}]`);
}
