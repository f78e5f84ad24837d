/**
 * Preemption: who must go so that a more important pod has a place?
 *
 * Everything in here is a what-if on copies. Victims are deleted by `plugins/default-preemption.ts`,
 * promises are kept in `nominator.ts`.
 */

import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1.js';
import { findCondition, type Pod, selectorFromObject } from '#apimachinery';
import type { CycleState } from '../framework/cycle-state.ts';
import type { FilterRunner, Nominations } from '../framework/handle.ts';
import type { NodeInfo } from '../framework/node-info.ts';
import type { PodInfo } from '../framework/pod-info.ts';
import { isSuccess, Status } from '../framework/status.ts';
import { filterWithNominatedPods } from './nominator.ts';
import { byImportance, podPriority, startTimeOf } from './pod-priority.ts';

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
  if (pod.spec?.preemptionPolicy === 'Never') {
    return 'not eligible due to preemptionPolicy=Never.';
  }
  if (!pod.status?.nominatedNodeName) return undefined;
  if (nominatedNodeStatus?.code === 'UnschedulableAndUnresolvable') return undefined;
  const isWaitedFor = nominatedNode?.pods.some(
    (other) => podPriority(other.pod) < podPriority(pod) && isGoingByPreemption(other.pod),
  );
  return isWaitedFor ? 'not eligible due to a terminating pod on the nominated node.' : undefined;
}

function isGoingByPreemption({ metadata, status }: Pod): boolean {
  if (metadata?.deletionTimestamp === undefined) return false;
  const target = findCondition(status?.conditions, 'DisruptionTarget');
  return target?.status === 'True' && target.reason === 'PreemptionByScheduler';
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
  return nodes.filter(({ name }) => rejected.get(name)?.code === 'Unschedulable');
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
  const share = Math.floor((numNodes * limits.minCandidateNodesPercentage) / 100);
  return Math.min(Math.max(share, limits.minCandidateNodesAbsolute), numNodes);
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
  const left = budgets.map(({ status }) => status?.disruptionsAllowed ?? 0);
  const violating: PodInfo[] = [];
  const others: PodInfo[] = [];
  for (const info of pods) {
    let isViolating = false;
    for (const [i, budget] of budgets.entries()) {
      if (!isCounted(info.pod, budget)) continue;
      const rest = (left[i] ?? 0) - 1;
      left[i] = rest;
      if (rest < 0) isViolating = true;
    }
    (isViolating ? violating : others).push(info);
  }
  return { violating, others };
}

function isCounted(
  { metadata }: Pod,
  { metadata: own, spec, status }: PodDisruptionBudget,
): boolean {
  const labels = metadata?.labels ?? {};
  if (own?.namespace !== metadata?.namespace || Object.keys(labels).length === 0) return false;
  if (Object.hasOwn(status?.disruptedPods ?? {}, metadata?.name ?? '')) return false;
  const { matchLabels = {}, matchExpressions = [] } = spec?.selector ?? {};
  if (Object.keys(matchLabels).length + matchExpressions.length === 0) return false;
  try {
    return selectorFromObject({ matchLabels, matchExpressions }).matches(labels);
  } catch {
    // A selector that cannot be read matches nobody.
    return false;
  }
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
  const attempt = new Attempt(dryRun, state.clone(), pod, node.clone());
  const lower = node.pods
    .filter((other) => podPriority(other.pod) < podPriority(pod.pod))
    .sort((a, b) => byImportance(a.pod, b.pod));
  for (const other of lower) {
    const status = attempt.remove(other);
    if (status) return status;
  }
  if (lower.length === 0) {
    const text = 'No preemption victims found for incoming pod';
    return new Status('UnschedulableAndUnresolvable', [text]);
  }
  const refusal = attempt.filter();
  if (refusal) return refusal;
  const { violating, others } = splitByBudgets(lower, dryRun.budgets);
  const victims: Pod[] = [];
  let numPdbViolations = 0;
  for (const other of [...violating, ...others]) {
    const stays = attempt.reprieve(other);
    if (stays instanceof Status) return stays;
    if (stays) continue;
    victims.push(other.pod);
    if (violating.includes(other)) numPdbViolations += 1;
  }
  return { pods: victims.sort(byImportance), numPdbViolations };
}

/** One what-if: a state and a node that change together. */
class Attempt {
  readonly #dryRun: DryRun;
  readonly #state: CycleState;
  readonly #pod: PodInfo;
  readonly #node: NodeInfo;

  constructor(dryRun: DryRun, state: CycleState, pod: PodInfo, node: NodeInfo) {
    this.#dryRun = dryRun;
    this.#state = state;
    this.#pod = pod;
    this.#node = node;
  }

  /** @returns `undefined` when it fits now */
  filter(): Status | undefined {
    const { filters, nominations } = this.#dryRun;
    const status = filterWithNominatedPods(
      filters,
      nominations,
      this.#state,
      this.#pod,
      this.#node,
    );
    return isSuccess(status) ? undefined : status;
  }

  remove(other: PodInfo): Status | undefined {
    this.#node.removePod(other.pod);
    const { filters } = this.#dryRun;
    const status = filters.runPreFilterRemovePod(this.#state, this.#pod, other, this.#node);
    return isSuccess(status) ? undefined : status;
  }

  /** @returns whether the other can stay; or what failed */
  reprieve(other: PodInfo): boolean | Status {
    this.#node.addPod(other);
    const { filters } = this.#dryRun;
    const status = filters.runPreFilterAddPod(this.#state, this.#pod, other, this.#node);
    if (status && !isSuccess(status)) return status;
    if (!this.filter()) return true;
    return this.remove(other) ?? false;
  }
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
  const harmless: Candidate[] = [];
  const violating: Candidate[] = [];
  const nodeStatuses = new Map<string, Status>();
  for (const node of [...nodes.slice(offset), ...nodes.slice(0, offset)]) {
    const victims = selectVictimsOnNode(dryRun, state, pod, node);
    if (victims instanceof Status) {
      nodeStatuses.set(node.name, victims);
    } else if (victims.pods.length === 0) {
      const text = `expected at least one victim pod on node "${node.name}"`;
      nodeStatuses.set(node.name, Status.ofError(new Error(text)));
    } else {
      const list = victims.numPdbViolations === 0 ? harmless : violating;
      list.push({ nodeName: node.name, victims });
      if (harmless.length > 0 && harmless.length + violating.length >= numCandidates) break;
    }
  }
  return { candidates: [...harmless, ...violating], nodeStatuses };
}

/** Makes every priority count as more than nothing: fewer victims are better, also of negative ones. */
const PRIORITY_SHIFT = 2 ** 31;

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
  const harms: ((victims: Victims) => number)[] = [
    ({ numPdbViolations }) => numPdbViolations,
    ({ pods }) => highestPriority(pods),
    ({ pods }) => pods.reduce((sum, pod) => sum + podPriority(pod) + PRIORITY_SHIFT, 0),
    ({ pods }) => pods.length,
    ({ pods }) => -earliestStart(pods),
  ];
  let best = candidates;
  for (const harm of harms) {
    const least = Math.min(...best.map(({ victims }) => harm(victims)));
    best = best.filter(({ victims }) => harm(victims) === least);
  }
  return best[0];
}

function highestPriority(pods: readonly Pod[]): number {
  return Math.max(...pods.map(podPriority));
}

function earliestStart(pods: readonly Pod[]): number {
  const highest = highestPriority(pods);
  return Math.min(...pods.filter((pod) => podPriority(pod) === highest).map(startTimeOf));
}
