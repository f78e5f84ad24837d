/**
 * Resources that are questions: what is created is answered, and nothing is stored. Given.
 *
 * What the answers are is in `../authorization/reviews.ts` and `../authentication/reviews.ts`.
 */

import { newBadRequest } from '#apimachinery';
import type { ApiObject } from '../api-object.ts';
import { reviewSelf, reviewToken, type TokenReviewOptions } from '../authentication/reviews.ts';
import type { Authorizer } from '../authorization/authorizer.ts';
import {
  reviewLocalAccess,
  reviewSelfAccess,
  reviewSelfRules,
  reviewSubjectAccess,
} from '../authorization/reviews.ts';
import type { RuleResolver } from '../authorization/rule-resolver.ts';
import type { Context } from '../context.ts';
import type { ServedResource } from '../served-resources.ts';
import { plainAnswer } from './answers.ts';
import { readPlainObject } from './bodies.ts';
import type { HandlerWorld } from './endpoint.ts';
import { writeOptions } from './options.ts';

/** What the answers come from. */
export interface ReviewOptions extends TokenReviewOptions {
  readonly world: HandlerWorld;
  readonly authorizer: Authorizer;
  readonly rules: RuleResolver;
}

type Review = (object: ApiObject, context: Context) => Promise<ApiObject> | ApiObject;

/** The reviews, as they are served. */
export function reviewResources(options: ReviewOptions): ServedResource[] {
  const { authorizer, rules, world } = options;
  const authorization = (kind: string, resource: string, review: Review, namespaced = false) =>
    reviewResource(world, 'authorization.k8s.io', kind, resource, review, namespaced);
  const authentication = (kind: string, resource: string, review: Review) =>
    reviewResource(world, 'authentication.k8s.io', kind, resource, review, false);
  return [
    authentication('SelfSubjectReview', 'selfsubjectreviews', (object, { user }) =>
      reviewSelf(object, { user, nowMs: world.clock.now() }),
    ),
    authentication('TokenReview', 'tokenreviews', (object) => reviewToken(object, options)),
    authorization(
      'LocalSubjectAccessReview',
      'localsubjectaccessreviews',
      (object, { info }) => reviewLocalAccess(object, { authorizer, namespace: info.namespace }),
      true,
    ),
    authorization('SelfSubjectAccessReview', 'selfsubjectaccessreviews', (object, { user }) =>
      reviewSelfAccess(object, { authorizer, user }),
    ),
    authorization('SelfSubjectRulesReview', 'selfsubjectrulesreviews', (object, { user }) =>
      reviewSelfRules(object, { rules, user }),
    ),
    authorization('SubjectAccessReview', 'subjectaccessreviews', (object) =>
      reviewSubjectAccess(object, { authorizer }),
    ),
  ];
}

function reviewResource(
  world: HandlerWorld,
  group: string,
  kind: string,
  resource: string,
  review: Review,
  namespaced: boolean,
): ServedResource {
  return {
    group,
    version: 'v1',
    resource,
    kind,
    singular: kind.toLowerCase(),
    shortNames: [],
    categories: [],
    namespaced,
    verbs: ['create'],
    subresources: new Map(),
    handle: async (context) => {
      writeOptions(context.query, 'CreateOptions');
      const object = await readPlainObject({ world }, context, { group, version: 'v1', kind });
      if (object.kind !== kind) {
        throw newBadRequest(`expected a ${kind}, found a ${object.kind}`);
      }
      if (namespaced) object.metadata.namespace ||= context.info.namespace;
      return plainAnswer(await review(object, context), 201);
    },
  };
}
