/**
 * Where a pod would like to be, or must be: near nodes and near or far from other pods. Given.
 *
 * @see pkg/apis/core/validation/validation.go (1.33), validateAffinity
 */

import type { NodeAffinity, PodAffinity, PodAffinityTerm } from 'kubernetes-types/core/v1.js';
import {
  type Affinity,
  type FieldError,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
  type LabelSelector,
} from '#apimachinery';
import { validateLabelSelector } from '../label-selector.ts';
import { validateDnsLabel, validateQualifiedName } from './names.ts';
import { validateNodeSelector, validateNodeSelectorTerm } from './node-selector.ts';
import type { ApiPodSpec } from './objects.ts';

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution';

/** Faults of where a pod would like to be, or must be. */
export function validateAffinity(affinity: Affinity | undefined, path: string): FieldError[] {
  const { nodeAffinity, podAffinity, podAntiAffinity } = affinity ?? {};
  return [
    ...(nodeAffinity ? validateNodeAffinity(nodeAffinity, `${path}.nodeAffinity`) : []),
    ...(podAffinity ? validatePodAffinity(podAffinity, `${path}.podAffinity`) : []),
    ...(podAntiAffinity ? validatePodAffinity(podAntiAffinity, `${path}.podAntiAffinity`) : []),
  ];
}

function validateNodeAffinity(affinity: NodeAffinity, path: string): FieldError[] {
  const required = affinity[REQUIRED];
  const preferred = affinity[PREFERRED] ?? [];
  return [
    ...(required ? validateNodeSelector(required, `${path}.${REQUIRED}`) : []),
    ...preferred.flatMap(({ weight, preference }, i) => {
      const at = `${path}.${PREFERRED}[${i}]`;
      return [
        ...validateWeight(weight ?? 0, `${at}.weight`),
        ...validateNodeSelectorTerm(preference ?? {}, `${at}.preference`, true),
      ];
    }),
  ];
}

function validateWeight(weight: number, path: string): FieldError[] {
  if (weight > 0 && weight <= 100) return [];
  return [fieldInvalid(path, weight, 'must be in the range 1-100')];
}

function validatePodAffinity(affinity: PodAffinity, path: string): FieldError[] {
  const required = affinity[REQUIRED] ?? [];
  const preferred = affinity[PREFERRED] ?? [];
  return [
    ...required.flatMap((term, i) => validateTerm(term, `${path}.${REQUIRED}[${i}]`)),
    ...preferred.flatMap(({ weight, podAffinityTerm }, i) => {
      const at = `${path}.${PREFERRED}[${i}]`;
      return [
        ...validateWeight(weight ?? 0, `${at}.weight`),
        ...validateTerm(podAffinityTerm ?? { topologyKey: '' }, `${at}.podAffinityTerm`),
      ];
    }),
  ];
}

function validateTerm(term: PodAffinityTerm, path: string): FieldError[] {
  const { labelSelector, namespaceSelector, namespaces = [], topologyKey } = term;
  const field = `${path}.topologyKey`;
  return [
    ...validateLabelSelector(labelSelector, `${path}.labelSelector`),
    ...validateLabelSelector(namespaceSelector, `${path}.namespaceSelector`),
    ...namespaces.flatMap((name) => validateDnsLabel(name, `${path}.namespace`)),
    ...validateLabelKeys(term, path),
    ...(topologyKey ? [] : [fieldRequired(field, 'can not be empty')]),
    ...validateQualifiedName(topologyKey ?? '', field),
  ];
}

/** Keys whose value in the pod's own labels counts must not be selected by as well. */
function validateLabelKeys(term: PodAffinityTerm, path: string): FieldError[] {
  const { matchLabelKeys = [], mismatchLabelKeys = [], labelSelector } = term;
  const inBoth = matchLabelKeys.flatMap((key, i) =>
    mismatchLabelKeys.includes(key)
      ? [
          fieldInvalid(
            `${path}.matchLabelKeys[${i}]`,
            key,
            'exists in both matchLabelKeys and mismatchLabelKeys',
          ),
        ]
      : [],
  );
  return [
    ...validateKeys(matchLabelKeys, labelSelector, `${path}.matchLabelKeys`),
    ...validateKeys(mismatchLabelKeys, labelSelector, `${path}.mismatchLabelKeys`),
    ...validateKeysSelectedOnce(matchLabelKeys, labelSelector, path),
    ...inBoth,
  ];
}

function validateKeys(
  keys: readonly string[],
  selector: LabelSelector | undefined,
  path: string,
): FieldError[] {
  if (keys.length === 0) return [];
  if (!selector) {
    return [fieldForbidden(path, 'must not be specified when labelSelector is not set')];
  }
  return keys.flatMap((key, i) => validateQualifiedName(key, `${path}[${i}]`));
}

/** The keys have been put into the selector already: one that is there twice was there before. */
function validateKeysSelectedOnce(
  keys: readonly string[],
  selector: LabelSelector | undefined,
  path: string,
): FieldError[] {
  const seen = new Set(Object.keys(selector?.matchLabels ?? {}));
  return (selector?.matchExpressions ?? []).flatMap(({ key }) => {
    const isTwice = keys.includes(key) && seen.has(key);
    seen.add(key);
    if (!isTwice) return [];
    const at = `${path}[${keys.lastIndexOf(key)}]`;
    return [fieldInvalid(at, key, 'exists in both matchLabelKeys and labelSelector')];
  });
}

/**
 * Puts the pod's own values of `matchLabelKeys` and `mismatchLabelKeys` into its terms' selectors,
 * as it is done once when a pod is made. Changes the spec.
 *
 * @see pkg/registry/core/pod/strategy.go (1.33), mutatePodAffinity
 */
export function applyLabelKeys(spec: ApiPodSpec, labels: Readonly<Record<string, string>>): void {
  const { podAffinity, podAntiAffinity } = spec.affinity ?? {};
  for (const affinity of [podAffinity, podAntiAffinity]) {
    const preferred = affinity?.[PREFERRED] ?? [];
    const terms = [
      ...(affinity?.[REQUIRED] ?? []),
      ...preferred.flatMap(({ podAffinityTerm }) => podAffinityTerm ?? []),
    ];
    for (const term of terms) applyToTerm(term, labels);
  }
}

function applyToTerm(term: PodAffinityTerm, labels: Readonly<Record<string, string>>): void {
  const { labelSelector, matchLabelKeys = [], mismatchLabelKeys = [] } = term;
  if (!labelSelector) return;
  const requirements = (keys: readonly string[], operator: string) =>
    keys.flatMap((key) => {
      const value = labels[key];
      return value === undefined ? [] : [{ key, operator, values: [value] }];
    });
  const added = [
    ...requirements(matchLabelKeys, 'In'),
    ...requirements(mismatchLabelKeys, 'NotIn'),
  ];
  if (added.length === 0) return;
  labelSelector.matchExpressions = [...(labelSelector.matchExpressions ?? []), ...added];
}
