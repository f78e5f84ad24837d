/**
 * May this user do that? Rules, who has them by which binding, and the answer (RBAC).
 *
 * That nobody gives away rights he does not have is `escalation.ts`; what there is from the start
 * is `bootstrap-policy.ts`.
 */

import { serviceAccountUsername } from '../authentication/service-account-names.ts';
import type { User } from '../user.ts';
import type { Attributes, Authorizer, ResourceAttributes } from './authorizer.ts';
import {
  type ClusterRoleBinding,
  type PolicyRule,
  type PolicySource,
  RBAC_GROUP,
  type RoleBinding,
  rulesOf,
  type Subject,
} from './policy-source.ts';

/** Stands for any verb, group, resource or path. */
const ALL = '*';

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
  if (!matchesAny(rule.verbs, attributes.verb)) return false;
  if (attributes.isResourceRequest) return allowsResource(rule, attributes);
  return (rule.nonResourceURLs ?? []).some((url) => matchesPath(url, attributes.path));
}

function matchesAny(entries: readonly string[] | undefined, value: string): boolean {
  return (entries ?? []).some((entry) => entry === ALL || entry === value);
}

function allowsResource(
  { apiGroups, resources, resourceNames = [] }: PolicyRule,
  { group, resource, subresource, name }: ResourceAttributes,
): boolean {
  if (!matchesAny(apiGroups, group)) return false;
  if (resourceNames.length > 0 && !resourceNames.includes(name)) return false;
  if (subresource === '') return matchesAny(resources, resource);
  const ofAnything = `*/${subresource}`;
  return (
    matchesAny(resources, `${resource}/${subresource}`) || (resources ?? []).includes(ofAnything)
  );
}

function matchesPath(url: string, path: string): boolean {
  return url === path || (url.endsWith(ALL) && path.startsWith(url.slice(0, -1)));
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
  const grants: Grant[] = [];
  const errors: string[] = [];
  for (const found of grantsOf(policy, user, namespace)) {
    if (typeof found === 'string') errors.push(found);
    else grants.push({ rule: found.rule, by: describe(found) });
  }
  return { grants, errors };
}

interface Found {
  readonly rule: PolicyRule;
  readonly binding: ClusterRoleBinding | RoleBinding;
  readonly subject: Subject;
  /** Where it holds; `''` for everywhere. */
  readonly namespace: string;
}

/** What a user has, one after the other, and errors; texts only for what is asked for. */
function* grantsOf(policy: PolicySource, user: User, namespace: string): Generator<Found | string> {
  for (const binding of policy.clusterRoleBindings()) {
    yield* grantsBy(policy, binding, user, '');
  }
  if (namespace === '') return;
  for (const binding of policy.roleBindings(namespace)) {
    yield* grantsBy(policy, binding, user, namespace);
  }
}

function* grantsBy(
  policy: PolicySource,
  binding: ClusterRoleBinding | RoleBinding,
  user: User,
  namespace: string,
): Generator<Found | string> {
  const subject = binding.subjects?.find((one) => isUser(one, user, namespace));
  if (!subject) return;
  const rules = rulesOf(policy, binding.roleRef, namespace);
  if (!rules) {
    const { kind, name } = binding.roleRef;
    yield `${kind.toLowerCase()}.${RBAC_GROUP} ${JSON.stringify(name)} not found`;
  }
  for (const rule of rules ?? []) yield { rule, binding, subject, namespace };
}

function isUser(subject: Subject, user: User, namespace: string): boolean {
  switch (subject.kind) {
    case 'User':
      return subject.name === user.username;
    case 'Group':
      return user.groups.includes(subject.name);
    case 'ServiceAccount': {
      const place = subject.namespace || namespace;
      const username = serviceAccountUsername({ namespace: place, name: subject.name });
      return place !== '' && username === user.username;
    }
    default:
      return false;
  }
}

function describe({ binding, subject, namespace }: Found): string {
  const { roleRef, metadata } = binding;
  const own = namespace === '' ? metadata?.name : `${metadata?.name}/${namespace}`;
  const kind = namespace === '' ? 'ClusterRoleBinding' : 'RoleBinding';
  const isAccount = subject.kind === 'ServiceAccount';
  const who = isAccount ? `${subject.name}/${subject.namespace || namespace}` : subject.name;
  const role = `${roleRef.kind} ${JSON.stringify(roleRef.name)}`;
  return `${kind} ${JSON.stringify(own)} of ${role} to ${subject.kind} ${JSON.stringify(who)}`;
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
  return {
    authorize(attributes) {
      const namespace = attributes.isResourceRequest ? attributes.namespace : '';
      const errors = new Set<string>();
      for (const found of grantsOf(policy, attributes.user, namespace)) {
        if (typeof found === 'string') errors.add(found);
        else if (ruleAllows(found.rule, attributes)) {
          return { verdict: 'allow', reason: `RBAC: allowed by ${describe(found)}` };
        }
      }
      const reason = errors.size > 0 ? `RBAC: ${errorText([...errors])}` : '';
      return { verdict: 'no-opinion', reason };
    },
  };
}

function errorText(errors: readonly string[]): string {
  return errors.length === 1 ? errors.join() : `[${errors.join(', ')}]`;
}
