/** The plugin PrioritySort: the queue's usual order. Given. */

import type { QueueSortPlugin } from '../framework/plugin.ts';
import { podPriority } from '../preemption/pod-priority.ts';

/** Makes the plugin: a higher priority first; of equals, the one that has been in the queue longer. */
export function newPrioritySort(): QueueSortPlugin {
  return {
    name: 'PrioritySort',
    less: (a, b) => {
      const difference = podPriority(a.podInfo.pod) - podPriority(b.podInfo.pod);
      return difference === 0 ? a.timestamp < b.timestamp : difference > 0;
    },
  };
}
