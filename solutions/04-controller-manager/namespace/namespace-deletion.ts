/**
 * How far the deletion of a namespace is: what is left in it, what is said of that, and when it may go.
 *
 * Functions of what was found; `namespace-controller.ts` empties the namespace and asks them.
 */

import type { NamespaceCondition } from 'kubernetes-types/core/v1.js';
import { type Clock, timestamp } from '#apimachinery';

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
  return remaining.length === 0 && failures.length === 0;
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
  if (remaining.length === 0) return undefined;
  const estimates = remaining.map(({ finalizers, graceSeconds }) => {
    const waits = Object.keys(finalizers).length > 0 ? FINALIZER_ESTIMATE_SECONDS : 0;
    return Math.max(waits, graceSeconds);
  });
  return (Math.floor(Math.max(...estimates) / 2) + 1) * 1000;
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
  const finalizers = new Map<string, number>();
  for (const [name, count] of remaining.flatMap((one) => Object.entries(one.finalizers))) {
    finalizers.set(name, (finalizers.get(name) ?? 0) + count);
  }
  const list = (texts: readonly string[]): string => [...texts].sort().join(', ');
  const resources = remaining.map(
    ({ resource, count }) => `${withDot(resource)} has ${count} resource instances`,
  );
  const waits = [...finalizers].map(([name, count]) => `${name} in ${count} resource instances`);
  const failed = `Failed to delete all resource types, ${failures.length} remaining: ${list(failures)}`;
  const said = [
    condition('NamespaceDeletionDiscoveryFailure', ''),
    condition('NamespaceDeletionGroupVersionParsingFailure', ''),
    condition('NamespaceDeletionContentFailure', failures.length > 0 ? failed : ''),
    condition(
      'NamespaceContentRemaining',
      resources.length > 0 ? `Some resources are remaining: ${list(resources)}` : '',
    ),
    condition(
      'NamespaceFinalizersRemaining',
      waits.length > 0
        ? `Some content in the namespace has finalizers remaining: ${list(waits)}`
        : '',
    ),
  ];
  return merge(before, said, timestamp(clock.now()));
}

/** Reasons and messages when all is well, and the reason when it is not. */
const WORDS: Readonly<Record<string, readonly [well: string, message: string, ill: string]>> = {
  NamespaceDeletionDiscoveryFailure: [
    'ResourcesDiscovered',
    'All resources successfully discovered',
    'DiscoveryFailed',
  ],
  NamespaceDeletionGroupVersionParsingFailure: [
    'ParsedGroupVersions',
    'All legacy kube types successfully parsed',
    'GroupVersionParsingFailed',
  ],
  NamespaceDeletionContentFailure: [
    'ContentDeleted',
    'All content successfully deleted, may be waiting on finalization',
    'ContentDeletionFailed',
  ],
  NamespaceContentRemaining: [
    'ContentRemoved',
    'All content successfully removed',
    'SomeResourcesRemain',
  ],
  NamespaceFinalizersRemaining: [
    'ContentHasNoFinalizers',
    'All content-preserving finalizers finished',
    'SomeFinalizersRemain',
  ],
};

function condition(type: string, fault: string): NamespaceCondition {
  const [well = '', message = '', ill = ''] = WORDS[type] ?? [];
  return fault === ''
    ? { type, status: 'False', reason: well, message }
    : { type, status: 'True', reason: ill, message: fault };
}

function merge(
  before: readonly NamespaceCondition[],
  said: readonly NamespaceCondition[],
  now: string,
): NamespaceCondition[] {
  const news = said.map((one) => {
    const old = before.find(({ type }) => type === one.type);
    const isSame = old?.status === one.status && old.lastTransitionTime !== undefined;
    return { ...one, lastTransitionTime: isSame ? old.lastTransitionTime : now };
  });
  const kept = before.map((one) => news.find(({ type }) => type === one.type) ?? one);
  const added = news.filter((one) => !before.some(({ type }) => type === one.type));
  return [...kept, ...added];
}

function withDot(resource: string): string {
  return resource.includes('.') ? resource : `${resource}.`;
}
