/** What a cluster tells everybody: the ConfigMap `cluster-info` in `kube-public`. Given. */

import type { Clock } from '#apimachinery';
import { type Client, CONFIG_MAPS } from '#client';
import { clustersIn, type NamedCluster } from './kubeconfig-reader.ts';
import { poll } from './poll.ts';

export type { NamedCluster };

/** How long after a failure it is read again. */
export const DISCOVERY_RETRY_MS = 5000;

/**
 * Reads the kubeconfig in `cluster-info`, and tries again for `timeoutMs` if that fails.
 *
 * @returns its text
 * @throws what the last attempt was refused with; at once `there is no kubeconfig key in the cluster-info
 * ConfigMap`
 * @see cmd/kubeadm/app/discovery/token/token.go (1.33)
 */
export async function readClusterInfo(
  client: Client,
  { clock, timeoutMs }: { readonly clock: Clock; readonly timeoutMs: number },
): Promise<string> {
  let failure: unknown;
  const found = await poll({ clock, intervalMs: DISCOVERY_RETRY_MS, timeoutMs }, () =>
    client
      .resource(CONFIG_MAPS, 'kube-public')
      .get('cluster-info')
      .catch((error: unknown) => {
        failure = error;
        return undefined;
      }),
  );
  if (found === undefined) throw failure;
  const text = found.data?.kubeconfig;
  if (!text) throw new Error('there is no kubeconfig key in the cluster-info ConfigMap');
  return text;
}

/**
 * @returns the only cluster of a kubeconfig
 * @throws Error `expected the kubeconfig file in the cluster-info ConfigMap to have a single cluster, but
 * it had N`
 */
export function clusterOf(text: string): NamedCluster {
  const [cluster, ...more] = clustersIn(text);
  if (cluster && more.length === 0) return cluster;
  const count = cluster ? 1 + more.length : 0;
  throw new Error(
    `expected the kubeconfig file in the cluster-info ConfigMap to have a single cluster, but it had ${count}`,
  );
}
