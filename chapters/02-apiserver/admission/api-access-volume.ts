/**
 * The volume by which a pod's containers reach the API: a token, the certificate of the API
 * server's authority, and the namespace. Given.
 *
 * @see plugin/pkg/admission/serviceaccount/admission.go (1.33)
 */

import type { Container, Pod, PodSpec, Volume } from 'kubernetes-types/core/v1.js';
import type { Random } from '#apimachinery';

const PREFIX = 'kube-api-access-';
const MOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
/** An hour, and a little so that one can tell it from an hour somebody asked for. */
const EXPIRATION_SECONDS = 3607;

/**
 * Mounts the volume in every container that has nothing there yet.
 *
 * @remarks A pod that has a volume of such a name keeps it; one is made only where a container
 * needs it.
 */
export function mountApiAccess(pod: Pod, random: Random): void {
  const { spec } = pod;
  if (!spec) return;
  // It has not been checked yet: what must be there may be missing.
  const { volumes = [], containers = [], initContainers = [] } = spec as Partial<PodSpec>;
  const existing = volumes.find(({ name }: Partial<Volume>) => name?.startsWith(PREFIX));
  const name = existing?.name ?? `${PREFIX}${random.suffix()}`;
  const lacking = [...initContainers, ...containers].filter((container) => !hasMount(container));
  for (const container of lacking) {
    const mount = { name, readOnly: true, mountPath: MOUNT_PATH };
    container.volumeMounts = [...(container.volumeMounts ?? []), mount];
  }
  if (existing || lacking.length === 0) return;
  spec.volumes = [...volumes, apiAccessVolume(name)];
}

function hasMount({ volumeMounts = [] }: Container): boolean {
  return volumeMounts.some(({ mountPath }) => mountPath === MOUNT_PATH);
}

function apiAccessVolume(name: string): Volume {
  const namespace = {
    path: 'namespace',
    fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' },
  };
  return {
    name,
    projected: {
      sources: [
        { serviceAccountToken: { expirationSeconds: EXPIRATION_SECONDS, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        { downwardAPI: { items: [namespace] } },
      ],
      defaultMode: 0o644,
    },
  };
}
