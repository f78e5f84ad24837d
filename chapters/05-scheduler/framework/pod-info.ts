/** A pod with everything the scheduler works out of it once. Given. */

import type { PodAffinityTerm } from 'kubernetes-types/core/v1.js';
import {
  type LabelSelector,
  type LabelSet,
  type Pod,
  Selector,
  selectorFromObject,
} from '#apimachinery';
import { type HostPort, hostPortsOf } from './host-ports.ts';
import { podAmounts, podNonZeroAmounts, type ResourceAmounts } from './resource-amounts.ts';

/** One term of a pod's affinity or anti-affinity, ready to be asked. */
export interface AffinityTerm {
  /** The node label that says what counts as one place, for example `topology.kubernetes.io/zone`. */
  readonly topologyKey: string;
  readonly selector: Selector;
  /** Namespaces by name. */
  readonly namespaces: ReadonlySet<string>;
  /** Namespaces by label, `undefined` when the term selects none. */
  readonly namespaceSelector: Selector | undefined;
}

/** A term that is only wished for, with its weight of 1 to 100. */
export interface WeightedAffinityTerm {
  readonly term: AffinityTerm;
  readonly weight: number;
}

/** A pod and what follows from it. Never changed: a changed pod is a new `PodInfo`. */
export interface PodInfo {
  readonly pod: Pod;
  /** What it asks for. */
  readonly requests: ResourceAmounts;
  /** What it is taken to use when nodes are compared. */
  readonly nonZeroRequests: ResourceAmounts;
  readonly hostPorts: readonly HostPort[];
  readonly requiredAffinityTerms: readonly AffinityTerm[];
  readonly requiredAntiAffinityTerms: readonly AffinityTerm[];
  readonly preferredAffinityTerms: readonly WeightedAffinityTerm[];
  readonly preferredAntiAffinityTerms: readonly WeightedAffinityTerm[];
}

const infos = new WeakMap<Pod, PodInfo>();

/**
 * @param pod - an object that is never changed, as those of informers
 * @returns the same `PodInfo` for the same object
 * @throws SelectorError, QuantityError when the pod is not valid
 */
export function podInfoOf(pod: Pod): PodInfo {
  const known = infos.get(pod);
  if (known) return known;
  const { podAffinity, podAntiAffinity } = pod.spec?.affinity ?? {};
  const required = 'requiredDuringSchedulingIgnoredDuringExecution';
  const preferred = 'preferredDuringSchedulingIgnoredDuringExecution';
  const weighted = (all: NonNullable<typeof podAffinity>[typeof preferred] = []) =>
    all.map(({ podAffinityTerm, weight }) => ({ term: newTerm(pod, podAffinityTerm), weight }));
  const info: PodInfo = {
    pod,
    requests: podAmounts(pod),
    nonZeroRequests: podNonZeroAmounts(pod),
    hostPorts: hostPortsOf(pod),
    requiredAffinityTerms: (podAffinity?.[required] ?? []).map((term) => newTerm(pod, term)),
    requiredAntiAffinityTerms: (podAntiAffinity?.[required] ?? []).map((t) => newTerm(pod, t)),
    preferredAffinityTerms: weighted(podAffinity?.[preferred]),
    preferredAntiAffinityTerms: weighted(podAntiAffinity?.[preferred]),
  };
  infos.set(pod, info);
  return info;
}

/** A term without namespaces and without a selector of them means the pod's own namespace. */
function newTerm(pod: Pod, term: PodAffinityTerm): AffinityTerm {
  const { namespaces = [], namespaceSelector, labelSelector, topologyKey } = term;
  const own = namespaces.length === 0 && namespaceSelector === undefined;
  return {
    topologyKey,
    selector: selectorOf(withMatchLabelKeys(pod, term, labelSelector)),
    namespaces: new Set(own ? [pod.metadata?.namespace ?? ''] : namespaces),
    namespaceSelector: namespaceSelector && selectorFromObject(namespaceSelector),
  };
}

/** Nothing matches an absent selector; everything matches an empty one. */
function selectorOf(selector: LabelSelector | undefined): Selector {
  return selector === undefined ? Selector.nothing : selectorFromObject(selector);
}

type MatchLabelKeys = { matchLabelKeys?: string[]; mismatchLabelKeys?: string[] };

/** The API server writes these keys into the selector; pods from before it did are read here. */
function withMatchLabelKeys(
  { metadata }: Pod,
  term: PodAffinityTerm,
  selector: LabelSelector | undefined,
): LabelSelector | undefined {
  const { matchLabelKeys = [], mismatchLabelKeys = [] } = term as MatchLabelKeys;
  if (selector === undefined || matchLabelKeys.length + mismatchLabelKeys.length === 0) {
    return selector;
  }
  const labels: LabelSet = metadata?.labels ?? {};
  const requirement = (operator: string) => (key: string) => ({
    key,
    operator,
    values: [labels[key] ?? ''],
  });
  const isThere = (key: string): boolean => labels[key] !== undefined;
  return {
    ...selector,
    matchExpressions: [
      ...(selector.matchExpressions ?? []),
      ...matchLabelKeys.filter(isThere).map(requirement('In')),
      ...mismatchLabelKeys.filter(isThere).map(requirement('NotIn')),
    ],
  };
}

/**
 * Tells whether a term speaks of a pod.
 *
 * @param namespaceLabels - of the pod's namespace
 */
export function termMatches(term: AffinityTerm, pod: Pod, namespaceLabels: LabelSet): boolean {
  const inNamespace =
    term.namespaces.has(pod.metadata?.namespace ?? '') ||
    term.namespaceSelector?.matches(namespaceLabels) === true;
  return inNamespace && term.selector.matches(pod.metadata?.labels ?? {});
}
