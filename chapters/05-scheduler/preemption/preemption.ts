/**
 * Preemption: who must go so that a more important pod has a place?
 *
 * Everything in here is a what-if on copies. Victims are deleted by `plugins/default-preemption.ts`,
 * promises are kept in `nominator.ts`.
 */

import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1.js';
import type { Pod } from '#apimachinery';
import { NotImplemented } from '#not-implemented';
import type { CycleState } from '../framework/cycle-state.ts';
import type { FilterRunner, Nominations } from '../framework/handle.ts';
import type { NodeInfo } from '../framework/node-info.ts';
import type { PodInfo } from '../framework/pod-info.ts';
import { Status } from '../framework/status.ts';

/** The least number of nodes to try: the larger of the two. */
export interface CandidateLimits {
  /** Of the nodes where preemption might help, in per cent. */
  readonly minCandidateNodesPercentage: number;
  readonly minCandidateNodesAbsolute: number;
}

/** Pods on a node that would have to go. */
export interface Victims {
  /** The most important first. */
  readonly pods: readonly Pod[];
  /** How many of them a PodDisruptionBudget protects. */
  readonly numPdbViolations: number;
}

/** A node where it would work. */
export interface Candidate {
  readonly nodeName: string;
  readonly victims: Victims;
}

/** Whom a what-if asks. */
export interface DryRun {
  readonly filters: FilterRunner;
  readonly nominations: Nominations;
  readonly budgets: readonly PodDisruptionBudget[];
}

/** What all what-ifs came to. */
export interface DryRunOutcome {
  /** Those without violated budgets first; among these in the order in which nodes were tried. */
  readonly candidates: readonly Candidate[];
  /** Why it would not work on the other nodes that were tried. */
  readonly nodeStatuses: ReadonlyMap<string, Status>;
}

/**
 * May the pod preempt others?
 *
 * @remarks In this order:
 *
 * 1. `spec.preemptionPolicy` `Never`: no, `not eligible due to preemptionPolicy=Never.`
 * 2. It was promised no node (`status.nominatedNodeName`): yes.
 * 3. The promised node refused it with `UnschedulableAndUnresolvable`: yes, somewhere else.
 * 4. On the promised node a pod of lower priority is going because of preemption: no, its place is
 *    almost free, `not eligible due to a terminating pod on the nominated node.` Such a pod has a
 *    `deletionTimestamp` and the condition `DisruptionTarget`, `True`, with the reason
 *    `PreemptionByScheduler`.
 * 5. Else yes.
 *
 * @param nominatedNode - the node it was promised, `undefined` when that is unknown
 * @param nominatedNodeStatus - what that node refused it with, `undefined` when it was not asked
 * @returns why not; `undefined` when it may
 * @see pkg/scheduler/framework/plugins/defaultpreemption/default_preemption.go (1.33),
 * PodEligibleToPreemptOthers
 * @exercise scheduler/preemption
 */
export function whyNotEligible(
  pod: Pod,
  nominatedNode: NodeInfo | undefined,
  nominatedNodeStatus: Status | undefined,
): string | undefined {
  throw new NotImplemented('scheduler/preemption', 'whyNotEligible');
}

/**
 * The nodes where it might help that pods go: those that refused the pod with `Unschedulable`, and
 * nothing else. A node that was not asked is none of them.
 *
 * @param nodes - all nodes
 * @param rejected - what those that were asked refused it with
 * @returns in the order of `nodes`
 * @exercise scheduler/preemption
 */
export function nodesWherePreemptionMightHelp(
  nodes: readonly NodeInfo[],
  rejected: ReadonlyMap<string, Status>,
): NodeInfo[] {
  throw new NotImplemented('scheduler/preemption', 'nodesWherePreemptionMightHelp');
}

/**
 * How many candidates are enough: the percentage of the nodes, rounded down, but at least the absolute
 * number, and never more than there are.
 *
 * ```text
 * 10%, at least 100       of 5000 nodes: 500      of 600: 100      of 30: 30
 * ```
 *
 * @param numNodes - where preemption might help
 * @exercise scheduler/preemption
 */
export function calculateNumCandidates(numNodes: number, limits: CandidateLimits): number {
  throw new NotImplemented('scheduler/preemption', 'calculateNumCandidates');
}

/**
 * Tells pods whose budget would be violated from the others, were all of them to go.
 *
 * @remarks Each budget has `status.disruptionsAllowed` to give away (0 when it does not say). Pods are taken
 * in their order, and each takes one from every budget it is under. It violates when one of these had
 * none left.
 *
 * A pod is under a budget of its own namespace whose selector matches its labels. An empty selector, an
 * absent one and one that is not valid match nobody, and a pod without labels is under none. A pod in
 * `status.disruptedPods` of the budget is counted there already: it takes nothing.
 *
 * @returns both in the order of `pods`
 * @see filterPodsWithPDBViolation
 * @exercise scheduler/preemption
 */
export function splitByBudgets(
  pods: readonly PodInfo[],
  budgets: readonly PodDisruptionBudget[],
): { violating: PodInfo[]; others: PodInfo[] } {
  throw new NotImplemented('scheduler/preemption', 'splitByBudgets');
}

/**
 * The fewest and least important pods that would have to leave one node.
 *
 * @remarks On a copy of `node` and of `state`; whenever a pod leaves or comes back, `removePod` or
 * `addPod` of the node copy is followed by `runPreFilterRemovePod` or `runPreFilterAddPod` with the state
 * copy. The first of these answers that is no success is the outcome.
 *
 * 1. Take all pods of a lower priority than the pod's away. There are none:
 *    `UnschedulableAndUnresolvable`, `No preemption victims found for incoming pod`.
 * 2. `filterWithNominatedPods`. Even so it does not fit: that status.
 * 3. Reprieve: one by one they come back. When the pod does not fit with one, that one leaves again, for
 *    good, and is a victim. First those that violate a budget (`splitByBudgets` of all of them in the order of
 *    `byImportance`), then the others; in each group the most important first.
 * 4. Victims are in the order of `byImportance`. Those from the violating group are counted.
 *
 * ```text
 * room for 4, pod needs 3: on the node a(priority 5, needs 2) b(priority 3, 1) c(priority 1, 1)
 * all gone, fits; a back: 2+3 > 4, victim; b back: 1+3 fits, stays; c back: 1+1+3 > 4, victim → a, c
 * ```
 *
 * @returns victims, possibly none; or why it would not work
 * @see pkg/scheduler/framework/plugins/defaultpreemption/default_preemption.go (1.33),
 * SelectVictimsOnNode
 * @exercise scheduler/preemption
 */
export function selectVictimsOnNode(
  dryRun: DryRun,
  state: CycleState,
  pod: PodInfo,
  node: NodeInfo,
): Victims | Status {
  throw new NotImplemented('scheduler/preemption', 'selectVictimsOnNode');
}

/**
 * Tries nodes until there are enough candidates.
 *
 * @remarks Nodes are tried from `offset` on, and round to the start, each with `selectVictimsOnNode`. It ends
 * early, when there are at least `numCandidates` candidates, and at least one of them violates no
 * budget. Victims that are none are an `Error` of that node: `expected at least one victim pod on node
 * "<name>"`.
 *
 * @param nodes - where preemption might help; at least one
 * @param offset - 0 or more, less than there are nodes
 * @see pkg/scheduler/framework/preemption/preemption.go (1.33), DryRunPreemption
 * @exercise scheduler/preemption
 */
export function dryRunPreemption(
  dryRun: DryRun,
  state: CycleState,
  pod: PodInfo,
  nodes: readonly NodeInfo[],
  offset: number,
  numCandidates: number,
): DryRunOutcome {
  throw new NotImplemented('scheduler/preemption', 'dryRunPreemption');
}

/**
 * The candidate that does the least harm.
 *
 * @remarks Each rule is asked only about those that were equal by all before:
 *
 * 1. the fewest violated budgets
 * 2. the lowest priority of the most important victim
 * 3. the lowest sum of priorities, with 2^31 added to each
 * 4. the fewest victims
 * 5. the latest start: of the victims with the highest priority on a node, the one that runs longest
 *    counts (`startTimeOf`); the latest of these wins
 * 6. the first
 *
 * @param candidates - each with at least one victim
 * @returns `undefined` when there is none
 * @see pkg/scheduler/framework/preemption/preemption.go (1.33), pickOneNodeForPreemption
 * @exercise scheduler/preemption
 */
export function pickOneCandidate(candidates: readonly Candidate[]): Candidate | undefined {
  throw new NotImplemented('scheduler/preemption', 'pickOneCandidate');
}
