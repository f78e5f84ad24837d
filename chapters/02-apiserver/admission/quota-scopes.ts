/**
 * Which pods a quota with scopes is about. Given.
 *
 * @see pkg/quota/v1/evaluator/core/pods.go (1.33), podMatchesScopeFunc
 */

import type {
  Pod,
  PodAffinityTerm,
  ResourceQuota,
  ScopedResourceSelectorRequirement,
} from 'kubernetes-types/core/v1.js';
import { selectorFromObject } from '#apimachinery';
import type { ApiPodSpec } from '../kinds/core/objects.ts';
import { qosClassOf } from '../kinds/core/qos.ts';

/** All scopes of a quota, in whatever form it has them. */
export function scopesOf({ spec }: ResourceQuota): ScopedResourceSelectorRequirement[] {
  const named = (spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' }));
  return [...named, ...(spec?.scopeSelector?.matchExpressions ?? [])];
}

/** Is a pod in a scope? */
export function isPodInScope(pod: Pod, scope: ScopedResourceSelectorRequirement): boolean {
  const { scopeName } = scope;
  const isTerminating = (pod.spec?.activeDeadlineSeconds ?? -1) >= 0;
  if (scopeName === 'Terminating') return isTerminating;
  if (scopeName === 'NotTerminating') return !isTerminating;
  const isBestEffort = qosClassOf((pod.spec ?? {}) as ApiPodSpec) === 'BestEffort';
  if (scopeName === 'BestEffort') return isBestEffort;
  if (scopeName === 'NotBestEffort') return !isBestEffort;
  if (scopeName === 'PriorityClass') return isInPriorityClass(pod, scope);
  return scopeName === 'CrossNamespacePodAffinity' && reachesOtherNamespaces(pod);
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
