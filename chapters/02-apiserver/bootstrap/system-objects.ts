/**
 * What every cluster has from the start: made when the server starts, where it is not there. Given.
 *
 * Roles and bindings are in `../authorization/`; the Service `kubernetes` in `kubernetes-service.ts`.
 */

import { deepCopy, isAlreadyExists, timestamp } from '#apimachinery';
import type { ApiObject } from '../api-object.ts';
import { BOOTSTRAP_POLICY, type Policy } from '../authorization/bootstrap-policy.ts';
import type { ClusterRole, Role, RoleBinding } from '../authorization/policy-source.ts';
import { reconcileBootstrapPolicy } from '../authorization/reconcile-policy.ts';
import { aggregateClusterRoles } from '../authorization/role-aggregation.ts';
import { localApiService } from '../kinds/apiregistration/api-service.ts';
import { SYSTEM_PRIORITY_CLASSES } from '../kinds/scheduling.ts';
import { create } from '../registry/create-get.ts';
import { deleteObject } from '../registry/delete.ts';
import { list } from '../registry/list.ts';
import type { Registry } from '../registry/registry.ts';
import { update } from '../registry/update.ts';

/** Finds the registry of a kind. */
export type RegistryOf = (group: string, kind: string) => Registry;

const RBAC = 'rbac.authorization.k8s.io';

/** Namespaces that are always there. */
const NAMESPACES = ['kube-system', 'kube-public', 'kube-node-lease', 'default'];

/** Makes an object unless one of its name is there. */
export async function ensure(registry: Registry, object: ApiObject): Promise<void> {
  try {
    await create(registry, deepCopy(object), { namespace: object.metadata.namespace ?? '' });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}

/** Does the same with many at once: what is written together is synced together. */
async function forAll<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  await Promise.all(all.map(work));
}

/** Makes the system's namespaces. */
export async function ensureNamespaces(registryOf: RegistryOf): Promise<void> {
  const namespaces = registryOf('', 'Namespace');
  await forAll(NAMESPACES, (name) =>
    ensure(namespaces, { kind: 'Namespace', apiVersion: 'v1', metadata: { name } }),
  );
}

/** Makes the two priority classes of the system's own pods. */
export async function ensurePriorityClasses(registryOf: RegistryOf): Promise<void> {
  const classes = registryOf('scheduling.k8s.io', 'PriorityClass');
  await forAll(SYSTEM_PRIORITY_CLASSES, (object) => ensure(classes, asApiObject(object)));
}

/** Says which range Services have their addresses from. */
export async function ensureServiceCidr(registryOf: RegistryOf, cidr: string): Promise<void> {
  const registry = registryOf('networking.k8s.io', 'ServiceCIDR');
  await ensure(registry, {
    kind: 'ServiceCIDR',
    apiVersion: 'networking.k8s.io/v1',
    metadata: { name: 'kubernetes' },
    spec: { cidrs: [cidr] },
  });
  const ready = {
    type: 'Ready',
    status: 'True',
    reason: 'Ready',
    message: 'Kubernetes Service CIDR is ready',
    lastTransitionTime: timestamp(registry.clock.now()),
  };
  const change = (old: ApiObject): ApiObject => {
    const { conditions } = (old.status ?? {}) as { conditions?: object[] };
    if (!conditions?.length) old.status = { conditions: [ready] };
    return old;
  };
  await update(registry, 'kubernetes', change, { namespace: '', subresource: 'status' });
}

/** Makes an APIService for each group version that is served. */
export async function ensureApiServices(
  registryOf: RegistryOf,
  groupVersions: readonly { readonly group: string; readonly version: string }[],
): Promise<void> {
  const registry = registryOf('apiregistration.k8s.io', 'APIService');
  const now = timestamp(registry.clock.now());
  await forAll(groupVersions, async ({ group, version }) => {
    if (group === 'apiregistration.k8s.io') return;
    const object = localApiService(group, version, now);
    // Its status is its own from the start: nobody else looks whether it answers.
    const whole = {
      ...registry.kind,
      get schema() {
        return registry.kind.schema;
      },
      prepareForCreate: () => {},
    };
    await ensure({ ...registry, kind: whole }, object);
  });
}

/** Brings the default roles and bindings in, and adds to them what they lack. */
export async function ensurePolicy(registryOf: RegistryOf): Promise<void> {
  const changes = reconcileBootstrapPolicy(BOOTSTRAP_POLICY, await existingPolicy(registryOf));
  await forAll(changes.create, (object) => {
    const made = asApiObject(object);
    return ensure(registryOf(RBAC, made.kind), made);
  });
  await forAll(changes.update, (object) => replace(registryOf, asApiObject(object)));
  await forAll(changes.recreate, async (object) => {
    const made = asApiObject(object);
    const registry = registryOf(RBAC, made.kind);
    const { namespace = '', name = '' } = made.metadata;
    await deleteObject(registry, namespace, name, {});
    await ensure(registry, made);
  });
}

/** Gives aggregated ClusterRoles the rules they should have. */
export async function aggregateRoles(
  registryOf: RegistryOf,
  all: readonly ClusterRole[],
): Promise<void> {
  await forAll(aggregateClusterRoles(all), (role) => replace(registryOf, asApiObject(role)));
}

async function replace(registryOf: RegistryOf, object: ApiObject): Promise<void> {
  const { namespace = '', name = '' } = object.metadata;
  const change = (old: ApiObject): ApiObject => {
    const { metadata, ...content } = object;
    const { labels, annotations } = metadata;
    return {
      ...old,
      ...deepCopy(content),
      metadata: { ...old.metadata, ...(labels && { labels }), ...(annotations && { annotations }) },
    } as ApiObject;
  };
  await update(registryOf(RBAC, object.kind), name, change, { namespace });
}

async function existingPolicy(registryOf: RegistryOf): Promise<Policy> {
  const all = async <T>(kind: string): Promise<T[]> => {
    const { items } = await list(registryOf(RBAC, kind), { namespace: '' });
    return items.map(({ object }) => object as unknown as T);
  };
  return {
    clusterRoles: await all<ClusterRole>('ClusterRole'),
    clusterRoleBindings: await all('ClusterRoleBinding'),
    roles: await all<Role>('Role'),
    roleBindings: await all<RoleBinding>('RoleBinding'),
  };
}

function asApiObject(object: object): ApiObject {
  const { metadata = {} } = object as { metadata?: object };
  return { ...object, metadata: { ...metadata } } as ApiObject;
}
