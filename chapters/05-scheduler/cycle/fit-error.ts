/**
 * Why no node would do: per node for plugins, and in one line for people. Given: its wording is what
 * `kubectl describe pod` shows as `FailedScheduling`.
 */

import type { Pod } from '#apimachinery';
import { Status } from '../framework/status.ts';

/** What was found out in an attempt that found no node. */
export interface Diagnosis {
  /** Why each node that was asked was refused. */
  readonly nodeStatuses: ReadonlyMap<string, Status>;
  /** Why all nodes that were not asked were not. */
  readonly absentNodesStatus: Status;
  /** The plugins that said no, to whatever node. */
  readonly unschedulablePlugins: ReadonlySet<string>;
  /** Those of them that said `Pending`. */
  readonly pendingPlugins: ReadonlySet<string>;
  /** What preFilter said, when it refused the pod altogether; else `''`. */
  readonly preFilterMessage: string;
  /** What postFilter said; else `''`. */
  readonly postFilterMessage: string;
}

const NOT_ASKED = new Status('UnschedulableAndUnresolvable');

/** A diagnosis of what is named; the rest is empty. */
export function newDiagnosis(
  found: Partial<Omit<Diagnosis, 'unschedulablePlugins' | 'pendingPlugins'>> & {
    /** Answers whose plugins said no, besides those of `nodeStatuses`. */
    readonly statuses?: readonly Status[];
  },
): Diagnosis {
  const { nodeStatuses = new Map<string, Status>(), statuses = [] } = found;
  const all = [...nodeStatuses.values(), ...statuses];
  const pluginsOf = (some: readonly Status[]): ReadonlySet<string> =>
    new Set(some.map(({ plugin }) => plugin).filter((plugin) => plugin !== ''));
  return {
    nodeStatuses,
    absentNodesStatus: found.absentNodesStatus ?? NOT_ASKED,
    unschedulablePlugins: pluginsOf(all.filter(({ code }) => code !== 'Pending')),
    pendingPlugins: pluginsOf(all.filter(({ code }) => code === 'Pending')),
    preFilterMessage: found.preFilterMessage ?? '',
    postFilterMessage: found.postFilterMessage ?? '',
  };
}

/**
 * Thrown when a pod fits nowhere.
 *
 * @remarks The message counts nodes by reason; texts are in byte order, counts are part of the text:
 *
 * ```text
 * 0/3 nodes are available: 1 node(s) had untolerated taint {a: b}, 2 Insufficient cpu. preemption: …
 * ```
 *
 * @see pkg/scheduler/framework/types.go (1.33), FitError
 */
export class FitError extends Error {
  override readonly name = 'FitError';
  readonly pod: Pod;
  readonly numAllNodes: number;
  readonly diagnosis: Diagnosis;

  constructor(pod: Pod, numAllNodes: number, diagnosis: Diagnosis) {
    super(fitMessage(numAllNodes, diagnosis));
    this.pod = pod;
    this.numAllNodes = numAllNodes;
    this.diagnosis = diagnosis;
  }

  /** The same error with what postFilter had to say to it. */
  withPostFilterMessage(postFilterMessage: string): FitError {
    return new FitError(this.pod, this.numAllNodes, { ...this.diagnosis, postFilterMessage });
  }
}

function fitMessage(numAllNodes: number, diagnosis: Diagnosis): string {
  const { preFilterMessage, postFilterMessage } = diagnosis;
  const why = preFilterMessage || reasonCounts(numAllNodes, diagnosis).join(', ');
  const parts = [`0/${numAllNodes} nodes are available:`];
  if (why !== '') parts.push(`${why}.`);
  if (postFilterMessage !== '') parts.push(postFilterMessage);
  return parts.join(' ');
}

function reasonCounts(numAllNodes: number, diagnosis: Diagnosis): string[] {
  const { nodeStatuses, absentNodesStatus } = diagnosis;
  const counts = new Map<string, number>();
  const count = (reasons: readonly string[], nodes: number): void => {
    for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + nodes);
  };
  for (const { reasons } of nodeStatuses.values()) count(reasons, 1);
  const absent = numAllNodes - nodeStatuses.size;
  if (absent > 0) count(absentNodesStatus.reasons, absent);
  return [...counts].map(([reason, nodes]) => `${nodes} ${reason}`).sort(byteOrder);
}

function byteOrder(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Thrown when there is no node at all. */
export class NoNodesAvailableError extends Error {
  override readonly name = 'NoNodesAvailableError';

  constructor() {
    super('no nodes available to schedule pods');
  }
}
