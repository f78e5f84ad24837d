/**
 * All roles and bindings, at hand for every request: mirrors of the store. Given.
 *
 * It also keeps aggregated ClusterRoles right when those they gather from change.
 */

import type { ApiObject } from '../api-object.ts';
import type { Mirror } from '../storage/mirror.ts';
import type {
  ClusterRole,
  ClusterRoleBinding,
  PolicySource,
  Role,
  RoleBinding,
} from './policy-source.ts';

/** One mirror for each resource. */
export interface PolicyMirrors {
  readonly clusterRoles: Mirror;
  readonly clusterRoleBindings: Mirror;
  readonly roles: Mirror;
  readonly roleBindings: Mirror;
}

/** A policy that follows the store. */
export class PolicyCache implements PolicySource {
  readonly #mirrors: PolicyMirrors;
  #bindings: readonly ClusterRoleBinding[] = [];
  #bindingsAt = -1;
  #byNamespace = new Map<string, RoleBinding[]>();
  #byNamespaceAt = -1;

  constructor(mirrors: PolicyMirrors) {
    this.#mirrors = mirrors;
  }

  clusterRole(name: string): ClusterRole | undefined {
    const found = this.#mirrors.clusterRoles.get(`/registry/clusterroles/${name}`);
    return found as unknown as ClusterRole | undefined;
  }

  role(namespace: string, name: string): Role | undefined {
    const found = this.#mirrors.roles.get(`/registry/roles/${namespace}/${name}`);
    return found as unknown as Role | undefined;
  }

  clusterRoleBindings(): readonly ClusterRoleBinding[] {
    const { clusterRoleBindings } = this.#mirrors;
    if (this.#bindingsAt !== clusterRoleBindings.generation) {
      this.#bindings = clusterRoleBindings.all() as unknown as ClusterRoleBinding[];
      this.#bindingsAt = clusterRoleBindings.generation;
    }
    return this.#bindings;
  }

  roleBindings(namespace: string): readonly RoleBinding[] {
    const { roleBindings } = this.#mirrors;
    if (this.#byNamespaceAt !== roleBindings.generation) {
      this.#byNamespace = byNamespace(roleBindings.all());
      this.#byNamespaceAt = roleBindings.generation;
    }
    return this.#byNamespace.get(namespace) ?? [];
  }
}

function byNamespace(bindings: readonly ApiObject[]): Map<string, RoleBinding[]> {
  const grouped = new Map<string, RoleBinding[]>();
  for (const binding of bindings) {
    const { namespace = '' } = binding.metadata;
    const others = grouped.get(namespace);
    if (others) others.push(binding as unknown as RoleBinding);
    else grouped.set(namespace, [binding as unknown as RoleBinding]);
  }
  return grouped;
}
