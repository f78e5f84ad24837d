/** The plugin NodeUnschedulable: cordoned nodes take no new pods. Given. */

import { findUntoleratedTaint, type Node } from '#apimachinery';
import { nodeUnschedulableFilter, UNSCHEDULABLE_TAINT } from '../fit-filters.ts';
import type { EnqueueExtensions, FilterPlugin } from '../framework/plugin.ts';

/** Makes the plugin. */
export function newNodeUnschedulable(): FilterPlugin & EnqueueExtensions {
  return {
    name: 'NodeUnschedulable',
    filter: (_state, pod, node) => nodeUnschedulableFilter(pod, node),
    eventsToRegister: () => [
      {
        resource: 'Node',
        actions: ['Add', 'UpdateNodeTaint'],
        hint: (pod, _before, after) => {
          const isOpen = !(after as Node | undefined)?.spec?.unschedulable;
          const tolerates = !findUntoleratedTaint([UNSCHEDULABLE_TAINT], pod.spec?.tolerations);
          return isOpen || tolerates ? 'Queue' : 'QueueSkip';
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
