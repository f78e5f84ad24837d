/**
 * "May I?" as a request: the four access reviews, answered by the authorizer itself. Given.
 *
 * Nothing of them is stored. Who somebody is is `../authentication/reviews.ts`.
 *
 * @see pkg/registry/authorization/, pkg/apis/authorization/validation/validation.go (1.33)
 */

import type {
  NonResourceAttributes as NonResourceSpec,
  ResourceAttributes as ResourceSpec,
  SelfSubjectRulesReview,
  SubjectAccessReview,
  SubjectAccessReviewSpec,
} from 'kubernetes-types/authorization/v1.js';
import {
  type FieldError,
  fieldInvalid,
  newBadRequest,
  newInvalid,
  semanticallyEqual,
} from '#apimachinery';
import type { ApiObject } from '../api-object.ts';
import type { User } from '../user.ts';
import type { Attributes, Authorizer } from './authorizer.ts';
import type { RuleResolver } from './rule-resolver.ts';

const GROUP = 'authorization.k8s.io';

/**
 * SubjectAccessReview: may somebody do something?
 *
 * @param review - as it was sent; not changed
 * @returns the review with its status
 * @throws StatusError 422, as a rejection
 */
export function reviewSubjectAccess(
  review: ApiObject,
  { authorizer }: { authorizer: Authorizer },
): Promise<ApiObject> {
  const spec = specOf(review);
  refuse('SubjectAccessReview', [
    ...attributesFaults(spec),
    ...subjectFaults(spec),
    ...metadataFaults(review, 'must be empty'),
  ]);
  return decide(review, attributesOf(spec, subjectOf(spec)), authorizer);
}

/**
 * SelfSubjectAccessReview: may I do something?
 *
 * @param review - as it was sent; not changed
 * @throws StatusError 422, as a rejection
 */
export function reviewSelfAccess(
  review: ApiObject,
  { authorizer, user }: { authorizer: Authorizer; user: User },
): Promise<ApiObject> {
  const spec = specOf(review);
  refuse('SelfSubjectAccessReview', [
    ...attributesFaults(spec),
    ...metadataFaults(review, 'must be empty'),
  ]);
  return decide(review, attributesOf(spec, user), authorizer);
}

/**
 * LocalSubjectAccessReview: may somebody do something in this namespace?
 *
 * @param review - as it was sent; not changed
 * @param options - `namespace` is the URL's
 * @throws StatusError 400 or 422, as a rejection
 */
export function reviewLocalAccess(
  review: ApiObject,
  { authorizer, namespace }: { authorizer: Authorizer; namespace: string },
): Promise<ApiObject> {
  const spec = specOf(review);
  const own = review.metadata?.namespace ?? '';
  const asked = spec.resourceAttributes?.namespace ?? '';
  const faults = [
    ...attributesFaults(spec),
    ...subjectFaults(spec),
    ...metadataFaults(review, 'must be empty except for namespace', ['namespace']),
  ];
  if (spec.resourceAttributes && asked !== own) {
    const field = 'spec.resourceAttributes.namespace';
    faults.push(fieldInvalid(field, asked, 'must match metadata.namespace'));
  }
  if (spec.nonResourceAttributes) {
    const why = 'disallowed on this kind of request';
    faults.push(fieldInvalid('spec.nonResourceAttributes', spec.nonResourceAttributes, why));
  }
  refuse('LocalSubjectAccessReview', faults);
  if (namespace !== own) {
    throw newBadRequest(`spec.resourceAttributes.namespace must match namespace: ${namespace}`);
  }
  return decide(review, attributesOf(spec, subjectOf(spec)), authorizer);
}

/**
 * SelfSubjectRulesReview: what may I do in this namespace?
 *
 * @param review - as it was sent; not changed
 * @throws StatusError 400
 */
export function reviewSelfRules(
  review: ApiObject,
  { rules, user }: { rules: RuleResolver; user: User },
): ApiObject {
  const { namespace = '' } = (review as unknown as SelfSubjectRulesReview).spec ?? {};
  if (namespace === '') throw newBadRequest('no namespace on request');
  const { resourceRules, nonResourceRules, incomplete, errors } = rules(user, namespace);
  const evaluationError = textOf(errors);
  return {
    apiVersion: `${GROUP}/v1`,
    kind: 'SelfSubjectRulesReview',
    metadata: {},
    spec: {},
    status: {
      resourceRules,
      nonResourceRules,
      incomplete,
      ...(evaluationError !== '' && { evaluationError }),
    },
  };
}

function textOf(errors: readonly string[]): string {
  const once = [...new Set(errors)];
  return once.length > 1 ? `[${once.join(', ')}]` : once.join();
}

function specOf(review: ApiObject): SubjectAccessReviewSpec {
  return (review as unknown as SubjectAccessReview).spec ?? {};
}

function subjectOf({ user = '', uid, groups = [], extra }: SubjectAccessReviewSpec): User {
  return { username: user, groups, ...(uid && { uid }), ...(extra && { extra }) };
}

async function decide(
  review: ApiObject,
  attributes: Attributes,
  authorizer: Authorizer,
): Promise<ApiObject> {
  const { verdict, reason } = await authorizer.authorize(attributes);
  const status = {
    allowed: verdict === 'allow',
    ...(verdict === 'deny' && { denied: true }),
    ...(reason !== '' && { reason }),
  };
  return { ...review, metadata: review.metadata ?? {}, status };
}

function attributesOf(spec: SubjectAccessReviewSpec, user: User): Attributes {
  const { resourceAttributes, nonResourceAttributes = {} } = spec;
  if (!resourceAttributes) {
    const { path = '', verb = '' }: NonResourceSpec = nonResourceAttributes;
    return { user, verb, isResourceRequest: false, path };
  }
  const { verb = '', group = '', version = '', resource = '' } = resourceAttributes;
  const { subresource = '', namespace = '', name = '' } = resourceAttributes;
  const fieldSelector = fieldSelectorOf(resourceAttributes);
  const about = { group, version, resource, subresource, namespace, name };
  return {
    user,
    verb,
    isResourceRequest: true,
    ...about,
    ...(fieldSelector !== '' && { fieldSelector }),
  };
}

/** A selector may come as text, or already taken apart. */
interface SelectorSpec {
  readonly rawSelector?: string;
  readonly requirements?: readonly { key: string; operator: string; values?: readonly string[] }[];
}

function fieldSelectorOf(spec: ResourceSpec): string {
  const { fieldSelector = {} } = spec as { fieldSelector?: SelectorSpec };
  const { rawSelector = '', requirements = [] } = fieldSelector;
  if (rawSelector !== '') return rawSelector;
  const terms = requirements.flatMap(({ key, operator, values = [] }) => {
    if (values.length !== 1) return [];
    return `${key}${operator === 'NotIn' ? '!=' : '='}${values.join()}`;
  });
  return terms.join(',');
}

function attributesFaults(spec: SubjectAccessReviewSpec): FieldError[] {
  const { resourceAttributes, nonResourceAttributes } = spec;
  if (resourceAttributes && nonResourceAttributes) {
    const why = 'cannot be specified in combination with resourceAttributes';
    return [fieldInvalid('spec.nonResourceAttributes', nonResourceAttributes, why)];
  }
  if (resourceAttributes || nonResourceAttributes) return [];
  const why = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
  return [fieldInvalid('spec.resourceAttributes', null, why)];
}

function subjectFaults({ user = '', groups = [] }: SubjectAccessReviewSpec): FieldError[] {
  if (user !== '' || groups.length > 0) return [];
  return [fieldInvalid('spec.user', user, 'at least one of user or group must be specified')];
}

function metadataFaults(
  { metadata = {} }: Partial<ApiObject>,
  why: string,
  allowed: readonly string[] = [],
): FieldError[] {
  const ignored = ['managedFields', ...allowed];
  const rest = Object.entries(metadata).filter(([name]) => !ignored.includes(name));
  const isEmpty = semanticallyEqual(Object.fromEntries(rest), {});
  return isEmpty ? [] : [fieldInvalid('metadata', metadata, why)];
}

function refuse(kind: string, faults: readonly FieldError[]): void {
  if (faults.length > 0) throw newInvalid({ group: GROUP, kind }, '', faults);
}
