/**
 * From a reference to an object (`apps/v1`, `Deployment`, `web`) to the resource it is of, so that its
 * `scale` can be asked for. Given.
 *
 * Built-in kinds, and those of definitions. Which reference, and what for, is the caller's.
 */

import type { CustomResourceDefinition } from 'kubernetes-types/apiextensions/v1.js';
import type { KubernetesObject } from '#apimachinery';
import {
  type Client,
  CUSTOM_RESOURCE_DEFINITIONS,
  type Lister,
  type ResourceType,
  type SharedInformer,
} from '#client';
import type { ControllerContext } from '../controller.ts';
import { BUILT_IN_RESOURCES, resourceOfDefinition } from '../garbage-collector/resources.ts';

/** How many pods an object has and is to have: autoscaling/v1. */
export interface Scale extends KubernetesObject {
  spec?: { replicas?: number };
  status?: { replicas?: number; selector?: string };
}

/** What names an object. */
export interface TargetReference {
  readonly apiVersion?: string;
  readonly kind: string;
  readonly name: string;
}

/** Finds resources and their objects' scale. */
export class ScaleTargets {
  readonly #client: Client;
  readonly #informer: SharedInformer<CustomResourceDefinition>;
  readonly #definitions: Lister<CustomResourceDefinition>;

  constructor({ client, informers }: ControllerContext) {
    this.#client = client;
    this.#informer = informers.informer(CUSTOM_RESOURCE_DEFINITIONS);
    this.#definitions = this.#informer.lister;
  }

  hasSynced(): boolean {
    return this.#informer.hasSynced();
  }

  /**
   * The resource of a kind, in whatever version is stored: a reference's version may be another.
   *
   * @returns `undefined` when there is none
   * @throws Error `unexpected GroupVersion string: V`
   */
  find({ apiVersion = '', kind }: TargetReference): ResourceType | undefined {
    const group = groupOf(apiVersion);
    const isIt = (type: ResourceType | undefined) => type?.kind === kind && type.group === group;
    return (
      BUILT_IN_RESOURCES.find(isIt) ?? this.#definitions.list().map(resourceOfDefinition).find(isIt)
    );
  }

  /** Does a definition say that the kind has the subresource `scale`? Of built-in kinds: some have. */
  implementsScale(type: ResourceType): boolean {
    const { group, resource } = type;
    const definition = this.#definitions.get(`${resource}.${group}`);
    if (!definition) return HAVE_SCALE.has(`${resource}.${group}`);
    const version = definition.spec.versions.find(({ name }) => name === type.version);
    return version?.subresources?.scale !== undefined;
  }

  /** @throws StatusError when there is no such object, or it has no scale */
  get(type: ResourceType, namespace: string, name: string): Promise<Scale> {
    return this.#client
      .resource<Scale>(type as ResourceType<Scale>, namespace)
      .get(name, { subresource: 'scale' });
  }

  /** Writes a scale; with the version that was read, so that nobody else's change is lost. */
  update(type: ResourceType, namespace: string, scale: Scale): Promise<Scale> {
    return this.#client
      .resource<Scale>(type as ResourceType<Scale>, namespace)
      .update(scale, { subresource: 'scale' });
  }
}

const HAVE_SCALE = new Set([
  'deployments.apps',
  'replicasets.apps',
  'statefulsets.apps',
  'replicationcontrollers.',
]);

/** The group of an `apiVersion`; `''` for the core group. */
export function groupOf(apiVersion: string): string {
  const parts = apiVersion.split('/');
  if (parts.length > 2) throw new Error(`unexpected GroupVersion string: ${apiVersion}`);
  return parts.length === 2 ? (parts[0] ?? '') : '';
}
