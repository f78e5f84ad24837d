/**
 * The shapes of pods as 1.33 has them. Given: types alone.
 *
 * The package `kubernetes-types` is at 1.30: what is newer stands here. Whatever has not changed
 * since is imported from there.
 */

import type {
  Container,
  ContainerStatus,
  EphemeralContainer,
  PodSecurityContext,
  PodSpec,
  PodStatus,
  ResourceRequirements,
  Volume,
} from 'kubernetes-types/core/v1.js';
import type { ApiObject, Metadata } from '../../api-object.ts';

/** Amounts by the name of what is counted. A number is what YAML makes of `cpu: 1`. */
export type ResourceList = { [name: string]: string };

/** A volume; its files may come from an image. */
export interface ApiVolume extends Volume {
  image?: { reference?: string; pullPolicy?: string };
}

/** The rights a pod runs with. */
export interface ApiPodSecurityContext extends PodSecurityContext {
  supplementalGroupsPolicy?: string;
  seLinuxChangePolicy?: string;
}

/** A device a pod claims, by a claim there is or by the template of one. */
export interface ApiPodResourceClaim {
  name: string;
  resourceClaimName?: string;
  resourceClaimTemplateName?: string;
}

/** What a container asks for; of a claim perhaps one part. */
export interface ApiResourceRequirements extends ResourceRequirements {
  claims?: { name: string; request?: string }[];
}

/** What a pod is to be. */
export interface ApiPodSpec extends PodSpec {
  securityContext?: ApiPodSecurityContext;
  volumes?: ApiVolume[];
  resourceClaims?: ApiPodResourceClaim[];
  /** Of all containers together. */
  resources?: ApiResourceRequirements;
}

/** A pod template, as workloads have one. */
export interface ApiPodTemplate {
  metadata?: Metadata;
  spec?: ApiPodSpec;
}

/** Any of the three kinds of container. */
export type AnyContainer = Container | EphemeralContainer;

/** How a container is. */
export interface ApiContainerStatus extends ContainerStatus {
  user?: { linux?: { uid?: number; gid?: number; supplementalGroups?: number[] } };
  allocatedResourcesStatus?: {
    name: string;
    resources?: { resourceID: string; health?: string }[];
  }[];
}

/** How a pod is. */
export interface ApiPodStatus extends PodStatus {
  containerStatuses?: ApiContainerStatus[];
  initContainerStatuses?: ApiContainerStatus[];
  ephemeralContainerStatuses?: ApiContainerStatus[];
}

/** A pod. */
export interface ApiPod extends ApiObject {
  spec: ApiPodSpec;
  status?: ApiPodStatus;
}

/**
 * A pod in an object that is one.
 *
 * @remarks An object without a spec has an empty one, which is missed in due course; it is not
 * written into the object.
 */
export function podOf(object: ApiObject): ApiPod {
  return (object.spec ? object : { ...object, spec: { containers: [] } }) as ApiPod;
}

/** A container and where it is. */
export interface PlacedContainer {
  readonly container: Container;
  readonly path: string;
}

/** All containers of a pod: init, regular, ephemeral. */
export function containersOf(spec: ApiPodSpec, path: string): PlacedContainer[] {
  const placed: PlacedContainer[] = [];
  for (const field of CONTAINER_FIELDS) {
    const containers = spec[field] ?? [];
    for (let i = 0; i < containers.length; i++) {
      placed.push({ container: containers[i] as Container, path: `${path}.${field}[${i}]` });
    }
  }
  return placed;
}

const CONTAINER_FIELDS = ['initContainers', 'containers', 'ephemeralContainers'] as const;
