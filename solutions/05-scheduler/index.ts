/**
 * The public surface of the scheduler: what other components and tests import as `#scheduler`.
 *
 * To read the code, begin with `framework/plugin.ts`.
 */

export { CycleState, newStateKey, type StateData, type StateKey } from './framework/cycle-state.ts';
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
