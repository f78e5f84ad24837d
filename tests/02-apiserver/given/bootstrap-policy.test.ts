/** What a cluster may do from the start, and how that is brought into it. */

import { describe, expect, it } from 'vitest';
import { deepCopy } from '#apimachinery';
import { rbacAuthorizer } from '../../../solutions/02-apiserver/authorization/authorization.ts';
import { BOOTSTRAP_POLICY } from '../../../solutions/02-apiserver/authorization/bootstrap-policy.ts';
import {
  type ClusterRole,
  policyOf,
} from '../../../solutions/02-apiserver/authorization/policy-source.ts';
import { reconcileBootstrapPolicy } from '../../../solutions/02-apiserver/authorization/reconcile-policy.ts';
import {
  aggregateClusterRoles,
  aggregatedRules,
} from '../../../solutions/02-apiserver/authorization/role-aggregation.ts';

const EMPTY = { clusterRoles: [], clusterRoleBindings: [], roles: [], roleBindings: [] };
const ofKind = <T>(objects: readonly object[], kind: string) =>
  objects.filter((one) => (one as { kind: string }).kind === kind) as T[];

function installed() {
  const { create } = reconcileBootstrapPolicy(BOOTSTRAP_POLICY, EMPTY);
  const all = deepCopy([...create]);
  return {
    clusterRoles: ofKind<ClusterRole>(all, 'ClusterRole'),
    clusterRoleBindings: ofKind<(typeof BOOTSTRAP_POLICY.clusterRoleBindings)[0]>(
      all,
      'ClusterRoleBinding',
    ),
    roles: ofKind<(typeof BOOTSTRAP_POLICY.roles)[0]>(all, 'Role'),
    roleBindings: ofKind<(typeof BOOTSTRAP_POLICY.roleBindings)[0]>(all, 'RoleBinding'),
  };
}

function named<T extends { metadata?: { name?: string } }>(all: readonly T[], name: string): T {
  const found = all.find(({ metadata }) => metadata?.name === name);
  if (!found) throw new Error(`there is no ${name}`);
  return found;
}

describe('the policy of the start', () => {
  it('has no name twice, and no reference that leads nowhere', () => {
    const { clusterRoles, clusterRoleBindings, roles, roleBindings } = BOOTSTRAP_POLICY;
    const names = clusterRoles.map(({ metadata }) => metadata?.name);
    expect(new Set(names).size).toBe(names.length);
    for (const { roleRef } of clusterRoleBindings) expect(names).toContain(roleRef.name);
    const places = roles.map(({ metadata }) => `${metadata?.namespace}/${metadata?.name}`);
    expect(new Set(places).size).toBe(places.length);
    for (const { roleRef, metadata } of roleBindings) {
      expect(places).toContain(`${metadata?.namespace}/${roleRef.name}`);
    }
  });

  it('is marked as the server’s own', () => {
    for (const { metadata } of [...BOOTSTRAP_POLICY.clusterRoles, ...BOOTSTRAP_POLICY.roles]) {
      expect(metadata?.labels?.['kubernetes.io/bootstrapping']).toBe('rbac-defaults');
      expect(metadata?.annotations).toEqual({
        'rbac.authorization.kubernetes.io/autoupdate': 'true',
      });
    }
  });

  it('gathers admin from edit, and edit from view', () => {
    const { clusterRoles } = installed();
    const resourcesOf = (name: string) =>
      (named(clusterRoles, name).rules ?? []).flatMap(({ resources = [] }) => resources);
    expect(resourcesOf('view')).toContain('pods/log');
    expect(resourcesOf('view')).not.toContain('secrets');
    expect(resourcesOf('edit')).toEqual(expect.arrayContaining(['pods/log', 'secrets']));
    expect(resourcesOf('admin')).toEqual(
      expect.arrayContaining(['pods/log', 'secrets', 'rolebindings']),
    );
  });

  const rows: [user: string, groups: string, ask: string, allowed: boolean][] = [
    ['root', 'system:masters', 'delete nodes', true],
    ['jane', 'system:authenticated', 'get /version', true],
    ['jane', 'system:authenticated', 'get /apis/apps/v1', true],
    ['jane', 'system:authenticated', 'create selfsubjectaccessreviews.authorization.k8s.io', true],
    ['jane', 'system:authenticated', 'create selfsubjectreviews.authentication.k8s.io', true],
    ['jane', 'system:authenticated', 'list pods', false],
    ['system:anonymous', 'system:unauthenticated', 'get /healthz', true],
    ['system:anonymous', 'system:unauthenticated', 'get /api', false],
    ['system:kube-scheduler', '', 'create pods/binding', true],
    ['system:kube-scheduler', '', 'create pods', false],
    ['system:kube-controller-manager', '', 'watch anything.example.com', true],
    ['system:kube-proxy', '', 'watch endpointslices.discovery.k8s.io', true],
    [
      'system:serviceaccount:kube-system:deployment-controller',
      '',
      'create replicasets.apps',
      true,
    ],
    ['system:serviceaccount:default:deployment-controller', '', 'create replicasets.apps', false],
    ['system:node:a', 'system:nodes', 'list pods', false],
  ];
  for (const [username, groups, ask, allowed] of rows) {
    it(`${allowed ? 'lets' : 'does not let'} ${username} ${ask}`, async () => {
      const all = installed();
      const policy = policyOf(Object.values(all).flat());
      const [verb = '', what = ''] = ask.split(' ');
      const user = { username, groups: [groups] };
      const [resourceText = '', ...group] = what.split('.');
      const [resource = '', subresource = ''] = resourceText.split('/');
      const place = { version: 'v1', namespace: '', name: '', subresource, resource };
      const { verdict } = await rbacAuthorizer(policy).authorize(
        what.startsWith('/')
          ? { user, verb, isResourceRequest: false, path: what }
          : { user, verb, isResourceRequest: true, group: group.join('.'), ...place },
      );
      expect(verdict).toBe(allowed ? 'allow' : 'no-opinion');
    });
  }
});

describe('reconcileBootstrapPolicy', () => {
  const reconcile = (existing: ReturnType<typeof installed>) =>
    reconcileBootstrapPolicy(BOOTSTRAP_POLICY, existing);

  it('has nothing to do the second time', () => {
    expect(reconcile(installed())).toEqual({ create: [], update: [], recreate: [] });
  });

  it('adds what is missing, and leaves what somebody added', () => {
    const existing = installed();
    const scheduler = named(existing.clusterRoles, 'system:kube-scheduler');
    const extra = { verbs: ['get'], apiGroups: ['x'], resources: ['y'] };
    const gone = scheduler.rules?.shift();
    scheduler.rules?.push(extra);
    const discovery = named(existing.clusterRoleBindings, 'system:discovery');
    discovery.subjects = [{ kind: 'User', name: 'eve' }];
    const { create, update } = reconcile(existing);
    expect(create).toEqual([]);
    expect(update.map(({ metadata }) => metadata?.name)).toEqual([
      'system:kube-scheduler',
      'system:discovery',
    ]);
    const [role, binding] = update as [ClusterRole, typeof discovery];
    expect(role.rules).toContainEqual(extra);
    expect(role.rules?.at(-1)).toMatchObject({ resources: gone?.resources });
    expect(binding.subjects?.map(({ name }) => name)).toEqual(['eve', 'system:authenticated']);
  });

  it('keeps away from what somebody protected', () => {
    const existing = installed();
    const role = named(existing.clusterRoles, 'system:kube-scheduler');
    role.rules = [];
    role.metadata = {
      ...role.metadata,
      annotations: {
        'rbac.authorization.kubernetes.io/autoupdate': 'false',
      },
    };
    expect(reconcile(existing).update).toEqual([]);
  });

  it('makes a binding anew that refers to another role', () => {
    const existing = installed();
    named(existing.clusterRoleBindings, 'cluster-admin').roleRef.name = 'view';
    const { recreate, update } = reconcile(existing);
    expect(update).toEqual([]);
    expect(recreate).toMatchObject([{ roleRef: { name: 'cluster-admin' } }]);
  });
});

describe('aggregation', () => {
  const rule = (resource: string) => ({ verbs: ['get'], apiGroups: [''], resources: [resource] });
  const plain = (name: string, labels: Record<string, string>, ...resources: string[]) => ({
    kind: 'ClusterRole' as const,
    metadata: { name, labels },
    rules: resources.map(rule),
  });
  const gathering = (name: string, labels: Record<string, string>, wanted: string) => ({
    ...plain(name, labels),
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { to: wanted } }] },
  });

  it('gathers in the order of names, each rule once', () => {
    const all = [plain('z', { to: 'x' }, 'a', 'b'), plain('y', { to: 'x' }, 'c', 'a')];
    const role = gathering('x', {}, 'x');
    expect(aggregatedRules(role, [...all, role])).toEqual([rule('c'), rule('a'), rule('b')]);
    expect(aggregatedRules(all[0] as ClusterRole, all)).toBe(undefined);
  });

  it('goes on through chains, whatever their order', () => {
    const all = [
      gathering('top', {}, 'top'),
      gathering('middle', { to: 'top' }, 'middle'),
      plain('leaf', { to: 'middle' }, 'a'),
    ];
    const changed = aggregateClusterRoles(all);
    expect(changed.map(({ metadata, rules }) => [metadata?.name, rules])).toEqual([
      ['middle', [rule('a')]],
      ['top', [rule('a')]],
    ]);
    expect(all[0]?.rules).toEqual([]);
  });

  it('ends with roles that gather from each other', () => {
    const all = [gathering('a', { to: 'b' }, 'a'), gathering('b', { to: 'a' }, 'b')];
    expect(aggregateClusterRoles(all)).toEqual([]);
  });
});
