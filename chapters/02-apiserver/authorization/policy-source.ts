/**
 * Roles and bindings, where authorization finds them. Given.
 *
 * Synchronous, because every request is decided by them: they come from a cache. Next:
 * `authorization.ts`.
 */

import type {
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  Role,
  RoleBinding,
  RoleRef,
  Subject,
} from 'kubernetes-types/rbac/v1.js';
import type { KubernetesObject } from '#apimachinery';

export type { ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject };

/** The group of roles and bindings. */
export const RBAC_GROUP = 'rbac.authorization.k8s.io';

/** All roles and bindings there are. What it gives is not to be changed. */
export interface PolicySource {
  clusterRole(name: string): ClusterRole | undefined;
  role(namespace: string, name: string): Role | undefined;
  clusterRoleBindings(): readonly ClusterRoleBinding[];
  roleBindings(namespace: string): readonly RoleBinding[];
}

/** A source of exactly these objects: of each kind, in the order given. Others count for nothing. */
export function policyOf(objects: readonly KubernetesObject[]): PolicySource {
  const ofKind = <T extends KubernetesObject>(kind: string) =>
    objects.filter((one) => one.kind === kind) as T[];
  const clusterRoles = ofKind<ClusterRole>('ClusterRole');
  const roles = ofKind<Role>('Role');
  const clusterRoleBindings = ofKind<ClusterRoleBinding>('ClusterRoleBinding');
  const roleBindings = ofKind<RoleBinding>('RoleBinding');
  const isAt = ({ metadata }: KubernetesObject, namespace: string, name: string) =>
    metadata?.name === name && metadata.namespace === namespace;
  return {
    clusterRole: (name) => clusterRoles.find(({ metadata }) => metadata?.name === name),
    role: (namespace, name) => roles.find((one) => isAt(one, namespace, name)),
    clusterRoleBindings: () => clusterRoleBindings,
    roleBindings: (namespace) =>
      roleBindings.filter(({ metadata }) => metadata?.namespace === namespace),
  };
}

/**
 * The rules of the role a binding refers to.
 *
 * @param namespace - the binding's; `''` for a ClusterRoleBinding
 * @returns `undefined` when there is no such role
 */
export function rulesOf(
  policy: PolicySource,
  { kind, name }: RoleRef,
  namespace: string,
): readonly PolicyRule[] | undefined {
  const role = kind === 'Role' ? policy.role(namespace, name) : policy.clusterRole(name);
  return role && (role.rules ?? []);
}
