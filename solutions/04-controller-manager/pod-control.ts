/**
 * Creating and deleting an owner's pods, and telling of it. Given.
 *
 * How many and which is each controller's own affair.
 */

import type { Pod, PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import {
  type GroupVersionKind,
  isConflict,
  isNotFound,
  type KubernetesObject,
  newControllerRef,
} from '#apimachinery';
import { type Client, type EventRecorder, PODS, type ResourceType } from '#client';
import { isNamespaceTerminating } from './namespace-terminating.ts';

/** Makes and removes pods for owners of one kind. */
export class PodControl {
  readonly #client: Client;
  readonly #events: EventRecorder;
  readonly #ownerType: ResourceType;

  /** @param ownerType - of those it makes pods for: `REPLICA_SETS` */
  constructor(client: Client, events: EventRecorder, ownerType: ResourceType) {
    this.#client = client;
    this.#events = events;
    this.#ownerType = ownerType;
  }

  /**
   * Creates a pod, with the owner as its controller.
   *
   * @remarks Tells of it as `SuccessfulCreate`, and of a failure as `FailedCreate`; not of one because
   * the namespace is being deleted.
   *
   * @throws what the API server answered, as a rejection
   */
  async create(owner: KubernetesObject, pod: Pod): Promise<Pod> {
    const namespace = owner.metadata?.namespace ?? '';
    try {
      const created = await this.#client.resource(PODS, namespace).create(pod);
      this.#tell(owner, 'Normal', 'SuccessfulCreate', `Created pod: ${created.metadata?.name}`);
      return created;
    } catch (error) {
      if (!isNamespaceTerminating(error)) {
        this.#tell(owner, 'Warning', 'FailedCreate', `Error creating: ${messageOf(error)}`);
      }
      throw error;
    }
  }

  /**
   * Deletes a pod of the owner's, and tells of it as `SuccessfulDelete`.
   *
   * @returns false when it was gone already, or another one of its name is there: then no cache will
   * tell of its deletion any more
   * @throws what the API server answered, as a rejection, after telling of it as `FailedDelete`
   */
  async delete(owner: KubernetesObject, pod: Pod): Promise<boolean> {
    const { namespace = '', name = '', uid } = pod.metadata ?? {};
    try {
      await this.#client.resource(PODS, namespace).delete(name, { preconditions: { uid } });
    } catch (error) {
      if (isNotFound(error) || isConflict(error)) return false;
      this.#tell(owner, 'Warning', 'FailedDelete', `Error deleting: ${messageOf(error)}`);
      throw error;
    }
    this.#tell(owner, 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`);
    return true;
  }

  #tell(
    owner: KubernetesObject,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
  ): void {
    this.#events.event(this.#ownerType, owner, type, reason, message);
  }
}

/**
 * The pod of a template: with its labels, annotations and finalizers, a generated name, and the owner as
 * its controller.
 */
export function podFromTemplate(
  template: PodTemplateSpec | undefined,
  owner: KubernetesObject,
  ownerKind: GroupVersionKind,
): Pod {
  const { labels, annotations, finalizers } = template?.metadata ?? {};
  return {
    metadata: {
      generateName: podNamePrefix(owner.metadata?.name ?? ''),
      namespace: owner.metadata?.namespace,
      labels: { ...labels },
      annotations: { ...annotations },
      ...(finalizers && { finalizers: [...finalizers] }),
      ownerReferences: [newControllerRef(owner, ownerKind)],
    },
    spec: structuredClone(template?.spec),
  };
}

/** A dash sets off the generated part, unless the name is too long already. */
function podNamePrefix(name: string): string {
  return name.length < LONGEST_NAME ? `${name}-` : name;
}

const LONGEST_NAME = 253;

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
