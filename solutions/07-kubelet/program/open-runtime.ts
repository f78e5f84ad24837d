/** Connects to the container runtime on its socket. */

import { newCriClient, type RemoteCriClient } from '#container-runtime/wire';

/**
 * @param endpoint - `unix:///run/containerd/containerd.sock`
 * @throws Error when it is no such URL
 */
export function openRuntime(endpoint: string): RemoteCriClient {
  return newCriClient(endpoint);
}
