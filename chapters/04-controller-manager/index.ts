/**
 * The public surface of the controller manager: what tests and the cluster import as
 * `#controller-manager`.
 *
 * To read the code, begin with `control-loop.ts`, then one controller: `replicaset/replicaset.ts`.
 */

export {
  groupPods,
  highestProposal,
  type Limits,
  limitReplicas,
  type MetricOutcome,
  type PodGroups,
  type Proposal,
  proposeReplicas,
  type Situation,
  stabilize,
  type Target,
  type Wish,
} from './autoscaler/autoscaler.ts';
export { newHorizontalPodAutoscalerController } from './autoscaler/autoscaler-controller.ts';
export {
  type Behavior,
  behaviorOf,
  type Recommendation,
  type ScaleEvent,
  type ScalingRules,
  type ScalingVerdict,
} from './autoscaler/behavior.ts';
export type { PodMetric, PodMetrics, PodMetricsInfo } from './autoscaler/measurements.ts';
export type {
  CertificateReader,
  CertificateRequest,
  CertificateSigner,
  CertificateTerms,
} from './certificate/certificates.ts';
export { newCsrApprovingController } from './certificate/csr-approving-controller.ts';
export { newCsrCleanerController } from './certificate/csr-cleaner-controller.ts';
export {
  newCsrSigningController,
  type SigningOptions,
} from './certificate/csr-signing-controller.ts';
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
export { accountOf, asOwnAccounts } from './controller-accounts.ts';
export {
  applyRevision,
  CONTROLLER_REVISION_HASH_LABEL,
  type ControllerRevision,
  templatePatch,
} from './controller-history.ts';
export { type ControllerOptions, controllersFor, selectControllers } from './controllers.ts';
export { parseCronSchedule, type Schedule, ScheduleError } from './cronjob/cron-schedule.ts';
export {
  type CronJobNews,
  type DueRun,
  decideRun,
  dueRun,
  forgottenJobs,
  type JobsReview,
  MANY_MISSED_RUNS,
  NEXT_RUN_DELTA_MS,
  nextLookMs,
  type RunDecision,
  reviewJobs,
} from './cronjob/cronjob.ts';
export { newCronJobController } from './cronjob/cronjob-controller.ts';
export { TimeZone, UnknownTimeZoneError } from './cronjob/time-zone.ts';
export { type DaemonSet, newDaemonPod, podsByNode } from './daemonset/daemon-pod.ts';
export {
  type DaemonSetSteps,
  type DaemonSetView,
  daemonSetStatus,
  manageDaemonPods,
  type NodeVerdict,
  nodeShouldRun,
  rollingUpdateSteps,
} from './daemonset/daemonset.ts';
export { newDaemonSetController } from './daemonset/daemonset-controller.ts';
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
export { newDisruptionController } from './disruption/disruption-controller.ts';
export { newEndpointSliceController } from './endpoints/endpoint-slice-controller.ts';
export { newEndpointSliceMirroringController } from './endpoints/endpoint-slice-mirroring-controller.ts';
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
export {
  countEnded,
  type EndedCounts,
  type JobVerdict,
  MAX_PODS_PER_SYNC,
  MAX_UNCOUNTED_PODS,
  type PodPlan,
  planPods,
  settleUncounted,
  type Tracking,
  trackPods,
  verdictOf,
} from './job/job.ts';
export { newJobController } from './job/job-controller.ts';
export { newTtlAfterFinishedController } from './job/ttl-after-finished-controller.ts';
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
export {
  type NodeIpamOptions,
  newNodeIpamController,
} from './node/node-ipam-controller.ts';
export {
  type EvictionRates,
  evictingTaint,
  evictionRates,
  type Heartbeat,
  listen,
  type Patience,
  schedulingTaints,
  silentConditions,
  toleratedMs,
  type ZoneCount,
  type ZoneState,
  zoneState,
} from './node/node-lifecycle.ts';
export {
  type NodeLifecycleOptions,
  newNodeLifecycleController,
} from './node/node-lifecycle-controller.ts';
export { newPodGarbageCollector } from './node/pod-garbage-collector.ts';
export { newTaintEvictionController } from './node/taint-eviction-controller.ts';
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
export { newResourceQuotaController } from './resource-quota/resource-quota-controller.ts';
export { runControllers } from './run-controllers.ts';
export { type AddressRange, parseAddressRange } from './service/address-range.ts';
export { AddressError, AddressPool, wantsLoadBalancer } from './service/service.ts';
export { LOAD_BALANCER_FINALIZER, newServiceController } from './service/service-controller.ts';
export type { StatefulSet } from './statefulset/identity.ts';
export {
  newPersistentVolumeClaims,
  newStatefulSetPod,
  type StatefulSetStep,
  type StatefulSetView,
  statefulSetStatus,
  statefulSetSteps,
} from './statefulset/statefulset.ts';
export { newStatefulSetController } from './statefulset/statefulset-controller.ts';
export { newEphemeralVolumeController } from './volume/ephemeral-volume-controller.ts';
export { newLocalProvisioner } from './volume/local-provisioner.ts';
export { LOCAL_PROVISIONER } from './volume/local-volume.ts';
export { newPvBinderController } from './volume/pv-binder-controller.ts';
export { newPvProtectionController } from './volume/pv-protection-controller.ts';
export { newPvcProtectionController } from './volume/pvc-protection-controller.ts';
