/**
 * The roles and bindings every cluster has from the start. Given: the bindings, the namespaces'
 * roles, and all of it together.
 *
 * How it is brought into a cluster that has some of it already is `reconcile-policy.ts`.
 *
 * @see plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go and namespace_policy.go (1.33)
 */

import { CLUSTER_ROLES } from './bootstrap-cluster-roles.ts';
import { CONTROLLER_NAMES, CONTROLLER_ROLES } from './bootstrap-controller-roles.ts';
import {
  account,
  clusterRoleBinding,
  EVENTS,
  group,
  READ,
  role,
  roleBinding,
  rule,
  user,
} from './policy-builder.ts';
import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from './policy-source.ts';

/** What a cluster has from the start. */
export interface Policy {
  readonly clusterRoles: readonly ClusterRole[];
  readonly clusterRoleBindings: readonly ClusterRoleBinding[];
  /** Their namespaces are to be made first. */
  readonly roles: readonly Role[];
  readonly roleBindings: readonly RoleBinding[];
}

const CONTROLLER_MANAGER = user('system:kube-controller-manager');
const SCHEDULER = user('system:kube-scheduler');
const AUTHENTICATED = group('system:authenticated');

const CLUSTER_ROLE_BINDINGS: readonly ClusterRoleBinding[] = [
  clusterRoleBinding('cluster-admin', group('system:masters')),
  clusterRoleBinding('system:monitoring', group('system:monitoring')),
  clusterRoleBinding('system:discovery', AUTHENTICATED),
  clusterRoleBinding('system:basic-user', AUTHENTICATED),
  clusterRoleBinding('system:public-info-viewer', AUTHENTICATED, group('system:unauthenticated')),
  clusterRoleBinding('system:node-proxier', user('system:kube-proxy')),
  clusterRoleBinding('system:kube-controller-manager', CONTROLLER_MANAGER),
  clusterRoleBinding('system:kube-dns', account('kube-dns')),
  clusterRoleBinding('system:kube-scheduler', SCHEDULER),
  clusterRoleBinding('system:volume-scheduler', SCHEDULER),
  // To nobody: nodes get what they may do from the node authorizer.
  clusterRoleBinding('system:node'),
  clusterRoleBinding('system:service-account-issuer-discovery', group('system:serviceaccounts')),
  ...CONTROLLER_NAMES.map((name) => clusterRoleBinding(`system:controller:${name}`, account(name))),
];

const SYSTEM = 'kube-system';
const PUBLIC = 'kube-public';
const READER = 'extension-apiserver-authentication-reader';
const BOOTSTRAP_SIGNER = 'system:controller:bootstrap-signer';
const CLOUD_PROVIDER = 'system:controller:cloud-provider';
const TOKEN_CLEANER = 'system:controller:token-cleaner';

/** To be the one of several that works: a lock on a ConfigMap, as it was before leases. */
function leaderRole(component: string): Role {
  return role(SYSTEM, `system::leader-locking-${component}`, [
    rule('watch', 'core', 'configmaps'),
    rule('get update', 'core', 'configmaps', component),
  ]);
}

function leaderBinding(component: string): RoleBinding {
  const name = `system::leader-locking-${component}`;
  return roleBinding(SYSTEM, name, name, user(`system:${component}`), account(component));
}

const ROLES: readonly Role[] = [
  role(SYSTEM, READER, [rule(READ, 'core', 'configmaps', 'extension-apiserver-authentication')]),
  role(SYSTEM, BOOTSTRAP_SIGNER, [rule(READ, 'core', 'secrets')]),
  role(SYSTEM, CLOUD_PROVIDER, [rule(`create ${READ}`, 'core', 'configmaps')]),
  role(SYSTEM, TOKEN_CLEANER, [rule(`${READ} delete`, 'core', 'secrets'), EVENTS]),
  leaderRole('kube-controller-manager'),
  leaderRole('kube-scheduler'),
  role(PUBLIC, BOOTSTRAP_SIGNER, [
    rule(READ, 'core', 'configmaps'),
    rule('update', 'core', 'configmaps', 'cluster-info'),
    EVENTS,
  ]),
];

const ROLE_BINDINGS: readonly RoleBinding[] = [
  roleBinding(SYSTEM, `system::${READER}`, READER, CONTROLLER_MANAGER, SCHEDULER),
  leaderBinding('kube-controller-manager'),
  leaderBinding('kube-scheduler'),
  roleBinding(SYSTEM, BOOTSTRAP_SIGNER, BOOTSTRAP_SIGNER, account('bootstrap-signer')),
  roleBinding(SYSTEM, CLOUD_PROVIDER, CLOUD_PROVIDER, account('cloud-provider')),
  roleBinding(SYSTEM, TOKEN_CLEANER, TOKEN_CLEANER, account('token-cleaner')),
  roleBinding(PUBLIC, BOOTSTRAP_SIGNER, BOOTSTRAP_SIGNER, account('bootstrap-signer')),
];

/** Roles whose rules are gathered from others have none yet: see `role-aggregation.ts`. */
export const BOOTSTRAP_POLICY: Policy = {
  clusterRoles: [...CLUSTER_ROLES, ...CONTROLLER_ROLES],
  clusterRoleBindings: CLUSTER_ROLE_BINDINGS,
  roles: ROLES,
  roleBindings: ROLE_BINDINGS,
};
