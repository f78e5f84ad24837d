/**
 * The plugin InterPodAffinity: near some pods, away from others. Given.
 *
 * What it decides is `topology/pod-affinity.ts` and `topology/affinity-scores.ts`.
 */

import { fieldErrorText, fieldInvalid } from '#apimachinery';
import { NAMESPACES } from '#client';
import { type CycleState, newStateKey } from '../framework/cycle-state.ts';
import type { Handle } from '../framework/handle.ts';
import type {
  EnqueueExtensions,
  FilterPlugin,
  PreFilterPlugin,
  PreScorePlugin,
  ScorePlugin,
} from '../framework/plugin.ts';
import type { AffinityTerm } from '../framework/pod-info.ts';
import { Status } from '../framework/status.ts';
import {
  affinityScore,
  normalizeAffinityScores,
  scorePlaces,
} from '../topology/affinity-scores.ts';
import {
  type CountMatches,
  countAffinity,
  countMatches,
  type NamespaceLabels,
  RequiredAffinity,
} from '../topology/pod-affinity.ts';
import { PodCounts } from '../topology/pod-counts.ts';
import type { TopologyCounts } from '../topology/topology-counts.ts';
import { affinityHints } from './affinity-hints.ts';

const NAME = 'InterPodAffinity';
const REQUIRED = newStateKey<RequiredAffinity>(`PreFilter${NAME}`);
const PLACES = newStateKey<TopologyCounts>(`PreScore${NAME}`);

/** Arguments of the plugin, as in a KubeSchedulerConfiguration v1. */
export interface InterPodAffinityArgs {
  /**
   * What it counts for a node when a pod there requires to be near the new one. 0 to 100, default 1.
   */
  readonly hardPodAffinityWeight?: number;
  /** Who has no preferred terms itself does not care what pods that are there wish for. Default false. */
  readonly ignorePreferredTermsOfExistingPods?: boolean;
}

/**
 * Makes the plugin.
 *
 * @param args - `InterPodAffinityArgs`
 * @throws Error when the arguments are not valid
 * @see pkg/scheduler/framework/plugins/interpodaffinity/plugin.go (1.33)
 */
export function newInterPodAffinity(
  args: unknown,
  handle: Handle,
): PreFilterPlugin & FilterPlugin & PreScorePlugin & ScorePlugin & EnqueueExtensions {
  const { hardPodAffinityWeight, ignorePreferredTermsOfExistingPods } = readArgs(args);
  const namespaces = handle.informers.informer(NAMESPACES).lister;
  const namespaceLabels: NamespaceLabels = (name) => namespaces.get(name)?.metadata?.labels ?? {};
  const count = newMatchCounter(namespaceLabels);
  const update =
    (change: 1 | -1): NonNullable<PreFilterPlugin['addPod']> =>
    (state, _pod, other, node) => {
      requiredIn(state).update(other, node, change);
      return undefined;
    };
  return {
    name: NAME,
    preFilter(state, pod, nodes) {
      const keepingAway = handle.snapshot.nodesWithRequiredAntiAffinityPods;
      const input = { pod, nodes, keepingAway, namespaceLabels, countMatches: count };
      const required = new RequiredAffinity(pod, countAffinity(input), namespaceLabels);
      if (required.isIdle()) return { status: new Status('Skip') };
      state.write(REQUIRED, required);
      return undefined;
    },
    addPod: update(1),
    removePod: update(-1),
    filter: (state, _pod, node) => requiredIn(state).filter(node),
    preScore(state, pod, candidates) {
      const wishes = pod.preferredAffinityTerms.length + pod.preferredAntiAffinityTerms.length;
      if (candidates.length === 0) return new Status('Skip');
      if (ignorePreferredTermsOfExistingPods && wishes === 0) return new Status('Skip');
      const { nodes, nodesWithAffinityPods: withAffinity } = handle.snapshot;
      const places = scorePlaces({
        pod,
        nodes,
        withAffinity,
        hardPodAffinityWeight,
        namespaceLabels,
        countMatches: count,
      });
      if (places.isEmpty) return new Status('Skip');
      state.write(PLACES, places);
      return undefined;
    },
    score: (state, _pod, node) => affinityScore(placesIn(state), node),
    normalizeScore: (_state, _pod, scores) => normalizeAffinityScores(scores),
    eventsToRegister: () => affinityHints(namespaceLabels),
  };
}

function readArgs(args: unknown): Required<InterPodAffinityArgs> {
  const { hardPodAffinityWeight = 1, ignorePreferredTermsOfExistingPods = false } = (args ??
    {}) as InterPodAffinityArgs;
  if (hardPodAffinityWeight < 0 || hardPodAffinityWeight > 100) {
    const detail = 'not in valid range [0-100]';
    const fault = fieldInvalid('hardPodAffinityWeight', hardPodAffinityWeight, detail);
    throw new Error(fieldErrorText(fault));
  }
  return { hardPodAffinityWeight, ignorePreferredTermsOfExistingPods };
}

/** `countMatches`, which remembers nodes that did not change. */
function newMatchCounter(namespaceLabels: NamespaceLabels): CountMatches {
  const known = new PodCounts();
  return (nodes, terms) => {
    // Labels of namespaces change, and no node tells.
    if (terms.some(({ namespaceSelector }) => (namespaceSelector?.requirements?.length ?? 0) > 0)) {
      return countMatches(nodes, terms, namespaceLabels);
    }
    return known.counts(
      nodes,
      terms.map(termText).join(';'),
      (node) => countMatches([node], terms, namespaceLabels)[0] ?? 0,
    );
  };
}

/** Tells terms apart, but for where they speak of: that is no matter of counting. */
function termText({ namespaces, namespaceSelector, selector }: AffinityTerm): string {
  const everywhere = namespaceSelector !== undefined;
  const where = everywhere ? '*' : [...namespaces].sort().join(',');
  // Everything and nothing have the same text.
  const what = selector.requirements ? `${selector}` : '!';
  return `${where}/${what}`;
}

function requiredIn(state: CycleState): RequiredAffinity {
  const required = state.read(REQUIRED);
  if (!required) throw new Error(`error reading "${REQUIRED.name}" from cycleState: not found`);
  return required;
}

function placesIn(state: CycleState): TopologyCounts {
  const places = state.read(PLACES);
  if (!places) throw new Error(`failed to read "${PLACES.name}" from cycleState: not found`);
  return places;
}
