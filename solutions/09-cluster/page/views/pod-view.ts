/** A pod as the page shows it: its state in the words of `kubectl get pods`. Given. */

import { controllerOf, isConditionTrue, keyOf, type Pod } from '#apimachinery';
import { podSummary } from '#apiserver';
import type { PodView } from '../messages.ts';

export function podView(pod: Pod): PodView {
  const { metadata, spec, status } = pod;
  const { reason, restarts, ready } = podSummary(pod);
  const owner = controllerOf(pod);
  const sidecars = (spec?.initContainers ?? []).filter(
    ({ restartPolicy }) => restartPolicy === 'Always',
  );
  return {
    key: keyOf(pod),
    node: spec?.nodeName ?? '',
    phase: status?.phase ?? '',
    status: reason,
    readyContainers: ready,
    containers: (spec?.containers ?? []).length + sidecars.length,
    isReady: isConditionTrue(status?.conditions, 'Ready'),
    isTerminating: metadata?.deletionTimestamp !== undefined,
    restarts,
    ip: status?.podIP ?? '',
    owner: owner ? `${owner.kind} ${owner.name}` : '',
    createdAt: Date.parse(metadata?.creationTimestamp ?? '') || 0,
  };
}
