/**
 * "Who is that?" as a request: TokenReview for others' tokens, SelfSubjectReview for oneself
 * (`kubectl auth whoami`). Given.
 *
 * Nothing of them is stored. What somebody may do is `../authorization/reviews.ts`.
 *
 * @see pkg/registry/authentication/ (1.33)
 */

import type { TokenReview } from 'kubernetes-types/authentication/v1.js';
import { newBadRequest, type StatusError, timestamp } from '#apimachinery';
import type { ApiObject } from '../api-object.ts';
import type { User } from '../user.ts';
import {
  type Authenticated,
  combineRefusals,
  isRefusal,
  type TokenAuthenticator,
} from './token-authenticator.ts';

/** What a TokenReview is answered with. */
export interface TokenReviewOptions {
  /** Those that bearer tokens are looked up with. */
  readonly tokenAuthenticators: readonly TokenAuthenticator[];
  /** On whose behalf it is asked when the review does not say. */
  readonly apiAudiences: readonly string[];
}

/**
 * TokenReview: whose token is this?
 *
 * @param review - as it was sent; not changed
 * @returns the review with its status; a token that is wrong is an answer, not an error
 * @throws StatusError 400, as a rejection, when there is no token in it
 */
export async function reviewToken(
  review: ApiObject,
  { tokenAuthenticators, apiAudiences }: TokenReviewOptions,
): Promise<ApiObject> {
  const { token = '', audiences = [] } = (review as unknown as TokenReview).spec ?? {};
  if (token === '') throw newBadRequest('token is required for TokenReview in authentication');
  const asked = audiences.length > 0 ? audiences : apiAudiences;
  const refusals: StatusError[] = [];
  for (const authenticator of tokenAuthenticators) {
    try {
      const found = await authenticator.authenticateToken(token, asked);
      if (found) return withStatus(review, knownStatus(found));
    } catch (error) {
      if (!isRefusal(error)) throw error;
      refusals.push(error);
    }
  }
  const { message } = refusals.length > 0 ? combineRefusals(refusals) : UNKNOWN;
  return withStatus(review, { user: {}, error: message });
}

const UNKNOWN = { message: 'invalid bearer token' };

function knownStatus({ user, audiences }: Authenticated): object {
  return { authenticated: true, user: userInfo(user), audiences };
}

function withStatus(review: ApiObject, status: object): ApiObject {
  return { ...review, metadata: review.metadata ?? {}, status };
}

/**
 * SelfSubjectReview: who am I?
 *
 * @param nowMs - milliseconds since 1970
 */
export function reviewSelf(
  review: ApiObject,
  { user, nowMs }: { user: User; nowMs: number },
): ApiObject {
  const metadata = { ...review.metadata, creationTimestamp: timestamp(nowMs) };
  return { ...review, metadata, status: { userInfo: userInfo(user) } };
}

/** A user as the API shows it. */
export function userInfo({ username, uid, groups, extra }: User): Record<string, unknown> {
  return {
    username,
    ...(uid && { uid }),
    ...(groups.length > 0 && { groups }),
    ...(extra && Object.keys(extra).length > 0 && { extra }),
  };
}
