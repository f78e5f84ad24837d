/** The plugin TaintToleration: taints keep pods away, or ask them to stay away. Given. */

import { findUntoleratedTaint, type Node } from '#apimachinery';
import { taintTolerationFilter } from '../fit-filters.ts';
import type {
  EnqueueExtensions,
  FilterPlugin,
  PreScorePlugin,
  ScorePlugin,
} from '../framework/plugin.ts';
import { defaultNormalizeScore, intolerableTaints } from '../scoring.ts';

/** Makes the plugin. */
export function newTaintToleration(): FilterPlugin &
  PreScorePlugin &
  ScorePlugin &
  EnqueueExtensions {
  return {
    name: 'TaintToleration',
    filter: (_state, pod, node) => taintTolerationFilter(pod, node),
    // It never skips: with no such taint all nodes are equal, and equally good.
    preScore: () => undefined,
    score: (_state, pod, node) => intolerableTaints(pod, node),
    normalizeScore: (_state, _pod, scores) => defaultNormalizeScore(scores, true),
    eventsToRegister: () => [
      {
        resource: 'Node',
        actions: ['Add', 'UpdateNodeTaint'],
        hint: (pod, _before, after) => {
          const { taints } = (after as Node | undefined)?.spec ?? {};
          const hard = ({ effect }: { effect: string }) => effect !== 'PreferNoSchedule';
          return findUntoleratedTaint(taints, pod.spec?.tolerations, hard) ? 'QueueSkip' : 'Queue';
        },
      },
      {
        resource: 'UnscheduledPod',
        actions: ['UpdatePodToleration'],
        hint: (pod, _before, after) =>
          pod.metadata?.uid === after?.metadata?.uid ? 'Queue' : 'QueueSkip',
      },
    ],
  };
}
