/** A node as the page shows it. Given. */

import { findCondition, type Node, type Taint } from '#apimachinery';
import type { NodeView } from '../messages.ts';

/** Taints that only repeat what the card shows in its own way. */
const SHOWN_OTHERWISE = /^node\.kubernetes\.io\/(unschedulable|not-ready|unreachable)$/;

export function nodeView({ metadata, spec, status }: Node): NodeView {
  const conditions = status?.conditions ?? [];
  const ready = findCondition(conditions, 'Ready')?.status;
  const pressures = conditions.filter(
    ({ type, status: value }) => type !== 'Ready' && value === 'True',
  );
  const taints = (spec?.taints ?? []).filter(({ key }) => !SHOWN_OTHERWISE.test(key));
  return {
    key: metadata?.name ?? '',
    ip: (status?.addresses ?? []).find(({ type }) => type === 'InternalIP')?.address ?? '',
    podRange: spec?.podCIDR ?? '',
    ready: ready === 'True' || ready === 'False' ? ready : 'Unknown',
    isCordoned: spec?.unschedulable === true,
    maxPods: Number(status?.allocatable?.pods ?? 0),
    troubles: [...pressures.map(({ type }) => type), ...taints.map(taintText)],
  };
}

function taintText({ key, value, effect }: Taint): string {
  return `${value ? `${key}=${value}` : key}:${effect}`;
}
