/** A kubeconfig with everything in it. Given. */

import type { KeyPair } from './pki.ts';

/**
 * Writes a kubeconfig, as JSON (which is YAML) with two spaces and a newline at the end.
 *
 * ```json
 * {
 *   "apiVersion": "v1",
 *   "kind": "Config",
 *   "clusters": [{ "name": "kubernetes", "cluster": { "server": …, "certificate-authority-data": … } }],
 *   "users": [{ "name": USER, "user": { "client-certificate-data": …, "client-key-data": … } }],
 *   "contexts": [{ "name": "USER@kubernetes", "context": { "cluster": "kubernetes", "user": USER } }],
 *   "current-context": "USER@kubernetes"
 * }
 * ```
 *
 * Data is the PEM text in base64.
 *
 * @see cmd/kubeadm/app/util/kubeconfig/kubeconfig.go (1.33)
 */
export function kubeconfigText(
  server: string,
  user: string,
  authority: Pick<KeyPair, 'certificate'>,
  client: KeyPair,
): string {
  const cluster = { server, 'certificate-authority-data': btoa(authority.certificate) };
  const credentials = {
    'client-certificate-data': btoa(client.certificate),
    'client-key-data': btoa(client.key),
  };
  const context = `${user}@kubernetes`;
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'kubernetes', cluster }],
    users: [{ name: user, user: credentials }],
    contexts: [{ name: context, context: { cluster: 'kubernetes', user } }],
    'current-context': context,
  };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}
