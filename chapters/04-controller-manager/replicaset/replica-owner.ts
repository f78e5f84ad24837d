/**
 * ReplicaSets and ReplicationControllers seen as one kind. Given.
 *
 * A ReplicationController is a ReplicaSet with an older selector; `replicaset.ts` does not know which
 * one it has.
 */

import type { ReplicaSet, ReplicaSetStatus } from 'kubernetes-types/apps/v1.js';
import type { PodTemplateSpec, ReplicationController } from 'kubernetes-types/core/v1.js';
import { type KubernetesObject, type Selector, selectorFromObject } from '#apimachinery';
import { REPLICA_SETS, REPLICATION_CONTROLLERS, type ResourceType } from '#client';

export type { ReplicaSetStatus };

/** What both have. */
export interface ReplicaOwner extends KubernetesObject {
  spec?: {
    readonly replicas?: number;
    readonly minReadySeconds?: number;
    readonly template?: PodTemplateSpec;
  };
  status?: ReplicaSetStatus;
}

/** What tells one from the other. */
export interface ReplicaOwnerKind<R extends ReplicaOwner> {
  readonly type: ResourceType<R>;
  /** As upstream calls the controller. */
  readonly controllerName: string;
  /** Who its events are from. */
  readonly component: string;
  readonly selectorOf: (owner: R) => Selector;
}

export const REPLICA_SET_KIND: ReplicaOwnerKind<ReplicaSet> = {
  type: REPLICA_SETS,
  controllerName: 'replicaset-controller',
  component: 'replicaset-controller',
  selectorOf: ({ spec }) => selectorFromObject(spec?.selector),
};

export const REPLICATION_CONTROLLER_KIND: ReplicaOwnerKind<ReplicationController> = {
  type: REPLICATION_CONTROLLERS,
  controllerName: 'replicationcontroller-controller',
  component: 'replication-controller',
  selectorOf: ({ spec }) =>
    selectorFromObject(spec?.selector ? { matchLabels: spec.selector } : undefined),
};

/** How many pods it should have. */
export function desiredReplicas({ spec }: ReplicaOwner): number {
  return spec?.replicas ?? 1;
}
