/**
 * All that somebody may do, as a list: for SelfSubjectRulesReview (`kubectl auth can-i --list`).
 * Given.
 *
 * @see k8s.io/apiserver/pkg/authorization/authorizer/rule.go (1.33)
 */

import type { NonResourceRule, ResourceRule } from 'kubernetes-types/authorization/v1.js';
import type { User } from '../user.ts';
import { rulesFor } from './authorization.ts';
import type { PolicySource } from './policy-source.ts';

/** What somebody may do. */
export interface ResolvedRules {
  readonly resourceRules: readonly ResourceRule[];
  readonly nonResourceRules: readonly NonResourceRule[];
  /** May he do more than is listed? */
  readonly incomplete: boolean;
  /** What went wrong. */
  readonly errors: readonly string[];
}

/** Lists what somebody may do in a namespace. */
export type RuleResolver = (user: User, namespace: string) => ResolvedRules;

/** By roles and bindings. */
export function rbacRules(policy: PolicySource): RuleResolver {
  return (user, namespace) => {
    const { grants, errors } = rulesFor(policy, user, namespace);
    const rules = grants.map(({ rule }) => rule);
    return {
      resourceRules: rules.flatMap(({ verbs, apiGroups, resources, resourceNames }) =>
        resources?.length
          ? { verbs, apiGroups, resources, ...(resourceNames?.length && { resourceNames }) }
          : [],
      ),
      nonResourceRules: rules.flatMap(({ verbs, nonResourceURLs }) =>
        nonResourceURLs?.length ? { verbs, nonResourceURLs } : [],
      ),
      incomplete: false,
      errors,
    };
  };
}

/** What several know together. */
export function unionRules(resolvers: readonly RuleResolver[]): RuleResolver {
  return (user, namespace) => {
    const all = resolvers.map((resolve) => resolve(user, namespace));
    return {
      resourceRules: all.flatMap(({ resourceRules }) => resourceRules),
      nonResourceRules: all.flatMap(({ nonResourceRules }) => nonResourceRules),
      incomplete: all.some(({ incomplete }) => incomplete),
      errors: all.flatMap(({ errors }) => errors),
    };
  };
}
