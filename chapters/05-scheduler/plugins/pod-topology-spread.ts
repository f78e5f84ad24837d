/**
 * The plugin PodTopologySpread: pods of one kind evenly over zones and hosts. Given.
 *
 * What it decides is `topology/topology-spread.ts` and `topology/spread-scores.ts`; what wakes pods it refused is
 * `spread-hints.ts`.
 */

import type { Pod } from '#apimachinery';
import { REPLICA_SETS, REPLICATION_CONTROLLERS, SERVICES, STATEFUL_SETS } from '#client';
import { type CycleState, newStateKey } from '../framework/cycle-state.ts';
import type { Handle } from '../framework/handle.ts';
import type {
  EnqueueExtensions,
  FilterPlugin,
  PreFilterPlugin,
  PreScorePlugin,
  ScorePlugin,
} from '../framework/plugin.ts';
import { Status } from '../framework/status.ts';
import { PodCounts } from '../topology/pod-counts.ts';
import {
  type SpreadConstraint,
  spreadConstraintsOf,
  type WhenUnsatisfiable,
} from '../topology/spread-constraints.ts';
import { SpreadScores } from '../topology/spread-scores.ts';
import {
  type CountPods,
  countDomains,
  countMatchingPods,
  type SpreadCounts,
} from '../topology/topology-spread.ts';
import { defaultSelector } from './default-selector.ts';
import { type SpreadDefaults, spreadDefaults } from './pod-topology-spread-args.ts';
import { spreadHints } from './spread-hints.ts';

const NAME = 'PodTopologySpread';
const COUNTS = newStateKey<SpreadCounts>(`PreFilter${NAME}`);
const SCORES = newStateKey<SpreadScores>(`PreScore${NAME}`);

/**
 * Makes the plugin.
 *
 * @param args - `PodTopologySpreadArgs`
 * @throws Error when the arguments are not valid
 * @see pkg/scheduler/framework/plugins/podtopologyspread/plugin.go (1.33)
 */
export function newPodTopologySpread(
  args: unknown,
  handle: Handle,
): PreFilterPlugin & FilterPlugin & PreScorePlugin & ScorePlugin & EnqueueExtensions {
  const defaults = spreadDefaults(args);
  const constraintsOf = newConstraintReader(defaults, handle);
  const countPods = newPodCounter();
  const update =
    (change: 1 | -1): NonNullable<PreFilterPlugin['addPod']> =>
    (state, _pod, other, node) => {
      countsIn(state).update(other, node, change);
      return undefined;
    };
  return {
    name: NAME,
    preFilter(state, pod, nodes) {
      const constraints = constraintsOf(pod.pod, 'DoNotSchedule');
      if (constraints.length === 0) return { status: new Status('Skip') };
      state.write(COUNTS, countDomains(pod, constraints, nodes, countPods));
      return undefined;
    },
    addPod: update(1),
    removePod: update(-1),
    filter: (state, _pod, node) => countsIn(state).filter(node),
    preScore(state, pod, candidates) {
      const { nodes } = handle.snapshot;
      const constraints = constraintsOf(pod.pod, 'ScheduleAnyway');
      if (constraints.length === 0 || nodes.length === 0) return new Status('Skip');
      // With the built-in constraints a node without a zone is still spread over by hostname.
      const own = (pod.pod.spec?.topologySpreadConstraints?.length ?? 0) > 0;
      const needsAllLabels = own || !defaults.areSystem;
      const input = { pod, constraints, candidates, nodes, needsAllLabels, countPods };
      state.write(SCORES, new SpreadScores(input));
      return undefined;
    },
    score: (state, _pod, node) => scoresIn(state).score(node),
    normalizeScore: (state, _pod, scores) => scoresIn(state).normalize(scores),
    eventsToRegister: () => spreadHints((pod) => constraintsOf(pod, 'DoNotSchedule')),
  };
}

/** A pod's constraints: its own, or, when it has none at all, the profile's. */
function newConstraintReader(
  { constraints: defaults }: SpreadDefaults,
  { informers }: Pick<Handle, 'informers'>,
): (pod: Pod, kind: WhenUnsatisfiable) => readonly SpreadConstraint[] {
  const sources = defaults.length > 0 && {
    services: informers.informer(SERVICES).lister,
    replicationControllers: informers.informer(REPLICATION_CONTROLLERS).lister,
    replicaSets: informers.informer(REPLICA_SETS).lister,
    statefulSets: informers.informer(STATEFUL_SETS).lister,
  };
  return (pod, kind) => {
    const own = pod.spec?.topologySpreadConstraints ?? [];
    if (own.length > 0) return spreadConstraintsOf(pod, own, kind);
    const usual = spreadConstraintsOf(pod, defaults, kind);
    if (usual.length === 0 || !sources) return [];
    const selector = defaultSelector(pod, sources);
    if (selector.requirements?.length === 0) return [];
    return usual.map((constraint) => ({ ...constraint, selector }));
  };
}

/** `countMatchingPods`, which remembers nodes that did not change. */
function newPodCounter(): CountPods {
  const known = new PodCounts();
  return (nodes, namespace, selector) =>
    known.counts(
      nodes,
      // Everything and nothing have the same text, and both count nobody.
      `${namespace}/${selector}`,
      (node) => countMatchingPods([node], namespace, selector)[0] ?? 0,
    );
}

function countsIn(state: CycleState): SpreadCounts {
  const counts = state.read(COUNTS);
  if (!counts) throw new Error(`reading "${COUNTS.name}" from cycleState: not found`);
  return counts;
}

function scoresIn(state: CycleState): SpreadScores {
  const scores = state.read(SCORES);
  if (!scores) throw new Error(`error reading "${SCORES.name}" from cycleState: not found`);
  return scores;
}
