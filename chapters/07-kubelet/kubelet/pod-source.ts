/** The pods that the API server has for a node. Given. */

import type { Pod } from '#apimachinery';
import { type Client, type ListerWatcher, PODS } from '#client';

/** Lists and watches them. */
export function podsOfNode(client: Client, name: string): ListerWatcher<Pod> {
  const pods = client.resource(PODS);
  const fieldSelector = `spec.nodeName=${name}`;
  return {
    list: (options) => pods.list({ ...options, fieldSelector }),
    watch: (options) => pods.watch({ ...options, fieldSelector }),
  };
}

/** Did anything change that others decide? What only the kubelet wrote is nothing new to it. */
export function isNews(before: Pod, after: Pod): boolean {
  const parts = ({ spec, metadata, status }: Pod): unknown => [
    spec,
    metadata?.labels,
    metadata?.annotations,
    metadata?.deletionTimestamp,
    metadata?.deletionGracePeriodSeconds,
    status?.phase,
    status?.conditions
      ?.filter(({ type }) => !type.startsWith('Containers'))
      .map(({ type, status: is }) => [type, is]),
  ];
  return JSON.stringify(parts(before)) !== JSON.stringify(parts(after));
}
