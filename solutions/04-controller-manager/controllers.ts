/**
 * All controllers there are, by their upstream names. Given; a new controller gets a line here.
 *
 * What runs them is `run-controllers.ts`.
 */

import type { NewController } from './controller.ts';
import { newDeploymentController } from './deployment/deployment-controller.ts';
import {
  newReplicaSetController,
  newReplicationController,
} from './replicaset/replicaset-controller.ts';

/**
 * The controllers, in the order in which they are started.
 *
 * @see cmd/kube-controller-manager/names/controller_names.go (1.33)
 */
export const CONTROLLERS: Readonly<Record<string, NewController>> = {
  'deployment-controller': newDeploymentController,
  'replicaset-controller': newReplicaSetController,
  'replicationcontroller-controller': newReplicationController,
};
