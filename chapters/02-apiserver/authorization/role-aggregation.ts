/**
 * ClusterRoles whose rules are gathered from others, chosen by their labels. Given.
 *
 * @see pkg/controller/clusterroleaggregation/clusterroleaggregation_controller.go (1.33)
 */

import { selectorFromObject, semanticallyEqual } from '#apimachinery';
import type { ClusterRole, PolicyRule } from './policy-source.ts';

/**
 * The rules an aggregated ClusterRole should have.
 *
 * @remarks For each of its selectors in order, the rules of the ClusterRoles it selects, these in
 * the order of their names; each rule once. A role never gathers its own.
 *
 * @returns `undefined` when the role is not aggregated
 */
export function aggregatedRules(
  role: ClusterRole,
  all: readonly ClusterRole[],
): PolicyRule[] | undefined {
  if (!role.aggregationRule) return undefined;
  const rules: PolicyRule[] = [];
  const byName = [...all].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  for (const labels of role.aggregationRule.clusterRoleSelectors ?? []) {
    const selector = selectorFromObject(labels);
    for (const other of byName) {
      if (nameOf(other) === nameOf(role)) continue;
      if (!selector.matches(other.metadata?.labels ?? {})) continue;
      for (const rule of other.rules ?? []) {
        if (!rules.some((known) => semanticallyEqual(known, rule))) rules.push(rule);
      }
    }
  }
  return rules;
}

/**
 * The ClusterRoles whose rules are not what they should be, with the right ones.
 *
 * @remarks Aggregated roles gather from aggregated roles (`admin` from `edit`, that from `view`),
 * so it goes on until nothing changes; each round settles at least one more role of such a chain.
 *
 * @param all - every ClusterRole there is; not changed
 */
export function aggregateClusterRoles(all: readonly ClusterRole[]): ClusterRole[] {
  const roles = [...all];
  const changed = new Map<string, ClusterRole>();
  for (let round = 0; round < all.length; round++) {
    let isSettled = true;
    for (const [i, role] of roles.entries()) {
      const rules = aggregatedRules(role, roles);
      if (!rules || semanticallyEqual(rules, role.rules ?? [])) continue;
      isSettled = false;
      roles[i] = { ...role, rules };
      changed.set(nameOf(role), roles[i]);
    }
    if (isSettled) break;
  }
  return [...changed.values()];
}

function nameOf({ metadata }: ClusterRole): string {
  return metadata?.name ?? '';
}
