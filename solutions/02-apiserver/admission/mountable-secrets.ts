/**
 * Which Secrets a pod may use when its service account says that it keeps a list, and what a mirror
 * pod (one that a node made of a file) may not use at all. Given.
 *
 * @see plugin/pkg/admission/serviceaccount/admission.go (1.33), limitSecretReferences
 */

import type { Container, Pod, ServiceAccount } from 'kubernetes-types/core/v1.js';

const ENFORCED = 'kubernetes.io/enforce-mountable-secrets';
const TRUE = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);

/** Did a node make it of a file of its own? */
export function isMirrorPod({ metadata }: Pod): boolean {
  return metadata?.annotations?.['kubernetes.io/config.mirror'] !== undefined;
}

/** What a mirror pod has that it may not have. */
export function mirrorPodFault({ spec }: Pod): string | undefined {
  if (!spec) return undefined;
  if (spec.serviceAccountName) return 'a mirror pod may not reference service accounts';
  const { volumes = [], containers = [], initContainers = [], imagePullSecrets = [] } = spec;
  const usesSecrets =
    imagePullSecrets.length > 0 ||
    volumes.some(({ secret, projected }) => secret || projected?.sources?.some((s) => s.secret)) ||
    [...containers, ...initContainers].some((container) => secretsInEnv(container).length > 0);
  if (usesSecrets) return 'a mirror pod may not reference secrets';
  const hasToken = volumes.some((each) =>
    each.projected?.sources?.some((s) => s.serviceAccountToken),
  );
  return hasToken ? 'a mirror pod may not use ServiceAccountToken volume projections' : undefined;
}

/** The Secret a pod uses and its service account does not list; `undefined` when all is well. */
export function mountableSecretFault(account: ServiceAccount, pod: Pod): string | undefined {
  const { metadata, secrets = [], imagePullSecrets = [] } = account;
  if (!TRUE.has(metadata?.annotations?.[ENFORCED] ?? '') || !pod.spec) return undefined;
  const { volumes = [], containers = [], initContainers = [] } = pod.spec;
  const listed = new Set(secrets.map(({ name }) => name));
  const because = `is not allowed because service account ${metadata?.name} does not reference that`;
  for (const { secret } of volumes) {
    if (secret && !listed.has(secret.secretName)) {
      return `volume with secret.secretName="${secret.secretName}" ${because} secret`;
    }
  }
  for (const [what, list] of [
    ['init container', initContainers],
    ['container', containers],
  ] as const) {
    for (const container of list) {
      const found = secretsInEnv(container).find(({ secret }) => !listed.has(secret));
      if (!found) continue;
      const where = `${what} ${container.name} with envVar ${found.variable}`;
      return `${where} referencing secret.secretName="${found.secret}" ${because} secret`;
    }
  }
  const pulls = new Set(imagePullSecrets.map(({ name }) => name));
  const own = pod.spec.imagePullSecrets ?? [];
  const at = own.findIndex(({ name }) => !pulls.has(name));
  if (at < 0) return undefined;
  return `imagePullSecrets[${at}].name="${own[at]?.name}" ${because} imagePullSecret`;
}

function secretsInEnv({ env = [] }: Container): { variable: string; secret: string | undefined }[] {
  return env.flatMap(({ name, valueFrom }) =>
    valueFrom?.secretKeyRef ? [{ variable: name, secret: valueFrom.secretKeyRef.name }] : [],
  );
}
