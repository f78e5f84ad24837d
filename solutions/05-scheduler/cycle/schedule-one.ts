/**
 * One pod, once: find the nodes that can do, choose the best, and hold the place.
 *
 * Nothing in here waits for a pod or writes to the API server: the loop around it is `scheduler.ts`,
 * what comes after it is `binding.ts`. The plugins it asks are behind `framework/framework.ts`.
 */

import type { Pod, Random } from '#apimachinery';
import { CycleState } from '../framework/cycle-state.ts';
import type { Framework, NodePluginScores } from '../framework/framework.ts';
import type { NodeInfo } from '../framework/node-info.ts';
import type { QueuedPodInfo } from '../framework/plugin.ts';
import { type PodInfo, podInfoOf } from '../framework/pod-info.ts';
import type { Snapshot } from '../framework/snapshot.ts';
import { isRejected, isSuccess, Status } from '../framework/status.ts';
import {
  FitError,
  type NoNodesAvailableError as NoNodes,
  NoNodesAvailableError,
  newDiagnosis,
} from './fit-error.ts';

/** Asks the filters of a profile whether a node can do. */
export type NodeFilter = (
  framework: Framework,
  state: CycleState,
  pod: PodInfo,
  node: NodeInfo,
) => Status | undefined;

/** Where an attempt takes its nodes from, and how it chooses. */
export interface SchedulingOptions {
  readonly snapshot: Snapshot;
  /**
   * How many nodes that can do are enough, of that many to ask: looking for the best of 500 is almost
   * as good as looking for the best of 5,000.
   */
  readonly nodesToFind: (total: number) => number;
  /** With whose filters: `framework.runFilterPlugins`, or that with pods that were promised a place. */
  readonly filter: NodeFilter;
  readonly random: Random;
  /** With which node to begin; where the last attempt ended, so that all nodes get their turn. */
  startAt: number;
}

/** What filters left over. */
export interface FeasibleNodes {
  /** In the order in which they were asked. */
  readonly nodes: readonly NodeInfo[];
  /** Present when there is none: why. */
  readonly error?: FitError;
  /** How many nodes were asked. */
  readonly evaluated: number;
}

/** Where a pod goes. */
export interface ScheduleResult {
  readonly nodeName: string;
  readonly evaluatedNodes: number;
  readonly feasibleNodes: number;
}

/**
 * The nodes that can do.
 *
 * @remarks
 *
 * 1. `runPreFilterPlugins` with all nodes of the snapshot. A rejection: no node is asked. The error's
 *    diagnosis has the status for every node in `nodeStatuses`, and its message as `preFilterMessage`.
 *    The plugins that named nodes are among its `unschedulablePlugins`, too: without them another node
 *    might have been left.
 * 2. A pod that was promised a node (`status.nominatedNodeName`), if that is in the snapshot
 *    and preFilter does not rule it out by naming others: it is asked first, and when it can do, it is
 *    the only one, 1 was asked, and `startAt` stays. When it cannot, or its filter fails, all goes on as
 *    if nothing had been promised: it is asked again when its turn comes.
 * 3. Nodes that preFilter named, in the snapshot's order; names of no node are nobody. Everybody else
 *    counts as refused: `absentNodesStatus` is `UnschedulableAndUnresolvable` with `node(s) didn't satisfy
 *    plugin(s) [<names>]`, the names of those who named nodes, in byte order, with a space between.
 *    Those plugins are among the diagnosis' `unschedulablePlugins`, too.
 * 4. Nodes are asked one after another, from `startAt` on (modulo their number) and round to the start,
 *    until `nodesToFind(their number)` can do. `startAt` moves on by as many as were asked, modulo
 *    the number of all nodes of the snapshot: a pod for one named node does not send the next back to
 *    the beginning.
 * 5. A filter's `Error` there ends the attempt; `startAt` stays.
 *
 * @throws the `Error` status' error, when preFilter or a filter failed
 * @see pkg/scheduler/schedule_one.go (1.33), findNodesThatFitPod
 * @exercise scheduler/schedule-one
 */
export function findNodesThatFit(
  framework: Framework,
  state: CycleState,
  pod: PodInfo,
  options: SchedulingOptions,
): FeasibleNodes {
  const { snapshot } = options;
  const all = snapshot.nodes;
  const { status, nodeNames, namedBy } = framework.runPreFilterPlugins(state, pod, all);
  if (!isSuccess(status)) {
    if (!isRejected(status)) throw status?.error;
    const diagnosis = newDiagnosis({
      nodeStatuses: new Map(all.map(({ name }) => [name, status])),
      statuses: namedBy.map((plugin) => NOT_NAMED.from(plugin)),
      preFilterMessage: status.message,
    });
    return { nodes: [], evaluated: 0, error: new FitError(pod.pod, all.length, diagnosis) };
  }
  const promised = snapshot.get(pod.pod.status?.nominatedNodeName ?? '');
  if (promised && (nodeNames?.has(promised.name) ?? true)) {
    // A failure is told when the node is asked again, if it still fails then.
    const answer = options.filter(framework, state, pod, promised);
    if (isSuccess(answer)) return { nodes: [promised], evaluated: 1 };
  }
  const asked = nodeNames ? all.filter(({ name }) => nodeNames.has(name)) : all;
  const { found, refusals } = passFilters(framework, state, pod, asked, options);
  const evaluated = found.length + refusals.size;
  options.startAt = (options.startAt + evaluated) % Math.max(all.length, 1);
  if (found.length > 0) return { nodes: found, evaluated };
  const names = [...namedBy].sort().join(' ');
  const notNamed = new Status('UnschedulableAndUnresolvable', [
    `node(s) didn't satisfy plugin(s) [${names}]`,
  ]);
  const diagnosis = newDiagnosis({
    nodeStatuses: refusals,
    ...(nodeNames && {
      absentNodesStatus: notNamed,
      statuses: namedBy.map((plugin) => NOT_NAMED.from(plugin)),
    }),
  });
  return { nodes: [], evaluated, error: new FitError(pod.pod, all.length, diagnosis) };
}

/** Carries the names of those who named nodes into a diagnosis. */
const NOT_NAMED = new Status('UnschedulableAndUnresolvable');

function passFilters(
  framework: Framework,
  state: CycleState,
  pod: PodInfo,
  nodes: readonly NodeInfo[],
  options: SchedulingOptions,
): { found: NodeInfo[]; refusals: Map<string, Status> } {
  const enough = options.nodesToFind(nodes.length);
  const found: NodeInfo[] = [];
  const refusals = new Map<string, Status>();
  for (let i = 0; i < nodes.length && found.length < enough; i += 1) {
    const node = nodes[(options.startAt + i) % nodes.length];
    if (!node) continue;
    const refusal = askFilter(framework, state, pod, node, options);
    if (refusal) refusals.set(node.name, refusal);
    else found.push(node);
  }
  return { found, refusals };
}

/** @returns the rejection, `undefined` when the node can do */
function askFilter(
  framework: Framework,
  state: CycleState,
  pod: PodInfo,
  node: NodeInfo,
  options: SchedulingOptions,
): Status | undefined {
  const status = options.filter(framework, state, pod, node);
  if (isSuccess(status)) return undefined;
  if (!isRejected(status)) throw status?.error;
  return status;
}

/**
 * The best node.
 *
 * @remarks The highest `total` wins; among equals chance decides, each with the same probability. One
 * seed, one decision.
 *
 * @param scores - at least one
 * @exercise scheduler/schedule-one
 */
export function selectHost(scores: readonly NodePluginScores[], random: Random): string {
  const highest = scores.reduce((most, { total }) => Math.max(most, total), -Infinity);
  const best = scores.filter(({ total }) => total === highest);
  return random.pick(best).name;
}

/**
 * Where the pod goes, as things are.
 *
 * @remarks One node that can do is taken without scoring. Otherwise `runPreScorePlugins` and
 * `runScorePlugins` with those that can do, then `selectHost`.
 *
 * @throws NoNodesAvailableError when the snapshot is empty, before any plugin is asked
 * @throws FitError when no node can do
 * @throws the `Error` status' error of whatever failed
 * @see pkg/scheduler/schedule_one.go (1.33), schedulePod
 * @exercise scheduler/schedule-one
 */
export function schedulePod(
  framework: Framework,
  state: CycleState,
  pod: PodInfo,
  options: SchedulingOptions,
): ScheduleResult {
  if (options.snapshot.nodes.length === 0) throw new NoNodesAvailableError();
  const { nodes, error, evaluated } = findNodesThatFit(framework, state, pod, options);
  if (error) throw error;
  const result = (nodeName: string): ScheduleResult => ({
    nodeName,
    evaluatedNodes: evaluated,
    feasibleNodes: nodes.length,
  });
  const [first] = nodes;
  if (first && nodes.length === 1) return result(first.name);
  const status = framework.runPreScorePlugins(state, pod, nodes);
  if (!isSuccess(status)) throw status?.error;
  const scores = framework.runScorePlugins(state, pod, nodes);
  if (scores instanceof Status) throw scores.error;
  return result(selectHost(scores, options.random));
}

/** Where pods are counted before they are bound. */
export interface AssumingCache {
  /**
   * Counts the pod on its node from now on.
   *
   * @param pod - with `spec.nodeName`
   */
  assumePod(pod: PodInfo): void;
  /** Takes back `assumePod`. */
  forgetPod(pod: PodInfo): void;
}

/** A pod that has its place and is to be bound. */
export interface ScheduledPod {
  readonly outcome: 'scheduled';
  readonly queued: QueuedPodInfo;
  /** The assumed pod: as it was, with `spec.nodeName`. */
  readonly pod: PodInfo;
  readonly nodeName: string;
  readonly state: CycleState;
  /** For which plugins the binding must wait, and how long at most, in milliseconds. */
  readonly waits: ReadonlyMap<string, number>;
  readonly result: ScheduleResult;
}

/** A pod that could not be placed this time. Nothing is held for it any more. */
export interface UnplacedPod {
  readonly outcome: 'unplaced';
  readonly queued: QueuedPodInfo;
  /** `FitError` and `NoNodesAvailableError` are no faults; anything else is. */
  readonly error: FitError | NoNodes | unknown;
  /** What postFilter said about where the pod may go later: `''` clears it, absent leaves it. */
  readonly nominatedNodeName?: string;
}

/**
 * The whole cycle for a pod: choose a node, or ask postFilter for room; hold the place; ask for
 * permission.
 *
 * @remarks
 *
 * 1. `schedulePod`, with a new `CycleState`.
 * 2. `FitError`: `runPostFilterPlugins` with the diagnosis' `nodeStatuses`, when there are such plugins.
 *    The outcome's error is the `FitError` with the status' message as `postFilterMessage`, or, when
 *    postFilter failed (`Error`), the status' error. Its nomination is passed on; without one, and
 *    without such plugins, there is no `nominatedNodeName`.
 * 3. Any other error is the outcome. Here, and in all that follows, the outcome's `nominatedNodeName` is
 *    `''`: what the pod was promised before did not help it.
 * 4. The assumed pod is a copy of the pod with `spec.nodeName`; the pod itself stays as it is. It is
 *    assumed first, then `runReservePlugins`, then `runPermitPlugins`. Both of these, and what undoes
 *    them, get the assumed pod.
 * 5. When one of the two says no: `runUnreservePlugins`, then `forgetPod`, then the outcome. A rejection
 *    becomes a `FitError` of 1 node, whose `nodeStatuses` has the status for the chosen node, and whose
 *    `pod` is the pod as it was, without the node; a failure is the status' error. Should `assumePod`
 *    throw, that is the outcome, and nothing is undone.
 * 6. `Wait` is no failure: the place is held, and `waits` says who is waited for.
 *
 * @returns never rejects: what goes wrong is an outcome
 * @see pkg/scheduler/schedule_one.go (1.33), schedulingCycle
 * @exercise scheduler/schedule-one
 */
export async function schedulingCycle(
  framework: Framework,
  queued: QueuedPodInfo,
  cache: AssumingCache,
  options: SchedulingOptions,
): Promise<ScheduledPod | UnplacedPod> {
  const state = new CycleState();
  const unplaced = (error: unknown): UnplacedPod => ({
    outcome: 'unplaced',
    queued,
    error,
    nominatedNodeName: '',
  });
  let result: ScheduleResult;
  try {
    result = schedulePod(framework, state, queued.podInfo, options);
  } catch (error) {
    if (!(error instanceof FitError)) return unplaced(error);
    const room = await askForRoom(framework, state, queued, error);
    return { outcome: 'unplaced', queued, ...room };
  }
  const { nodeName } = result;
  const pod = podInfoOf(withNode(queued.podInfo.pod, nodeName));
  try {
    cache.assumePod(pod);
  } catch (error) {
    return unplaced(error);
  }
  const refuse = (status: Status): UnplacedPod => {
    framework.runUnreservePlugins(state, pod, nodeName);
    cache.forgetPod(pod);
    if (!isRejected(status)) return unplaced(status.error);
    const diagnosis = newDiagnosis({ nodeStatuses: new Map([[nodeName, status]]) });
    return unplaced(new FitError(queued.podInfo.pod, 1, diagnosis));
  };
  const reserved = framework.runReservePlugins(state, pod, nodeName);
  if (reserved) return refuse(reserved);
  const { status, waits } = framework.runPermitPlugins(state, pod, nodeName);
  if (status && status.code !== 'Wait') return refuse(status);
  return { outcome: 'scheduled', queued, pod, nodeName, state, waits, result };
}

async function askForRoom(
  framework: Framework,
  state: CycleState,
  { podInfo }: QueuedPodInfo,
  error: FitError,
): Promise<Pick<UnplacedPod, 'error' | 'nominatedNodeName'>> {
  if (framework.plugins.postFilter.length === 0) return { error };
  const { nodeStatuses } = error.diagnosis;
  const answer = await framework.runPostFilterPlugins(state, podInfo, nodeStatuses);
  const { status, nominatedNodeName } = answer;
  if (status?.code === 'Error') return { error: status.error };
  return {
    error: error.withPostFilterMessage(status?.message ?? ''),
    ...(nominatedNodeName !== undefined && { nominatedNodeName }),
  };
}

function withNode(pod: Pod, nodeName: string): Pod {
  return { ...pod, spec: { ...pod.spec, nodeName } } as Pod;
}
