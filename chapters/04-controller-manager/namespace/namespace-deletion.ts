/**
 * How far the deletion of a namespace is: what is left in it, what is said of that, and when it may go.
 *
 * Functions of what was found; `namespace-controller.ts` empties the namespace and asks them.
 */

import type { NamespaceCondition } from 'kubernetes-types/core/v1.js';
import type { Clock } from '#apimachinery';
import { NotImplemented } from '#not-implemented';

/** What was found of one resource in a namespace, after all of it was told to go. */
export interface Remaining {
  /** `pods`, and for groups other than core `deployments.apps`. */
  readonly resource: string;
  readonly count: number;
  /** How many objects wait for each finalizer. */
  readonly finalizers: Readonly<Record<string, number>>;
  /** In how many seconds the last of it may be gone; 0 when nobody can say. */
  readonly graceSeconds: number;
}

/** What came of emptying a namespace. */
export interface DeletionReport {
  /** One for each resource of which something is left. */
  readonly remaining: readonly Remaining[];
  /** Why some resources could not be emptied: messages. */
  readonly failures: readonly string[];
}

/** So long something that waits for a finalizer is given, in seconds. */
export const FINALIZER_ESTIMATE_SECONDS = 15;

/**
 * May the namespace go: is nothing left, and did nothing fail?
 *
 * @exercise controller-manager/garbage-collector
 */
export function isEmptied({ remaining, failures }: DeletionReport): boolean {
  throw new NotImplemented('controller-manager/garbage-collector', 'isEmptied');
}

/**
 * In how many milliseconds to look again.
 *
 * @remarks Each resource has an estimate in seconds: `FINALIZER_ESTIMATE_SECONDS` when something waits for
 * a finalizer, and not less than its `graceSeconds`. Half of the largest, in whole seconds rounded down,
 * and one more.
 *
 * ```text
 * pods with 30 s of grace                   →  16 s
 * a ConfigMap that waits for a finalizer    →   8 s
 * something left, nobody can say            →   1 s
 * ```
 *
 * @returns `undefined` when nothing is left
 * @see pkg/controller/namespace/namespace_controller.go (1.33), ResourcesRemainingError
 * @exercise controller-manager/garbage-collector
 */
export function lookAgainMs({ remaining }: DeletionReport): number | undefined {
  throw new NotImplemented('controller-manager/garbage-collector', 'lookAgainMs');
}

/**
 * The namespace's conditions, after it was emptied as far as it could be.
 *
 * @remarks Five types, in this order behind conditions of other types; each keeps its place once it is
 * there. `lastTransitionTime` moves only with the status.
 *
 * | type | when | status, reason | message |
 * |---|---|---|---|
 * | `NamespaceDeletionDiscoveryFailure` | always | False, `ResourcesDiscovered` | `All resources successfully discovered` |
 * | `NamespaceDeletionGroupVersionParsingFailure` | always | False, `ParsedGroupVersions` | `All legacy kube types successfully parsed` |
 * | `NamespaceDeletionContentFailure` | nothing failed | False, `ContentDeleted` | `All content successfully deleted, may be waiting on finalization` |
 * | | something failed | True, `ContentDeletionFailed` | `Failed to delete all resource types, N remaining: F1, F2` |
 * | `NamespaceContentRemaining` | nothing left | False, `ContentRemoved` | `All content successfully removed` |
 * | | something left | True, `SomeResourcesRemain` | `Some resources are remaining: pods. has 2 resource instances, …` |
 * | `NamespaceFinalizersRemaining` | no finalizers | False, `ContentHasNoFinalizers` | `All content-preserving finalizers finished` |
 * | | some | True, `SomeFinalizersRemain` | `Some content in the namespace has finalizers remaining: F in 2 resource instances, …` |
 *
 * N is how many failed. Failures, resources and finalizers are in the order of their texts. The same
 * finalizer on objects of several resources is counted together. A resource is written with a dot
 * behind it when it has no group, as Kubernetes does: `pods.`, `deployments.apps`.
 *
 * @param before - the conditions there are
 * @see pkg/controller/namespace/deletion/status_condition_utils.go (1.33)
 * @exercise controller-manager/garbage-collector
 */
export function deletionConditions(
  before: readonly NamespaceCondition[],
  { remaining, failures }: DeletionReport,
  clock: Pick<Clock, 'now'>,
): NamespaceCondition[] {
  throw new NotImplemented('controller-manager/garbage-collector', 'deletionConditions');
}
