/** The configuration that every container of a pod finds in its file system and environment. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KubeconfigError, reasonOf } from './kubeconfig-error.ts';
import type { RestConfig } from './rest-config.ts';

/** Where a pod's service account is. */
export const SERVICE_ACCOUNT_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * Reads what a pod is given to talk to its API server.
 *
 * @param env - `process.env`
 * @throws KubeconfigError, as a rejection: not in a pod, or a file is missing
 * @see client-go v0.33 rest/config.go, InClusterConfig
 */
export async function loadInClusterConfig(
  env: Readonly<Record<string, string | undefined>>,
  folder: string = SERVICE_ACCOUNT_FOLDER,
): Promise<RestConfig> {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = env;
  if (!host || !port) {
    throw new KubeconfigError(
      'in-cluster configuration: expected KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT in the environment, as in a pod',
    );
  }
  const tokenFile = join(folder, 'token');
  // Read once to see that it is there; who needs it reads it again.
  await readText(tokenFile);
  const namespace = await readText(join(folder, 'namespace')).catch(() => '');
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    namespace: env.POD_NAMESPACE || namespace.trim() || 'default',
    certificateAuthority: await readText(join(folder, 'ca.crt')),
    user: { tokenFile },
  };
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new KubeconfigError(
      `${path}: expected a file of the service account: ${reasonOf(error)}`,
    );
  }
}
