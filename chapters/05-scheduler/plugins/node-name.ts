/** The plugin NodeName: a pod that names its node runs there or nowhere. Given. */

import { nodeNameFilter } from '../fit-filters.ts';
import type { EnqueueExtensions, FilterPlugin } from '../framework/plugin.ts';

/** Makes the plugin. */
export function newNodeName(): FilterPlugin & EnqueueExtensions {
  return {
    name: 'NodeName',
    filter: (_state, pod, node) => nodeNameFilter(pod, node),
    eventsToRegister: () => [{ resource: 'Node', actions: ['Add'] }],
  };
}
