/**
 * Nobody gives away rights he does not have: the check before a role or a binding is written.
 *
 * Without it whoever may write roles may do anything. What a rule allows is `authorization.ts`.
 */

import { newForbidden, newNotFound, semanticallyEqual } from '#apimachinery';
import type { ApiObject } from '../api-object.ts';
import type { User } from '../user.ts';
import { rulesFor } from './authorization.ts';
import type { Authorizer } from './authorizer.ts';
import {
  type ClusterRole,
  type PolicyRule,
  type PolicySource,
  RBAC_GROUP,
  type RoleBinding,
  rulesOf,
} from './policy-source.ts';
import { escalationText } from './rule-text.ts';

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
  const missing = wanted
    .flatMap(breakDown)
    .filter((small) => !owned.some((rule) => coversOne(rule, small)));
  return { covered: missing.length === 0, missing };
}

function breakDown(rule: PolicyRule): PolicyRule[] {
  const { verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  const names = resourceNames.length > 0 ? resourceNames.map((name) => [name]) : [undefined];
  const small: PolicyRule[] = [];
  for (const group of apiGroups) {
    for (const resource of resources) {
      for (const verb of verbs) {
        for (const name of names) {
          const one = { apiGroups: [group], resources: [resource], verbs: [verb] };
          small.push(name ? { ...one, resourceNames: name } : one);
        }
      }
    }
  }
  for (const url of nonResourceURLs) {
    small.push(...verbs.map((verb) => ({ nonResourceURLs: [url], verbs: [verb] })));
  }
  return small;
}

/** @param small - with one entry in each list it has */
function coversOne(rule: PolicyRule, small: PolicyRule): boolean {
  const { apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  if (!hasOrAll(rule.verbs, small.verbs[0])) return false;
  const url = small.nonResourceURLs?.[0];
  if (url !== undefined) return nonResourceURLs.some((one) => coversUrl(one, url));
  const name = small.resourceNames?.[0];
  const coversName =
    resourceNames.length === 0 || (name !== undefined && resourceNames.includes(name));
  return (
    hasOrAll(apiGroups, small.apiGroups?.[0]) &&
    coversResource(resources, small.resources?.[0] ?? '') &&
    coversName
  );
}

function hasOrAll(entries: readonly string[], wanted: string | undefined): boolean {
  return entries.some((entry) => entry === '*' || entry === wanted);
}

function coversResource(resources: readonly string[], wanted: string): boolean {
  const slash = wanted.indexOf('/');
  return (
    hasOrAll(resources, wanted) || (slash >= 0 && resources.includes(`*${wanted.slice(slash)}`))
  );
}

function coversUrl(owned: string, wanted: string): boolean {
  return owned === wanted || (owned.endsWith('*') && wanted.startsWith(owned.slice(0, -1)));
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

/** Those who may do anything, whatever roles there are. */
const SUPERUSERS = 'system:masters';

const EVERYTHING: readonly PolicyRule[] = [
  { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
  { nonResourceURLs: ['*'], verbs: ['*'] },
];

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
  const { object, old } = write;
  if (write.user.groups.includes(SUPERUSERS) || isLeftToGarbageCollection(object, old)) return;
  const resource = object.kind === 'ClusterRole' ? 'clusterroles' : 'roles';
  if (await isAllowed('escalate', resource, write.requestName, write, checks)) return;
  const forbid = (why: string) =>
    newForbidden({ group: RBAC_GROUP, resource }, object.metadata.name ?? '', why);
  const lacking = whatIsLacking((object as unknown as ClusterRole).rules ?? [], write, checks);
  if (lacking !== undefined) throw forbid(lacking);
  const aggregates = [object, old].some(hasAggregationRule);
  if (aggregates && whatIsLacking(EVERYTHING, write, checks) !== undefined) {
    throw forbid('must have cluster-admin privileges to use the aggregationRule');
  }
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
  const { object, old, namespace } = write;
  if (write.user.groups.includes(SUPERUSERS) || isLeftToGarbageCollection(object, old)) return;
  const { roleRef } = object as unknown as RoleBinding;
  const resource = roleRef.kind === 'ClusterRole' ? 'clusterroles' : 'roles';
  if (await isAllowed('bind', resource, roleRef.name, write, checks)) return;
  const rules = rulesOf(checks.policy, roleRef, namespace);
  if (!rules) throw newNotFound({ group: RBAC_GROUP, resource }, roleRef.name);
  const lacking = whatIsLacking(rules, write, checks);
  if (lacking === undefined) return;
  const own = object.kind === 'ClusterRoleBinding' ? 'clusterrolebindings' : 'rolebindings';
  throw newForbidden({ group: RBAC_GROUP, resource: own }, object.metadata.name ?? '', lacking);
}

/** The refusal's text; `undefined` when the user has all these rights. */
function whatIsLacking(
  wanted: readonly PolicyRule[],
  { user, namespace }: RbacWrite,
  { policy }: EscalationChecks,
): string | undefined {
  const { grants, errors } = rulesFor(policy, user, namespace);
  const owned = grants.map(({ rule }) => rule);
  const { covered, missing } = covers(owned, wanted);
  return covered ? undefined : escalationText(user, missing, errors);
}

async function isAllowed(
  verb: string,
  resource: string,
  name: string,
  { user, namespace }: RbacWrite,
  { authorizer }: EscalationChecks,
): Promise<boolean> {
  const { verdict } = await authorizer.authorize({
    user,
    verb,
    isResourceRequest: true,
    group: RBAC_GROUP,
    version: '*',
    resource,
    subresource: '',
    namespace,
    name,
  });
  return verdict === 'allow';
}

function isLeftToGarbageCollection(object: ApiObject, old: ApiObject | undefined): boolean {
  return old !== undefined && semanticallyEqual(withoutOwners(object), withoutOwners(old));
}

function withoutOwners(object: ApiObject): ApiObject {
  const { finalizers: _f, ownerReferences: _o, managedFields: _m, ...metadata } = object.metadata;
  return { ...object, metadata };
}

function hasAggregationRule(object: ApiObject | undefined): boolean {
  const role = object as ClusterRole | undefined;
  return (role?.aggregationRule?.clusterRoleSelectors ?? []).length > 0;
}
