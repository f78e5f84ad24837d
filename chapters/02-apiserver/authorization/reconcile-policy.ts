/**
 * Brings the roles and bindings of the start into a cluster that may have some already. Given.
 *
 * Only what is missing is added: what somebody gave beside it stays, what somebody took away comes
 * back, unless he set the annotation `rbac.authorization.kubernetes.io/autoupdate` to `false`.
 *
 * @see k8s.io/component-helpers/auth/rbac/reconciliation/ (1.33)
 */

import { type KubernetesObject, semanticallyEqual } from '#apimachinery';
import type { Policy } from './bootstrap-policy.ts';
import { covers } from './escalation.ts';
import { AUTO_UPDATE } from './policy-builder.ts';
import type { ClusterRole, PolicyRule, RoleBinding, Subject } from './policy-source.ts';
import { aggregateClusterRoles } from './role-aggregation.ts';

/** A ClusterRole or Role. */
type AnyRole = Omit<ClusterRole, 'kind'> & { kind?: string };
/** A ClusterRoleBinding or RoleBinding. */
type AnyBinding = Omit<RoleBinding, 'kind'> & { kind?: string };
type RbacObject = AnyRole | AnyBinding;

/** What is to be written, in order. */
export interface PolicyChanges {
  readonly create: readonly RbacObject[];
  /** As they were, with what was missing. */
  readonly update: readonly RbacObject[];
  /** Bindings to another role: these cannot be changed, but must be deleted and created. */
  readonly recreate: readonly RbacObject[];
}

/**
 * What must be written so that all of a policy is there, aggregated rules included.
 *
 * @param wanted - {@link BOOTSTRAP_POLICY}
 * @param existing - all roles and bindings there are; not changed
 */
export function reconcileBootstrapPolicy(wanted: Policy, existing: Policy): PolicyChanges {
  const before = byPlace<AnyRole>([...existing.clusterRoles, ...existing.roles]);
  const after = new Map(before);
  for (const role of [...wanted.clusterRoles, ...wanted.roles]) {
    const known = before.get(placeOf(role));
    after.set(placeOf(role), known ? mergedRole(known, role) : role);
  }
  const clusterRoles = [...after.values()].filter(({ kind }) => kind === 'ClusterRole');
  for (const role of aggregateClusterRoles(clusterRoles as ClusterRole[])) {
    after.set(placeOf(role), role);
  }
  const roles = [...after].filter(([place, role]) => before.get(place) !== role);
  const [update, create] = [true, false].map((isThere) =>
    roles.filter(([place]) => before.has(place) === isThere).map(([, role]) => role),
  );
  const bindings = bindingChanges(wanted, existing);
  return {
    create: [...(create ?? []), ...bindings.create],
    update: [...(update ?? []), ...bindings.update],
    recreate: bindings.recreate,
  };
}

function bindingChanges(wanted: Policy, existing: Policy): PolicyChanges {
  const create: RbacObject[] = [];
  const update: RbacObject[] = [];
  const recreate: RbacObject[] = [];
  const all = [...existing.clusterRoleBindings, ...existing.roleBindings];
  const before = byPlace<AnyBinding>(all);
  for (const binding of [...wanted.clusterRoleBindings, ...wanted.roleBindings]) {
    const known = before.get(placeOf(binding));
    if (!known) create.push(binding);
    else if (isProtected(known)) continue;
    else if (!semanticallyEqual(known.roleRef, binding.roleRef)) recreate.push(binding);
    else {
      const merged = mergedBinding(known, binding);
      if (merged !== known) update.push(merged);
    }
  }
  return { create, update, recreate };
}

function byPlace<T extends KubernetesObject>(objects: readonly T[]): Map<string, T> {
  return new Map(objects.map((one) => [placeOf(one), one]));
}

function placeOf({ kind, metadata }: KubernetesObject): string {
  return `${kind}/${metadata?.namespace ?? ''}/${metadata?.name}`;
}

function isProtected({ metadata }: KubernetesObject): boolean {
  return metadata?.annotations?.[AUTO_UPDATE] === 'false';
}

/** @returns `known` itself when nothing is missing */
function mergedRole(known: AnyRole, wanted: AnyRole): AnyRole {
  if (isProtected(known)) return known;
  const missing = missingRules(known.rules ?? [], wanted.rules ?? []);
  const merged: AnyRole = {
    ...known,
    ...withMetadata(known, wanted),
    ...(missing.length > 0 && { rules: [...(known.rules ?? []), ...missing] }),
  };
  const selectors = selectorsOf(known);
  const missingSelectors = selectorsOf(wanted).filter(
    (one) => !selectors.some((other) => semanticallyEqual(one, other)),
  );
  if ('aggregationRule' in known && !('aggregationRule' in wanted)) delete merged.aggregationRule;
  if (missingSelectors.length > 0) {
    merged.aggregationRule = { clusterRoleSelectors: [...selectors, ...missingSelectors] };
  }
  return semanticallyEqual(merged, known) ? known : merged;
}

/** Most of the time nothing is, and then there is nothing to take apart. */
function missingRules(
  known: readonly PolicyRule[],
  wanted: readonly PolicyRule[],
): readonly PolicyRule[] {
  const unknown = wanted.filter((one) => !known.some((other) => semanticallyEqual(one, other)));
  return unknown.length === 0 ? [] : covers(known, unknown).missing;
}

function selectorsOf(role: AnyRole) {
  return role.aggregationRule?.clusterRoleSelectors ?? [];
}

/** @returns `known` itself when nothing is missing */
function mergedBinding(known: AnyBinding, wanted: AnyBinding): AnyBinding {
  const subjects = known.subjects ?? [];
  const missing = (wanted.subjects ?? []).filter(
    (one) => !subjects.some((other) => isSameSubject(one, other)),
  );
  const merged = {
    ...known,
    ...withMetadata(known, wanted),
    ...(missing.length > 0 && { subjects: [...subjects, ...missing] }),
  };
  return semanticallyEqual(merged, known) ? known : merged;
}

function isSameSubject(one: Subject, other: Subject): boolean {
  const fields = ['kind', 'apiGroup', 'name', 'namespace'] as const;
  return fields.every((field) => (one[field] ?? '') === (other[field] ?? ''));
}

/** What is there wins: a label somebody changed stays as he wants it. */
function withMetadata(known: KubernetesObject, wanted: KubernetesObject) {
  const { labels, annotations } = wanted.metadata ?? {};
  return {
    metadata: {
      ...known.metadata,
      labels: { ...labels, ...known.metadata?.labels },
      annotations: { ...annotations, ...known.metadata?.annotations },
    },
  };
}
