/**
 * The public surface of the controller manager: what tests and the cluster import as
 * `#controller-manager`.
 *
 * To read the code, begin with `control-loop.ts`, then one controller: `replicaset/replicaset.ts`.
 */

export {
  ControlLoop,
  type ControlLoopOptions,
  type Reconcile,
  type ReconcileResult,
  SYNC_POLL_MS,
} from './control-loop.ts';
export {
  type Controller,
  type ControllerContext,
  type ControllerWorld,
  type NewController,
  newControllerContext,
} from './controller.ts';
export { type ControllerOptions, controllersFor, selectControllers } from './controllers.ts';
export {
  currentReplicas,
  type Fenceposts,
  fencepostsOf,
  findGenerations,
  forgottenReplicaSets,
  type Generations,
  isComplete,
  nextStep,
  oldReplicas,
  type RolloutStep,
  revisionAnnotations,
  statusOf,
} from './deployment/deployment.ts';
export { newDeploymentController } from './deployment/deployment-controller.ts';
export {
  pausedCondition,
  progressCheckAfterMs,
  proportionalSizes,
  withProgress,
} from './deployment/deployment-more.ts';
export type { Deployment, ReplicaSet, ScaleStep } from './deployment/replica-sets.ts';
export { newEndpointSliceController } from './endpoints/endpoint-slice-controller.ts';
export {
  endpointOf,
  endpointPorts,
  MAX_ENDPOINTS_PER_SLICE,
  type NewSlice,
  type PlacedEndpoint,
  planSlices,
  type SlicePlan,
  subsetsOf,
} from './endpoints/endpoints.ts';
export { newEndpointsController } from './endpoints/endpoints-controller.ts';
export { EXPECTATIONS_TIMEOUT_MS, Expectations } from './expectations.ts';
export {
  judge,
  nextForOwner,
  type OwnerState,
  type OwnerStep,
  type Verdict,
} from './garbage-collector/garbage-collector.ts';
export { newGarbageCollector } from './garbage-collector/garbage-collector-controller.ts';
export {
  FOREGROUND_FINALIZER,
  isDeletingDependents,
  isOrphaning,
  type ObjectNode,
  ORPHAN_FINALIZER,
  OwnerGraph,
} from './garbage-collector/owner-graph.ts';
export { newNamespaceController } from './namespace/namespace-controller.ts';
export {
  type DeletionReport,
  deletionConditions,
  FINALIZER_ESTIMATE_SECONDS,
  isEmptied,
  lookAgainMs,
  type Remaining,
} from './namespace/namespace-deletion.ts';
export { newRootCaPublisher } from './namespace/root-ca-publisher.ts';
export { newServiceAccountsController } from './namespace/service-accounts-controller.ts';
export { CidrRangeFullError, CidrSet } from './node/node-ipam.ts';
export { type Claim, type ClaimOptions, claimObjects, claimOf } from './ownership.ts';
export { PodControl, podFromTemplate } from './pod-control.ts';
export { POD_DELETION_COST_ANNOTATION } from './replicaset/deletion-order.ts';
export type { ReplicaOwner, ReplicaSetStatus } from './replicaset/replica-owner.ts';
export {
  BURST_REPLICAS,
  calculateStatus,
  manageReplicas,
  podsToDelete,
  type ReplicaSetActions,
  SLOW_START_INITIAL_BATCH_SIZE,
  slowStartBatch,
  syncReplicaSet,
} from './replicaset/replicaset.ts';
export {
  newReplicaSetController,
  newReplicationController,
} from './replicaset/replicaset-controller.ts';
export { runControllers } from './run-controllers.ts';
