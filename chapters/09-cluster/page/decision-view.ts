/** What the scheduler wrote down of a pod, as the table that the page shows. Given. Pure. */

import type { DecisionTrace, TracedNode, TracedRefusal } from '#scheduler';
import type { DecisionView, RefusalView } from './messages.ts';

/** Columns are the plugins that gave scores, by their weight; rows the nodes, the best first. */
export function decisionView(trace: DecisionTrace): DecisionView {
  const weights = new Map<string, number>();
  for (const { scores } of trace.nodes) {
    for (const { plugin, weight } of scores) weights.set(plugin, weight);
  }
  const plugins = [...weights]
    .map(([name, weight]) => ({ name, weight }))
    .sort((one, other) => other.weight - one.weight || (one.name < other.name ? -1 : 1));
  const rank = ({ name, refusal }: TracedNode): number => {
    if (name === trace.nodeName) return 0;
    return refusal ? 2 : 1;
  };
  const nodes = [...trace.nodes].sort(
    (one, other) =>
      rank(one) - rank(other) || other.total - one.total || (one.name < other.name ? -1 : 1),
  );
  return {
    attempt: trace.attempt,
    at: trace.at,
    nodeName: trace.nodeName ?? '',
    error: trace.error ?? '',
    refusals: trace.preFilter.map(refusalView),
    plugins,
    nodes: nodes.map(({ name, refusal, scores, total }) => ({
      name,
      ...(refusal && { refusal: refusalView(refusal) }),
      scores: plugins.map((plugin) => {
        const score = scores.find((one) => one.plugin === plugin.name);
        if (score === undefined) return undefined;
        const { raw, normalized, weighted } = score;
        return { raw, normalized, weighted };
      }),
      total,
    })),
    unasked: Math.max(0, trace.totalNodes - trace.nodes.length),
  };
}

function refusalView({ plugin, reasons }: TracedRefusal): RefusalView {
  return { plugin, reasons };
}
