/** The plugin SchedulingGates: a pod with gates is not tried until somebody has taken them all away. Given. */

import type { EnqueueExtensions, PreEnqueuePlugin } from '../framework/plugin.ts';
import { Status } from '../framework/status.ts';

/** Makes the plugin. */
export function newSchedulingGates(): PreEnqueuePlugin & EnqueueExtensions {
  return {
    name: 'SchedulingGates',
    preEnqueue: ({ spec }) => {
      const gates = (spec?.schedulingGates ?? []).map(({ name }) => name);
      if (gates.length === 0) return undefined;
      return new Status('UnschedulableAndUnresolvable', [
        `waiting for scheduling gates: [${gates.join(' ')}]`,
      ]);
    },
    eventsToRegister: () => [
      {
        resource: 'UnscheduledPod',
        actions: ['UpdatePodSchedulingGatesEliminated'],
        hint: (pod, _before, after) =>
          pod.metadata?.uid === after?.metadata?.uid ? 'Queue' : 'QueueSkip',
      },
    ],
  };
}
