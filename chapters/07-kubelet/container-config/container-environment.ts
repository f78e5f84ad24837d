/** A container's environment, with everything it names asked for first. Given; what it becomes is `container-config.ts`. */

import type { ConfigMap, Secret, Service } from 'kubernetes-types/core/v1.js';
import type { Container, Pod } from '#apimachinery';
import { CONFIG_MAPS, SECRETS } from '#client';
import type { ObjectCache } from '../objects/object-cache.ts';
import { type EnvironmentInput, environmentOf, serviceVariables } from './container-config.ts';
import type { NodeFacts } from './container-request.ts';

/** Where what it names comes from. */
export interface EnvironmentWorld {
  readonly objects: ObjectCache;
  readonly facts: NodeFacts;
  readonly services: (namespace: string) => readonly Service[];
}

/** @throws ContainerConfigError, as a rejection, when something it needs is not there */
export async function containerEnvironment(
  { objects, facts, services }: EnvironmentWorld,
  pod: Pod,
  container: Container,
  place: Pick<EnvironmentInput, 'podIPs' | 'hostIPs' | 'allocatable'>,
): Promise<ReadonlyMap<string, string>> {
  const namespace = pod.metadata?.namespace ?? '';
  const configMaps = new Map<string, ConfigMap | undefined>();
  const secrets = new Map<string, Secret | undefined>();
  for (const { configMap, secret } of sourcesOf(container)) {
    if (configMap) {
      configMaps.set(configMap, await objects.get(CONFIG_MAPS, namespace, configMap));
    }
    if (secret) secrets.set(secret, await objects.get(SECRETS, namespace, secret));
  }
  const wantsServices = pod.spec?.enableServiceLinks !== false;
  const known = services(namespace).filter(
    ({ metadata }) => wantsServices || isKubernetesService(metadata),
  );
  return environmentOf({
    ...place,
    pod,
    container,
    nodeName: facts.nodeName,
    configMap: (name) => configMaps.get(name),
    secret: (name) => secrets.get(name),
    services: serviceVariables(known),
  });
}

/** Names of what the variables come from. */
function sourcesOf({ envFrom = [], env = [] }: Container): {
  readonly configMap: string | undefined;
  readonly secret: string | undefined;
}[] {
  return [
    ...envFrom.map(({ configMapRef, secretRef }) => ({
      configMap: configMapRef?.name,
      secret: secretRef?.name,
    })),
    ...env.map(({ valueFrom }) => ({
      configMap: valueFrom?.configMapKeyRef?.name,
      secret: valueFrom?.secretKeyRef?.name,
    })),
  ];
}

function isKubernetesService(metadata: Service['metadata']): boolean {
  return metadata?.namespace === 'default' && metadata.name === 'kubernetes';
}
