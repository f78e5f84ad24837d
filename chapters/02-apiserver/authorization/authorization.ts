/**
 * May this user do that? Rules, who has them by which binding, and the answer (RBAC).
 *
 * That nobody gives away rights he does not have is `escalation.ts`; what there is from the start
 * is `bootstrap-policy.ts`.
 */

import { NotImplemented } from '#not-implemented';
import type { User } from '../user.ts';
import type { Attributes, Authorizer } from './authorizer.ts';
import type { PolicyRule, PolicySource } from './policy-source.ts';

/**
 * Does one rule allow it?
 *
 * @remarks A rule allows what matches in all of its dimensions. In each it has a list of which one
 * entry must match; a list that is absent matches nothing, `resourceNames` excepted.
 *
 * For a resource: `verbs` (`*` matches any), `apiGroups` (`*` any), `resources`, and
 * `resourceNames`, where an empty list matches any name, and a list with names only those: never a
 * request that names no object. An entry of `resources` matches:
 *
 * ```text
 * *            anything, subresources included
 * pods         pods, but not pods/log
 * pods/log     that and nothing else
 * *\/scale      the subresource scale of anything
 * pods/*       nothing: there is no such form
 * ```
 *
 * For a path: `verbs`, and `nonResourceURLs`, where a `*` at the end of an entry stands for any
 * rest: `/healthz/*` matches `/healthz/etcd` and `/healthz/`, and not `/healthz`. A `*` elsewhere
 * is a letter like any other. A rule about resources allows no path, a rule about paths no
 * resource.
 *
 * @see pkg/apis/rbac/v1/evaluation_helpers.go (1.33)
 * @exercise apiserver/authorization
 */
export function ruleAllows(rule: PolicyRule, attributes: Attributes): boolean {
  throw new NotImplemented('apiserver/authorization', 'ruleAllows');
}

/** A rule somebody has, and how he came by it. */
export interface Grant {
  readonly rule: PolicyRule;
  readonly by: string;
}

/** All that somebody may do, as far as it could be found out. */
export interface Grants {
  readonly grants: readonly Grant[];
  /** What could not be found out, and why. */
  readonly errors: readonly string[];
}

/**
 * The rules a user has in a namespace.
 *
 * @remarks First those of the ClusterRoleBindings, then, in a namespace, those of its RoleBindings;
 * of each binding in the order they are in its role. A binding counts when one of its subjects is
 * the user:
 *
 * - `User`: the name is the user's.
 * - `Group`: the user is in it.
 * - `ServiceAccount`: the user is that account (`serviceAccountUsername`). A subject without a
 *   namespace is in the binding's; in a ClusterRoleBinding it is nobody.
 *
 * A RoleBinding may refer to a `Role`, which is in its own namespace, or to a `ClusterRole`, whose
 * rules it then gives in its namespace only. A ClusterRoleBinding refers to a `ClusterRole`. When
 * the role is not there the binding gives nothing, and `errors` has, once for each such binding,
 * one of
 *
 * ```text
 * clusterrole.rbac.authorization.k8s.io "NAME" not found
 * role.rbac.authorization.k8s.io "NAME" not found
 * ```
 *
 * `by` names the binding, the role and the first of the subjects that is the user:
 *
 * ```text
 * ClusterRoleBinding "ops" of ClusterRole "admin" to Group "operators"
 * RoleBinding "ops/default" of Role "reader" to User "alice"
 * RoleBinding "ops/default" of ClusterRole "view" to ServiceAccount "builder/ci"
 * ```
 *
 * (A RoleBinding is `NAME/NAMESPACE`, and so is a service account.)
 *
 * @param namespace - `''` for what is in none
 * @see pkg/registry/rbac/validation/rule.go (1.33)
 * @exercise apiserver/authorization
 */
export function rulesFor(policy: PolicySource, user: User, namespace: string): Grants {
  throw new NotImplemented('apiserver/authorization', 'rulesFor');
}

/**
 * Decides by roles and bindings.
 *
 * @remarks Allowed when one of the user's rules ({@link rulesFor}, in the request's namespace; a
 * path is in none) allows it ({@link ruleAllows}). The reason names the first such rule: `RBAC:
 * allowed by ` and its `by`. It never denies: when no rule allows it there is no opinion, with the
 * reason `''`, or when something could not be found out, `RBAC: ` and the error, or `RBAC: [a, b]`,
 * each text once.
 *
 * It looks at roles and bindings as they are at each request.
 *
 * @see plugin/pkg/auth/authorizer/rbac/rbac.go (1.33)
 * @exercise apiserver/authorization
 */
export function rbacAuthorizer(policy: PolicySource): Authorizer {
  throw new NotImplemented('apiserver/authorization', 'rbacAuthorizer');
}
