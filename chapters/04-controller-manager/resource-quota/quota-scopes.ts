/**
 * Which pods a quota with scopes is about. Given.
 *
 * The API server has the same question when a pod is made; this is for those that are there.
 *
 * @see pkg/quota/v1/evaluator/core/pods.go (1.33), podMatchesScopeFunc; pkg/apis/core/helper/qos/qos.go
 */

import type {
  Pod,
  PodAffinityTerm,
  ResourceQuota,
  ResourceRequirements,
  ScopedResourceSelectorRequirement,
} from 'kubernetes-types/core/v1.js';
import { Quantity, selectorFromObject } from '#apimachinery';

/** All scopes of a quota, in whatever form it has them. */
export function scopesOf({ spec }: ResourceQuota): ScopedResourceSelectorRequirement[] {
  const named = (spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' }));
  return [...named, ...(spec?.scopeSelector?.matchExpressions ?? [])];
}

/** Is a pod in a scope? */
export function isPodInScope(pod: Pod, scope: ScopedResourceSelectorRequirement): boolean {
  const isTerminating = (pod.spec?.activeDeadlineSeconds ?? -1) >= 0;
  switch (scope.scopeName) {
    case 'Terminating':
      return isTerminating;
    case 'NotTerminating':
      return !isTerminating;
    case 'BestEffort':
      return isBestEffort(pod);
    case 'NotBestEffort':
      return !isBestEffort(pod);
    case 'PriorityClass':
      return isInPriorityClass(pod, scope);
    case 'CrossNamespacePodAffinity':
      return reachesOtherNamespaces(pod);
    default:
      return false;
  }
}

/** Does it ask for no processor and no memory at all? */
function isBestEffort({ spec }: Pod): boolean {
  // The types are of a version before pods had resources of their own.
  const { resources } = (spec ?? {}) as { resources?: ResourceRequirements };
  const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
  return [resources, ...containers.map((one) => one.resources)].every(
    (one) => !asksFor(one?.requests) && !asksFor(one?.limits),
  );
}

function asksFor(amounts: Record<string, string> | undefined): boolean {
  return ['cpu', 'memory'].some((name) => {
    const amount = amounts?.[name];
    return amount !== undefined && Quantity.parse(amount).compare(Quantity.zero) > 0;
  });
}

function isInPriorityClass(
  { spec }: Pod,
  { operator, values }: ScopedResourceSelectorRequirement,
): boolean {
  const name = spec?.priorityClassName;
  if (operator === 'Exists') return !!name;
  const requirement = { key: 'PriorityClass', operator, ...(values && { values }) };
  const selector = selectorFromObject({ matchExpressions: [requirement] });
  return selector.matches(name ? { PriorityClass: name } : {});
}

function reachesOtherNamespaces({ spec }: Pod): boolean {
  const { podAffinity, podAntiAffinity } = spec?.affinity ?? {};
  return [podAffinity, podAntiAffinity].some((affinity) => {
    const required = affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
    const preferred = affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    return [...required, ...preferred.map((each) => each.podAffinityTerm)].some(isAboutOthers);
  });
}

function isAboutOthers({ namespaces, namespaceSelector }: PodAffinityTerm): boolean {
  return (namespaces?.length ?? 0) > 0 || namespaceSelector !== undefined;
}
