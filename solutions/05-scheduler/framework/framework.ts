/**
 * The framework: asks the plugins of a profile, point by point, and makes one answer of theirs.
 *
 * It knows no plugin. What the points are for is `plugin.ts`; what becomes of a failure
 * `plugin-answers.ts`; who calls these methods, and when, `cycle/schedule-one.ts` and
 * `cycle/binding.ts`.
 */

import type { Pod } from '#apimachinery';
import type { CycleState } from './cycle-state.ts';
import type { NodeInfo } from './node-info.ts';
import {
  type BindPlugin,
  type EnqueueExtensions,
  type FilterPlugin,
  MAX_NODE_SCORE,
  MIN_NODE_SCORE,
  type NodeScore,
  type PermitPlugin,
  type PostBindPlugin,
  type PostFilterPlugin,
  type PostFilterResult,
  type PreBindPlugin,
  type PreEnqueuePlugin,
  type PreFilterPlugin,
  type PreScorePlugin,
  type QueueSortPlugin,
  type ReservePlugin,
  type ScorePlugin,
} from './plugin.ts';
import {
  attempt,
  attemptAsync,
  type FailurePoint,
  failed,
  noNodeLeft,
  refused,
  scoreOutOfRange,
  toPreFilterResult,
} from './plugin-answers.ts';
import type { PodInfo } from './pod-info.ts';
import { isRejected, isSkip, isSuccess, Status } from './status.ts';

/** The plugins of a profile, for each point in the order in which they are asked. */
export interface PluginSet {
  readonly preEnqueue: readonly PreEnqueuePlugin[];
  readonly queueSort: readonly QueueSortPlugin[];
  readonly preFilter: readonly PreFilterPlugin[];
  readonly filter: readonly FilterPlugin[];
  readonly postFilter: readonly PostFilterPlugin[];
  readonly preScore: readonly PreScorePlugin[];
  readonly score: readonly WeightedScorePlugin[];
  readonly reserve: readonly ReservePlugin[];
  readonly permit: readonly PermitPlugin[];
  readonly preBind: readonly PreBindPlugin[];
  readonly bind: readonly BindPlugin[];
  readonly postBind: readonly PostBindPlugin[];
  /** All plugins of the profile that say what wakes the pods they refused. */
  readonly enqueue: readonly EnqueueExtensions[];
}

/** A score plugin and how much its scores count. */
export interface WeightedScorePlugin {
  readonly plugin: ScorePlugin;
  /** 1 or more. */
  readonly weight: number;
}

/** What preFilter came to. */
export interface PreFilterOutcome {
  /** Only these nodes can do; absent: any may, or there is a status. */
  readonly nodeNames?: ReadonlySet<string>;
  /** The plugins that named nodes, in their order; with a status, those until then. */
  readonly namedBy: readonly string[];
  /** Absent: go on. */
  readonly status?: Status;
}

/** What all plugins think of one node. */
export interface NodePluginScores {
  readonly name: string;
  /** By plugin, in their order: normalised, and multiplied by the weight. */
  readonly scores: readonly { readonly plugin: string; readonly score: number }[];
  readonly total: number;
}

/** What permit came to. */
export interface PermitOutcome {
  /** Absent: bind. `Wait`: there is something in `waits`. Else the pod is rejected. */
  readonly status?: Status;
  /** For each plugin that said `Wait`: for how long at most, in milliseconds. */
  readonly waits: ReadonlyMap<string, number>;
}

/** The longest a plugin may make a pod wait: 15 minutes. */
export const MAX_PERMIT_TIMEOUT_MS = 15 * 60 * 1000;

/** Which points a profile may have plugins at; all are empty here. */
export const NO_PLUGINS: PluginSet = {
  preEnqueue: [],
  queueSort: [],
  preFilter: [],
  filter: [],
  postFilter: [],
  preScore: [],
  score: [],
  reserve: [],
  permit: [],
  preBind: [],
  bind: [],
  postBind: [],
  enqueue: [],
};

/**
 * The plugins of one profile at work.
 *
 * @remarks What holds for every method: plugins are asked in the order of the set. Success is
 * `undefined`. A rejection is `Unschedulable`, `UnschedulableAndUnresolvable` or `Pending`. Every status
 * that comes back, but `Wait`, carries the name of the plugin that decided it.
 *
 * Whatever a plugin answers that is neither success nor expected at its point, and whatever it throws,
 * is an `Error`. The given functions of `plugin-answers.ts` make it:
 *
 * - its message is `running <point> plugin "<name>": <message>`, where `<point>` is the name given at the
 *   method, unless the method says otherwise; `<message>` is that of the status, or of what was thrown,
 *   or the status' code when it has none;
 * - its `error` is what was thrown, or what the plugin's own status carried as `error`, or else an error
 *   with that message.
 *
 * Only `unreserve` and `postBind` must not throw: what one of them throws comes out of the method as it
 * is, and nothing else is promised then.
 *
 * @see pkg/scheduler/framework/runtime/framework.go (1.33)
 */
export class Framework {
  readonly profileName: string;
  readonly plugins: PluginSet;

  constructor(profileName: string, plugins: PluginSet) {
    this.profileName = profileName;
    this.plugins = plugins;
  }

  /**
   * PreFilter (`PreFilter`): asked once for a pod, before any node.
   *
   * @remarks
   *
   * 1. `Skip`: the plugin's filter is not asked for this pod. All that skipped are in
   *    `state.skipFilterPlugins` afterwards, whatever the outcome.
   * 2. `UnschedulableAndUnresolvable` ends it, with that status. Any other rejection is
   *    kept, and the others are still asked, so that preemption finds their notes in the state. Of
   *    several such rejections the last one is the outcome. A failure ends it at once.
   * 3. Nodes named by several plugins: only those all of them name. Names count with success only. As
   *    soon as no node is left, it ends with `UnschedulableAndUnresolvable`: `node(s) didn't satisfy
   *    plugin <name>` when one plugin named nodes, `node(s) didn't satisfy plugin(s) [<name> <name>]
   *    simultaneously` when several did, in the order of their names. The status is from the last of
   *    them that was asked.
   * 4. With a status, whatever it is, there are no `nodeNames`; `namedBy` has the plugins that named
   *    nodes until then.
   *
   * @exercise scheduler/framework
   */
  runPreFilterPlugins(
    state: CycleState,
    pod: PodInfo,
    nodes: readonly NodeInfo[],
  ): PreFilterOutcome {
    const skipped = new Set<string>();
    state.skipFilterPlugins = skipped;
    const namedBy: string[] = [];
    let nodeNames: ReadonlySet<string> | undefined;
    let rejection: Status | undefined;
    for (const plugin of this.plugins.preFilter) {
      const answer = attempt(() => plugin.preFilter(state, pod, nodes));
      const { status, nodeNames: named } = toPreFilterResult(answer);
      if (isSkip(status)) {
        skipped.add(plugin.name);
        continue;
      }
      if (!isSuccess(status)) {
        const refusal = refused('PreFilter', plugin.name, status);
        if (refusal.code === 'Error' || refusal.code === 'UnschedulableAndUnresolvable') {
          return { namedBy, status: refusal };
        }
        rejection = refusal;
        continue;
      }
      if (!named) continue;
      namedBy.push(plugin.name);
      nodeNames = nodeNames ? intersection(nodeNames, named) : named;
      if (nodeNames.size > 0) continue;
      return { namedBy, status: noNodeLeft(namedBy).from(plugin.name) };
    }
    if (rejection) return { namedBy, status: rejection };
    return { namedBy, ...(nodeNames && { nodeNames }) };
  }

  /**
   * What-if of preemption (`AddPod`): `added` is on the node now. Asks `addPod` of all preFilter plugins
   * that have one and are not in `state.skipFilterPlugins`; the first answer that is no success, a
   * rejection too, ends it, as an `Error`: `running AddPod on PreFilter plugin "<name>": <message>`.
   *
   * @exercise scheduler/framework
   */
  runPreFilterAddPod(
    state: CycleState,
    pod: PodInfo,
    added: PodInfo,
    node: NodeInfo,
  ): Status | undefined {
    return this.#firstFailure(state, 'AddPod', (plugin) =>
      plugin.addPod?.(state, pod, added, node),
    );
  }

  /**
   * What-if of preemption (`RemovePod`): `removed` is not on the node any more. As
   * `runPreFilterAddPod`, with `removePod` and `running RemovePod on PreFilter plugin …`.
   *
   * @exercise scheduler/framework
   */
  runPreFilterRemovePod(
    state: CycleState,
    pod: PodInfo,
    removed: PodInfo,
    node: NodeInfo,
  ): Status | undefined {
    return this.#firstFailure(state, 'RemovePod', (plugin) =>
      plugin.removePod?.(state, pod, removed, node),
    );
  }

  #firstFailure(
    state: CycleState,
    point: FailurePoint,
    ask: (plugin: PreFilterPlugin) => Status | undefined,
  ): Status | undefined {
    for (const plugin of this.plugins.preFilter) {
      if (state.skipFilterPlugins.has(plugin.name)) continue;
      const status = attempt(() => ask(plugin));
      if (!isSuccess(status)) return failed(point, plugin.name, status);
    }
    return undefined;
  }

  /**
   * Filter: can the pod run on the node?
   *
   * @remarks An `Error` here has the message `running "<name>" filter plugin: <message>`. Plugins in
   * `state.skipFilterPlugins` are not asked. The first that is no success ends it: what costs more
   * comes later in a profile, and most nodes are refused early.
   *
   * @exercise scheduler/framework
   */
  runFilterPlugins(state: CycleState, pod: PodInfo, node: NodeInfo): Status | undefined {
    const { skipFilterPlugins: skipped } = state;
    for (const plugin of this.plugins.filter) {
      if (skipped.has(plugin.name)) continue;
      // Asked for very many nodes: no closure for each.
      let status: Status | undefined;
      try {
        status = plugin.filter(state, pod, node);
      } catch (error) {
        status = Status.ofError(error);
      }
      if (!isSuccess(status)) return refused('Filter', plugin.name, status);
    }
    return undefined;
  }

  /**
   * PostFilter: no node was left; can somebody make room?
   *
   * @remarks
   *
   * - The first plugin that says success, or `UnschedulableAndUnresolvable`, ends it; its result is
   *   the outcome, its status carries its name.
   * - `Unschedulable` or `Pending`: the next is asked. When all said so, the outcome is `Unschedulable`
   *   with the reasons of all, in order, from the first of them, and with the last nomination that any
   *   of them made, `''` included.
   * - Anything else is an `Error`, and ends it. Nothing is put before `<message>`: it is that of the
   *   status, or of what was thrown, or the code when there is none.
   * - Without plugins: `Unschedulable` without reasons, from nobody.
   *
   * @param rejected - for each node that was asked, what it was refused with
   * @exercise scheduler/framework
   */
  async runPostFilterPlugins(
    state: CycleState,
    pod: PodInfo,
    rejected: ReadonlyMap<string, Status>,
  ): Promise<PostFilterResult> {
    const reasons: string[] = [];
    let from = '';
    let nominatedNodeName: string | undefined;
    for (const plugin of this.plugins.postFilter) {
      const answer = await attemptAsync(() => plugin.postFilter(state, pod, rejected));
      if (answer instanceof Status) return { status: failed('PostFilter', plugin.name, answer) };
      const { status } = answer;
      if (isSuccess(status)) return answer;
      if (status?.code === 'UnschedulableAndUnresolvable') {
        return { ...answer, status: status.from(plugin.name) };
      }
      if (!isRejected(status)) return { status: failed('PostFilter', plugin.name, status) };
      from ||= plugin.name;
      reasons.push(...status.reasons);
      nominatedNodeName = answer.nominatedNodeName ?? nominatedNodeName;
    }
    return {
      ...(nominatedNodeName !== undefined && { nominatedNodeName }),
      status: new Status('Unschedulable', reasons, from),
    };
  }

  /**
   * PreScore (`PreScore`): asked once, with the nodes that can do.
   *
   * @remarks `Skip`: the plugin's score is not asked for this pod; all that skipped are in
   * `state.skipScorePlugins` afterwards. Anything else but success ends it, as an `Error`: whether a
   * node can do is settled by now.
   *
   * @exercise scheduler/framework
   */
  runPreScorePlugins(
    state: CycleState,
    pod: PodInfo,
    nodes: readonly NodeInfo[],
  ): Status | undefined {
    const skipped = new Set<string>();
    state.skipScorePlugins = skipped;
    for (const plugin of this.plugins.preScore) {
      const status = attempt(() => plugin.preScore(state, pod, nodes));
      if (isSkip(status)) skipped.add(plugin.name);
      else if (!isSuccess(status)) return failed('PreScore', plugin.name, status);
    }
    return undefined;
  }

  /**
   * Score: what is each node worth?
   *
   * @remarks Plugins that are not in `state.skipScorePlugins` are asked one after another. Each scores
   * all nodes; then, where it has a `normalizeScore`, that brings its scores into 0 to 100; then they are
   * checked, and only then the next plugin is asked. What counts is the score times the plugin's weight;
   * a node's total is the sum of these. The first failure ends it. (Upstream lets all plugins score, node
   * by node and in parallel, before any normalises, and checks last. So of several failures it may tell
   * another.)
   *
   * A score that is not from 0 to 100 once it is normalised is an `Error`; whether it is whole is not
   * checked. The messages:
   *
   * - a `score` that throws: `running Score plugins: plugin "<name>" failed with: <message>`
   * - a `normalizeScore` that throws: `running Normalize on Score plugins: plugin "<name>" failed
   *   with: <message>`
   * - a score out of range: `applying score defaultWeights on Score plugins: plugin "<name>" returns
   *   an invalid score <score>, it should in the range of [0, 100] after normalizing` (that is
   *   upstream's grammar)
   *
   * ```text
   * weights A 1, B 2       A raw 10 20, B raw 3 6 normalised 50 100
   * node-1  A 10  B 100  total 110        node-2  A 20  B 200  total 220
   * ```
   *
   * @returns one for each node, in the order of the nodes; or the `Error`
   * @exercise scheduler/framework
   */
  runScorePlugins(
    state: CycleState,
    pod: PodInfo,
    nodes: readonly NodeInfo[],
  ): NodePluginScores[] | Status {
    const lists: { plugin: string; scores: readonly number[] }[] = [];
    for (const { plugin, weight } of this.plugins.score) {
      if (state.skipScorePlugins.has(plugin.name)) continue;
      const scores = scoresOf(plugin, state, pod, nodes);
      if (scores instanceof Status) return scores;
      lists.push({ plugin: plugin.name, scores: scores.map(({ score }) => score * weight) });
    }
    return nodes.map(({ name }, i) => {
      const scores = lists.map((list) => ({ plugin: list.plugin, score: list.scores[i] ?? 0 }));
      return { name, scores, total: scores.reduce((sum, { score }) => sum + score, 0) };
    });
  }

  /**
   * Reserve (`Reserve`): plugins note what the pod takes. The first that is no success ends it; those
   * asked before are not undone here: `runUnreservePlugins` is the caller's duty.
   *
   * @exercise scheduler/framework
   */
  runReservePlugins(state: CycleState, pod: PodInfo, nodeName: string): Status | undefined {
    for (const plugin of this.plugins.reserve) {
      const status = attempt(() => plugin.reserve(state, pod, nodeName));
      if (!isSuccess(status)) return refused('Reserve', plugin.name, status);
    }
    return undefined;
  }

  /**
   * Unreserve: all reserve plugins undo what they noted, the last one first, also those that were never
   * asked to reserve. They must not throw.
   *
   * @exercise scheduler/framework
   */
  runUnreservePlugins(state: CycleState, pod: PodInfo, nodeName: string): void {
    for (const plugin of [...this.plugins.reserve].reverse()) {
      plugin.unreserve(state, pod, nodeName);
    }
  }

  /**
   * Permit (`Permit`): may the pod be bound now?
   *
   * @remarks All are asked, unless one rejects or fails: that ends it, and nobody is waited for. Who
   * says `Wait` is waited for, `timeoutMs` long but at most `MAX_PERMIT_TIMEOUT_MS` (also when there is
   * no `timeoutMs`); then the outcome's status is `Wait`.
   *
   * @exercise scheduler/framework
   */
  runPermitPlugins(state: CycleState, pod: PodInfo, nodeName: string): PermitOutcome {
    const waits = new Map<string, number>();
    for (const plugin of this.plugins.permit) {
      const answer = attempt(() => plugin.permit(state, pod, nodeName));
      const { status, timeoutMs = MAX_PERMIT_TIMEOUT_MS } =
        answer instanceof Status ? { status: answer } : (answer ?? {});
      if (status?.code === 'Wait') {
        waits.set(plugin.name, Math.min(timeoutMs, MAX_PERMIT_TIMEOUT_MS));
      } else if (!isSuccess(status)) {
        return { status: refused('Permit', plugin.name, status), waits: new Map() };
      }
    }
    return waits.size === 0 ? { waits } : { status: new Status('Wait'), waits };
  }

  /**
   * PreBind (`PreBind`): what must be done before. One after another; the first that is no success ends
   * it.
   *
   * @exercise scheduler/framework
   */
  async runPreBindPlugins(
    state: CycleState,
    pod: PodInfo,
    nodeName: string,
  ): Promise<Status | undefined> {
    for (const plugin of this.plugins.preBind) {
      const status = await attemptAsync(() => plugin.preBind(state, pod, nodeName));
      if (!isSuccess(status)) return refused('PreBind', plugin.name, status);
    }
    return undefined;
  }

  /**
   * Bind (`Bind`): the first plugin that does not say `Skip` has bound the pod, or not.
   *
   * @returns `Skip`, from nobody, when all skipped or there are none
   * @exercise scheduler/framework
   */
  async runBindPlugins(
    state: CycleState,
    pod: PodInfo,
    nodeName: string,
  ): Promise<Status | undefined> {
    for (const plugin of this.plugins.bind) {
      const status = await attemptAsync(() => plugin.bind(state, pod, nodeName));
      if (isSkip(status)) continue;
      return isSuccess(status) ? undefined : refused('Bind', plugin.name, status);
    }
    return new Status('Skip');
  }

  /**
   * PostBind: all are told. They must not throw.
   *
   * @exercise scheduler/framework
   */
  runPostBindPlugins(state: CycleState, pod: PodInfo, nodeName: string): void {
    for (const plugin of this.plugins.postBind) plugin.postBind(state, pod, nodeName);
  }

  /** May the pod be tried at all? The first plugin that says no keeps it out. */
  runPreEnqueuePlugins(pod: Pod): Status | undefined {
    for (const plugin of this.plugins.preEnqueue) {
      const status = plugin.preEnqueue(pod);
      if (!isSuccess(status)) return status?.from(plugin.name);
    }
    return undefined;
  }
}

function intersection(a: ReadonlySet<string>, b: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...a].filter((name) => b.has(name)));
}

function scoresOf(
  plugin: ScorePlugin,
  state: CycleState,
  pod: PodInfo,
  nodes: readonly NodeInfo[],
): readonly NodeScore[] | Status {
  const raw = attempt(() => nodes.map((node) => scoreOf(plugin, state, pod, node)));
  if (raw instanceof Status) return failed('Score', plugin.name, raw);
  const scores = attempt(() => plugin.normalizeScore?.(state, pod, raw) ?? raw);
  if (scores instanceof Status) return failed('Normalize on Score', plugin.name, scores);
  const wrong = scores.find(({ score }) => !(score >= MIN_NODE_SCORE && score <= MAX_NODE_SCORE));
  return wrong ? scoreOutOfRange(plugin.name, wrong.score) : scores;
}

function scoreOf(plugin: ScorePlugin, state: CycleState, pod: PodInfo, node: NodeInfo): NodeScore {
  return { name: node.name, score: plugin.score(state, pod, node) };
}
