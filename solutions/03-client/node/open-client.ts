/** From a kubeconfig to a client in one step: what a component's main does. */

import type { RequesterOptions } from '../requester.ts';
import { newRestClient, type RestClient } from '../rest-client.ts';
import { newHttpTransport } from './http-transport.ts';
import { loadInClusterConfig } from './in-cluster.ts';
import { loadKubeconfig } from './kubeconfig.ts';
import type { RestConfig } from './rest-config.ts';

/** How the client is to be. */
export interface OpenClientOptions extends Omit<RequesterOptions, 'transport' | 'server'> {
  /** Absent: as in a pod. */
  readonly kubeconfig?: string | undefined;
  /** Of the kubeconfig; absent: its current one. */
  readonly context?: string | undefined;
}

/** A client that has connections. */
export interface OpenClient {
  readonly client: RestClient;
  readonly config: RestConfig;
  /** Ends all connections, also those of watches. */
  close(): Promise<void>;
}

/**
 * Opens a client over HTTP(S). Nothing is sent yet.
 *
 * @throws KubeconfigError, as a rejection: one line that names the file and what was expected
 */
export async function openClient(options: OpenClientOptions): Promise<OpenClient> {
  const { kubeconfig: path, context = '' } = options;
  const config = path
    ? await loadKubeconfig({ path, context })
    : await loadInClusterConfig(process.env);
  const { transport, close } = newHttpTransport(config, options);
  const client = newRestClient({ ...options, transport, server: config.server });
  return { client, config, close };
}
