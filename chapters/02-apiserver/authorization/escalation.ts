/**
 * Nobody gives away rights he does not have: the check before a role or a binding is written.
 *
 * Without it whoever may write roles may do anything. What a rule allows is `authorization.ts`.
 */

import { NotImplemented } from '#not-implemented';
import type { ApiObject } from '../api-object.ts';
import type { User } from '../user.ts';
import type { Authorizer } from './authorizer.ts';
import type { PolicyRule, PolicySource } from './policy-source.ts';

/** What one set of rules lacks of another. */
export interface Coverage {
  readonly covered: boolean;
  readonly missing: readonly PolicyRule[];
}

/**
 * Do the rules somebody has allow all that other rules allow?
 *
 * @remarks The wanted rules are taken apart into rules with one entry in each list: for each rule
 * in order, each group, in it each resource, in it each verb, in it each resource name if there are
 * any; then each non-resource URL with each verb. Such a small rule is covered when one owned rule
 * alone covers it. What is not covered is `missing`, in this order: fields in small rules are those
 * that are not empty, `{ apiGroups, resources, verbs, resourceNames }` or `{ nonResourceURLs, verbs
 * }`.
 *
 * An owned rule covers a small rule about a resource when
 *
 * - its `verbs`, `apiGroups` and `resources` each have the small rule's entry or `*`; for a
 *   subresource `pods/log` its `resources` may have `*\/log` instead;
 * - it has no `resourceNames`, or the small rule's name is among them. So the right to touch one
 *   object does not cover the right to touch any.
 *
 * It covers a path when it has the verb, or `*`, and the very path among its `nonResourceURLs`, or
 * an entry that ends with `*` and begins as the path does: `/a/*` covers `/a/b` and `/a/b/*`.
 *
 * ```text
 * owned   get,list pods;  get pods/log
 * wanted  get,watch pods,pods/log
 * missing watch pods;  watch pods/log
 * ```
 *
 * Two owned rules are never added up, and `*` is covered by `*` only: all verbs there are today are
 * not all verbs.
 *
 * @see k8s.io/component-helpers/auth/rbac/validation/policy_comparator.go (1.33)
 * @exercise apiserver/authorization
 */
export function covers(owned: readonly PolicyRule[], wanted: readonly PolicyRule[]): Coverage {
  throw new NotImplemented('apiserver/authorization', 'covers');
}

/** A role or a binding that somebody wants to write. */
export interface RbacWrite {
  readonly user: User;
  /** `''` for ClusterRoles and ClusterRoleBindings. */
  readonly namespace: string;
  /** From the URL: `''` when it is created by a POST. */
  readonly requestName: string;
  /** What is to be written. */
  readonly object: ApiObject;
  /** What is there; absent when it is created. */
  readonly old?: ApiObject | undefined;
}

/** What the checks are made with. */
export interface EscalationChecks {
  readonly authorizer: Authorizer;
  readonly policy: PolicySource;
}

/**
 * Refuses a Role or ClusterRole with rules its writer does not have.
 *
 * @remarks It is allowed
 *
 * - to members of `system:masters`;
 * - when object and old differ in nothing but `finalizers`, `ownerReferences` and `managedFields`
 *   of their metadata: garbage collection must go on;
 * - to whoever the authorizer allows the verb `escalate` on it: a resource request with the group
 *   `rbac.authorization.k8s.io`, version `*`, resource `roles` or `clusterroles` by the object's
 *   `kind`, no subresource, the write's namespace and, as its name, `requestName`;
 * - when the user's rules in the namespace ({@link rulesFor}) cover the role's ({@link covers}).
 *
 * A ClusterRole that has selectors in its `aggregationRule`, or had some before, may get any rule,
 * so in the last case its writer must also have all rights there are: `*` on `*` in `*`, and on the
 * non-resource URL `*`.
 *
 * @throws StatusError 403, as a rejection, by `newForbidden` for `roles` or `clusterroles` and the
 * object's name, because of what `escalationText` says (with the errors of `rulesFor`), or
 * because `must have cluster-admin privileges to use the aggregationRule`
 * @see pkg/registry/rbac/clusterrole/policybased/storage.go (1.33)
 * @exercise apiserver/authorization
 */
export async function checkRoleWrite(write: RbacWrite, checks: EscalationChecks): Promise<void> {
  throw new NotImplemented('apiserver/authorization', 'checkRoleWrite');
}

/**
 * Refuses a RoleBinding or ClusterRoleBinding that gives rights its writer does not have.
 *
 * @remarks As {@link checkRoleWrite}, with these differences: the verb is `bind`, asked for the
 * role the binding refers to (resource `roles` or `clusterroles` by the reference's kind, its name,
 * the write's namespace: that of the binding); and the rules that must be covered are that role's.
 *
 * @throws StatusError 404, as a rejection, by `newNotFound` for `roles` or `clusterroles`, when the
 * user may not `bind` it and it is not there
 * @throws StatusError 403, as a rejection, by `newForbidden` for `rolebindings` or
 * `clusterrolebindings` and the binding's name
 * @see pkg/registry/rbac/rolebinding/policybased/storage.go (1.33)
 * @exercise apiserver/authorization
 */
export async function checkBindingWrite(write: RbacWrite, checks: EscalationChecks): Promise<void> {
  throw new NotImplemented('apiserver/authorization', 'checkBindingWrite');
}
