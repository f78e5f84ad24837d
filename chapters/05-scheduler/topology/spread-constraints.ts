/**
 * Spread constraints, read once for a pod and with everything filled in. Given.
 *
 * What they count, refuse and are worth is `topology-spread.ts` and `spread-scores.ts`.
 */

import type { TopologySpreadConstraint } from 'kubernetes-types/core/v1.js';
import {
  type LabelSet,
  newRequirement,
  type Pod,
  Selector,
  selectorFromObject,
} from '#apimachinery';

/** What happens when a constraint cannot be kept: the pod waits, or goes there all the same. */
export type WhenUnsatisfiable = 'DoNotSchedule' | 'ScheduleAnyway';

/** Whether something that keeps the pod off a node also takes the node out of the counting. */
export type NodeInclusionPolicy = 'Honor' | 'Ignore';

/** One constraint of a pod, with everything filled in. */
export interface SpreadConstraint {
  /** By how many pods a domain may be ahead of the emptiest one. 1 or more. */
  readonly maxSkew: number;
  /** Nodes with the same value of this label are one domain. */
  readonly topologyKey: string;
  /** The pods that count. */
  readonly selector: Selector;
  /** With fewer domains than this, the emptiest one counts as empty. 1 or more. */
  readonly minDomains: number;
  readonly nodeAffinityPolicy: NodeInclusionPolicy;
  readonly nodeTaintsPolicy: NodeInclusionPolicy;
}

/**
 * The constraints of one kind, in their order, ready to be used.
 *
 * @remarks
 *
 * 1. Only those with this `whenUnsatisfiable`.
 * 2. Absent are: `minDomains` 1, `nodeAffinityPolicy` `Honor`, `nodeTaintsPolicy` `Ignore`. Without a
 *    `labelSelector` nothing matches; an empty one matches everything.
 * 3. `matchLabelKeys`: for each of these labels that the pod has, the selector also requires the pod's
 *    value, with the operator `=`. A label the pod does not have adds nothing. What matches nothing
 *    stays so.
 *
 * ```text
 * pod labels app=web, pod-template-hash=5d9
 * labelSelector app=web, matchLabelKeys [pod-template-hash, tier]  →  app=web,pod-template-hash=5d9
 * ```
 *
 * @param constraints - `spec.topologySpreadConstraints`, or the profile's
 * @throws SelectorError when a selector is not well formed
 * @see pkg/scheduler/framework/plugins/podtopologyspread/common.go (1.33)
 */
export function spreadConstraintsOf(
  pod: Pod,
  constraints: readonly TopologySpreadConstraint[],
  whenUnsatisfiable: WhenUnsatisfiable,
): SpreadConstraint[] {
  return constraints
    .filter((constraint) => constraint.whenUnsatisfiable === whenUnsatisfiable)
    .map((constraint) => ({
      maxSkew: constraint.maxSkew,
      topologyKey: constraint.topologyKey,
      selector: selectorWithKeys(pod.metadata?.labels ?? {}, constraint),
      minDomains: constraint.minDomains ?? 1,
      nodeAffinityPolicy: (constraint.nodeAffinityPolicy ?? 'Honor') as NodeInclusionPolicy,
      nodeTaintsPolicy: (constraint.nodeTaintsPolicy ?? 'Ignore') as NodeInclusionPolicy,
    }));
}

function selectorWithKeys(
  labels: LabelSet,
  { labelSelector, matchLabelKeys = [] }: TopologySpreadConstraint,
): Selector {
  const { requirements } = selectorFromObject(labelSelector);
  if (!requirements) return Selector.nothing;
  const more = matchLabelKeys.flatMap((key) => {
    const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
    return value === undefined ? [] : [newRequirement(key, '=', [value])];
  });
  return new Selector([...requirements, ...more]);
}
