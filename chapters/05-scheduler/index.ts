/**
 * The public surface of the scheduler: what other components and tests import as `#scheduler`.
 *
 * To read the code, begin with `framework/plugin.ts`.
 */

export { type CacheSize, SchedulerCache, type SchedulerCacheOptions } from './cache/cache.ts';
export { NodeTree } from './cache/node-tree.ts';
export {
  type BindingCache,
  type BindingFramework,
  type BindingWorld,
  bindingCycle,
  WaitingPods,
} from './cycle/binding.ts';
export {
  type Diagnosis,
  FitError,
  NoNodesAvailableError,
  newDiagnosis,
} from './cycle/fit-error.ts';
export { goDuration } from './cycle/go-duration.ts';
export {
  type AssumingCache,
  type FeasibleNodes,
  findNodesThatFit,
  type NodeFilter,
  type ScheduledPod,
  type ScheduleResult,
  type SchedulingOptions,
  schedulePod,
  schedulingCycle,
  selectHost,
  type UnplacedPod,
} from './cycle/schedule-one.ts';
export {
  type DecisionTrace,
  DecisionTracer,
  type TracedNode,
  type TracedRefusal,
  type TracedScore,
} from './decision-trace.ts';
export {
  type InsufficientResource,
  insufficientResources,
  nodeAffinityFilter,
  nodeNameFilter,
  nodeNamesOfAffinity,
  nodePortsFilter,
  nodeResourcesFilter,
  nodeUnschedulableFilter,
  taintTolerationFilter,
  UNSCHEDULABLE_TAINT,
} from './fit-filters.ts';
export { CycleState, newStateKey, type StateData, type StateKey } from './framework/cycle-state.ts';
export {
  Framework,
  MAX_PERMIT_TIMEOUT_MS,
  NO_PLUGINS,
  type NodePluginScores,
  type PermitOutcome,
  type PluginSet,
  type PreFilterOutcome,
  type WeightedScorePlugin,
} from './framework/framework.ts';
export type {
  FilterRunner,
  Handle,
  NewPlugin,
  Nominations,
  WaitingPod,
  WaitingPodList,
} from './framework/handle.ts';
export { type HostPort, hostPortsOf, UsedHostPorts } from './framework/host-ports.ts';
export { type ImageState, NodeInfo } from './framework/node-info.ts';
export {
  type BindPlugin,
  type ClusterEvent,
  type ClusterEventWithHint,
  type EnqueueExtensions,
  type EventAction,
  type EventResource,
  type FilterPlugin,
  MAX_NODE_SCORE,
  MIN_NODE_SCORE,
  type NodeScore,
  type PermitPlugin,
  type PermitResult,
  type Plugin,
  type PostBindPlugin,
  type PostFilterPlugin,
  type PostFilterResult,
  type PreBindPlugin,
  type PreEnqueuePlugin,
  type PreFilterPlugin,
  type PreFilterResult,
  type PreScorePlugin,
  type QueuedPodInfo,
  type QueueSortPlugin,
  type ReservePlugin,
  type ScorePlugin,
} from './framework/plugin.ts';
export {
  type AffinityTerm,
  type PodInfo,
  podInfoOf,
  termMatches,
  type WeightedAffinityTerm,
} from './framework/pod-info.ts';
export {
  addAmounts,
  amountOf,
  NO_RESOURCES,
  podAmounts,
  podNonZeroAmounts,
  type ResourceAmounts,
  resourceAmounts,
} from './framework/resource-amounts.ts';
export { Snapshot } from './framework/snapshot.ts';
export {
  type Code,
  codeOf,
  isRejected,
  isSkip,
  isSuccess,
  type Rejection,
  Status,
} from './framework/status.ts';
export { newCoscheduling } from './plugins/coscheduling.ts';
export { newDefaultBinder } from './plugins/default-binder.ts';
export {
  DEFAULT_PREEMPTION_ARGS,
  type DefaultPreemptionArgs,
  newDefaultPreemption,
} from './plugins/default-preemption.ts';
export { type InterPodAffinityArgs, newInterPodAffinity } from './plugins/inter-pod-affinity.ts';
export { newNodeVolumeLimits } from './plugins/node-volume-limits.ts';
export { newPodTopologySpread } from './plugins/pod-topology-spread.ts';
export type { PodTopologySpreadArgs } from './plugins/pod-topology-spread-args.ts';
export { newPrioritySort } from './plugins/priority-sort.ts';
export { newSchedulingGates } from './plugins/scheduling-gates.ts';
export { newVolumeBinding } from './plugins/volume-binding.ts';
export { newVolumeRestrictions } from './plugins/volume-restrictions.ts';
export { newVolumeZone } from './plugins/volume-zone.ts';
export { filterWithNominatedPods, Nominator } from './preemption/nominator.ts';
export { byImportance, podPriority, startTimeOf } from './preemption/pod-priority.ts';
export {
  type Candidate,
  type CandidateLimits,
  calculateNumCandidates,
  type DryRun,
  type DryRunOutcome,
  dryRunPreemption,
  nodesWherePreemptionMightHelp,
  pickOneCandidate,
  selectVictimsOnNode,
  splitByBudgets,
  type Victims,
  whyNotEligible,
} from './preemption/preemption.ts';
export {
  expandMultiPoint,
  MIN_FEASIBLE_NODES_PERCENTAGE,
  MIN_FEASIBLE_NODES_TO_FIND,
  mergePluginRefs,
  numFeasibleNodesToFind,
  type PluginRef,
  type PluginRefs,
  requestedToCapacityRatioScore,
  type UtilizationShapePoint,
} from './profiles/profiles.ts';
export {
  ASSIGNED_POD_ADD,
  ASSIGNED_POD_DELETE,
  clusterEvent,
  FORCE_ACTIVATE,
  isWildcardEvent,
  matchesClusterEvent,
  NODE_ADD,
  NODE_DELETE,
  nodeSchedulingPropertiesChange,
  podSchedulingPropertiesChange,
  UNSCHEDULABLE_TIMEOUT,
  UNSCHEDULED_POD_ADD,
  UNSCHEDULED_POD_DELETE,
} from './queue/cluster-events.ts';
export type { ReportedEvent } from './queue/in-flight-events.ts';
export type { PendingPods } from './queue/pools.ts';
export type { SchedulingFailure } from './queue/queued-pod.ts';
export {
  type BackoffLimits,
  backoffDuration,
  type EventInterests,
  type QueueingStrategy,
  requeueStrategy,
} from './queue/requeue-strategy.ts';
export {
  LEFTOVER_FLUSH_PERIOD_MS,
  type QueueProfile,
  SchedulingQueue,
  type SchedulingQueueOptions,
} from './queue/scheduling-queue.ts';
export {
  newScheduler,
  type Scheduler,
  type SchedulerCounts,
  type SchedulerOptions,
} from './scheduler.ts';
export {
  balancedAllocationScore,
  defaultNormalizeScore,
  imageLocalityScore,
  intolerableTaints,
  leastAllocatedScore,
  MAX_IMAGE_THRESHOLD_PER_CONTAINER,
  MIN_IMAGE_THRESHOLD,
  mostAllocatedScore,
  preferredNodeAffinityScore,
  type ResourceUse,
} from './scoring.ts';
export {
  type AffinityScoreInput,
  affinityScore,
  normalizeAffinityScores,
  scorePlaces,
} from './topology/affinity-scores.ts';
export {
  AFFINITY_REASON,
  type AffinityCounts,
  type AffinityInput,
  ANTI_AFFINITY_REASON,
  type CountMatches,
  countAffinity,
  countMatches,
  EXISTING_ANTI_AFFINITY_REASON,
  matchesAllTerms,
  type NamespaceLabels,
  newAffinityCounts,
  RequiredAffinity,
} from './topology/pod-affinity.ts';
export { PodCounts } from './topology/pod-counts.ts';
export {
  type NodeInclusionPolicy,
  type SpreadConstraint,
  spreadConstraintsOf,
  type WhenUnsatisfiable,
} from './topology/spread-constraints.ts';
export { HOSTNAME_LABEL, type SpreadScoreInput, SpreadScores } from './topology/spread-scores.ts';
export { TopologyCounts } from './topology/topology-counts.ts';
export {
  type CountPods,
  countDomains,
  countMatchingPods,
  isNodeIncluded,
  SPREAD_LABEL_REASON,
  SPREAD_REASON,
  SpreadCounts,
} from './topology/topology-spread.ts';
export { hasTopologyKeys, topologyValue } from './topology/topology-value.ts';
