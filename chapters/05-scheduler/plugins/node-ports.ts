/** The plugin NodePorts: a port of a node belongs to one pod. Given. */

import type { Pod } from '#apimachinery';
import { nodePortsFilter } from '../fit-filters.ts';
import { hostPortsOf, UsedHostPorts } from '../framework/host-ports.ts';
import type { EnqueueExtensions, FilterPlugin, PreFilterPlugin } from '../framework/plugin.ts';
import { Status } from '../framework/status.ts';

/** Makes the plugin. */
export function newNodePorts(): PreFilterPlugin & FilterPlugin & EnqueueExtensions {
  return {
    name: 'NodePorts',
    preFilter: (_state, pod) =>
      pod.hostPorts.length === 0 ? { status: new Status('Skip') } : undefined,
    filter: (_state, pod, node) => nodePortsFilter(pod, node),
    eventsToRegister: () => [
      {
        resource: 'AssignedPod',
        actions: ['Delete'],
        hint: (pod, before) => (shareAPort(pod, before as Pod | undefined) ? 'Queue' : 'QueueSkip'),
      },
      { resource: 'Node', actions: ['Add'] },
    ],
  };
}

function shareAPort(pod: Pod, gone: Pod | undefined): boolean {
  if (!gone) return true;
  const freed = new UsedHostPorts();
  for (const port of hostPortsOf(gone)) freed.add(port);
  return hostPortsOf(pod).some((port) => freed.conflicts(port));
}
