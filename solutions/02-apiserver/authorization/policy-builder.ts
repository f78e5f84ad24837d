/**
 * A short way to write roles and bindings down. Given; used by the `bootstrap-*` files.
 *
 * Lists are texts with spaces between the entries, and the core group is called `core`.
 */

import {
  type ClusterRole,
  type ClusterRoleBinding,
  type PolicyRule,
  RBAC_GROUP,
  type Role,
  type RoleBinding,
  type Subject,
} from './policy-source.ts';

/** Marks what the server has made itself; it is its own to change unless somebody says `false`. */
export const AUTO_UPDATE = 'rbac.authorization.kubernetes.io/autoupdate';

export const READ = 'get list watch';
export const WRITE = 'create update patch delete deletecollection';
export const READ_WRITE = `${READ} ${WRITE}`;
export const READ_UPDATE = `${READ} update patch`;

const API_VERSION = `${RBAC_GROUP}/v1`;

function listOf(text: string): string[] {
  return text
    .split(/\s+/)
    .filter((one) => one !== '')
    .map((one) => (one === 'core' ? '' : one))
    .sort();
}

/** `rule(READ, 'apps', 'deployments deployments/status')` */
export function rule(verbs: string, groups: string, resources: string, names = ''): PolicyRule {
  return {
    verbs: listOf(verbs),
    apiGroups: listOf(groups),
    resources: listOf(resources),
    ...(names !== '' && { resourceNames: listOf(names) }),
  };
}

/** `urls('get', '/healthz /livez')` */
export function urls(verbs: string, paths: string): PolicyRule {
  return { verbs: listOf(verbs), nonResourceURLs: listOf(paths) };
}

/** Whoever does something worth telling may tell it. */
export const EVENTS = rule('create update patch', 'core events.k8s.io', 'events');

function metadataOf(name: string, labels: Record<string, string> = {}, namespace?: string) {
  return {
    name,
    ...(namespace !== undefined && { namespace }),
    annotations: { [AUTO_UPDATE]: 'true' },
    labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...labels },
  };
}

/** Its rules go into the roles `aggregate` names as well. */
export function clusterRole(name: string, rules: PolicyRule[], aggregate = ''): ClusterRole {
  const metadata = metadataOf(name, aggregate === '' ? {} : aggregateTo(aggregate));
  return { apiVersion: API_VERSION, kind: 'ClusterRole', metadata, rules };
}

/** A role that is gathered from those that say so by their label. */
export function aggregatedClusterRole(name: string, aggregate = ''): ClusterRole {
  const clusterRoleSelectors = [{ matchLabels: aggregateTo(name) }];
  return { ...clusterRole(name, [], aggregate), aggregationRule: { clusterRoleSelectors } };
}

function aggregateTo(name: string): Record<string, string> {
  const labels = name.split(' ').map((one) => [`${RBAC_GROUP}/aggregate-to-${one}`, 'true']);
  return Object.fromEntries(labels);
}

export function role(namespace: string, name: string, rules: PolicyRule[]): Role {
  const metadata = metadataOf(name, {}, namespace);
  return { apiVersion: API_VERSION, kind: 'Role', metadata, rules };
}

export function user(name: string): Subject {
  return { apiGroup: RBAC_GROUP, kind: 'User', name };
}

export function group(name: string): Subject {
  return { apiGroup: RBAC_GROUP, kind: 'Group', name };
}

/** In `kube-system`. */
export function account(name: string): Subject {
  return { kind: 'ServiceAccount', name, namespace: 'kube-system' };
}

/** A binding with the name of its role. */
export function clusterRoleBinding(name: string, ...subjects: Subject[]): ClusterRoleBinding {
  return {
    apiVersion: API_VERSION,
    kind: 'ClusterRoleBinding',
    metadata: metadataOf(name),
    roleRef: { apiGroup: RBAC_GROUP, kind: 'ClusterRole', name },
    subjects,
  };
}

/** @param roleName - of a Role in the same namespace */
export function roleBinding(
  namespace: string,
  name: string,
  roleName: string,
  ...subjects: Subject[]
): RoleBinding {
  return {
    apiVersion: API_VERSION,
    kind: 'RoleBinding',
    metadata: metadataOf(name, {}, namespace),
    roleRef: { apiGroup: RBAC_GROUP, kind: 'Role', name: roleName },
    subjects,
  };
}
