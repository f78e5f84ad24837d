/** The public surface of the kubelet: what tests and the cluster import as `#kubelet`. */

export type {
  ConfigMap,
  ContainerStatus,
  NodeCondition,
  PodStatus,
  Probe,
  Secret,
} from 'kubernetes-types/core/v1.js';
export {
  ContainerConfigError,
  type EnvironmentInput,
  environmentOf,
  expandVariables,
  fieldValue,
  type LinuxLimits,
  linuxLimits,
  resourceValue,
  serviceVariables,
} from './container-config/container-config.ts';
export { type HollowNodeOptions, newHollowNode } from './hollow/hollow-node.ts';
export { newHollowRuntime } from './hollow/hollow-runtime.ts';
export { type Kubelet, newKubelet } from './kubelet/kubelet.ts';
export type { KubeletOptions } from './kubelet/kubelet-options.ts';
export {
  allocatableOf,
  LEASE_SECONDS,
  mustReport,
  type NodeHealth,
  nodeConditions,
  nodeLease,
  reconciledNode,
  STATUS_REPORT_MS,
  STATUS_UPDATE_MS,
} from './node/node.ts';
export type { NodeOptions } from './node/node-reporter.ts';
export {
  LifecycleEventGenerator,
  type LifecycleSource,
  lifecycleEvents,
  type PodLifecycleEvent,
  type SeenPod,
  type SeenState,
} from './pleg/pleg.ts';
export {
  type PodPhaseOfWork,
  type PodSyncer,
  type PodUpdate,
  PodWorkers,
  type PodWorkersOptions,
  WORK_RETRY_MS,
} from './pod-workers/pod-workers.ts';
export type { HttpGet, HttpTarget, SecureConnection } from './probes/http-get.ts';
export { type ProbeChange, type ProbeKind, ProbeResults } from './probes/probe-results.ts';
export type { GrpcCheck } from './probes/prober.ts';
export {
  applyProbes,
  PROBE_TRIES,
  type ProbeAnswer,
  type ProbeKnowledge,
  type Prober,
  ProbeWorker,
  type ProbeWorkerOptions,
} from './probes/probes.ts';
export {
  type AdmissionRefusal,
  admitPod,
  DEFAULT_THRESHOLDS,
  type EvictionSignal,
  type EvictionThreshold,
  evictionMessage,
  evictionOrder,
  type Observation,
  type PodUsage,
  qosClass,
  thresholdsMet,
} from './resources/resources.ts';
export {
  CRASH_LOOP,
  CrashLoopBackoff,
  gracePeriodSeconds,
  type KillReason,
  MINIMUM_GRACE_SECONDS,
  type RestartDelay,
  restartDelay,
  type StopWorld,
  shouldContainerBeRestarted,
  stopContainer,
  terminationGroups,
} from './restarts/restarts.ts';
export { hashContainer } from './runtime/container-hash.ts';
export {
  type ContainerPhase,
  emptyRuntimeStatus,
  isSidecar,
  latestContainer,
  type PodRuntimeStatus,
  type RuntimeContainer,
  type RuntimeSandbox,
} from './runtime/pod-runtime-status.ts';
export {
  containersReadyCondition,
  initializedCondition,
  KUBELET_CONDITIONS,
  readyCondition,
} from './status/conditions.ts';
export { apiContainerState, apiContainerStatus } from './status/container-state.ts';
export {
  type ContainerStatusesInput,
  containerStatuses,
  mergePodStatus,
  podPhase,
  type StartFailure,
} from './status/status.ts';
export {
  type ContainerToKill,
  computePodActions,
  type PodActions,
  type ProbeVerdict,
  type ProbeVerdicts,
  type SandboxVerdict,
  sandboxVerdict,
} from './sync-pod/sync-pod.ts';
export {
  DATA_LINK,
  downwardPayload,
  keysPayload,
  type Payload,
  type ProjectedFile,
  VolumeError,
  writeAtomically,
} from './volumes/volumes.ts';
