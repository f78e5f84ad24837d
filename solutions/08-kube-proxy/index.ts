/** What other components and the tests use of kube-proxy. */

export {
  affinityRules,
  categorizeEndpoints,
  rememberClientMatch,
  type TopologyMode,
  topologyMode,
} from './affinity/affinity.ts';
export { chooseEndpoints } from './affinity/choose-endpoints.ts';
export type { ChosenEndpoints, EndpointsNode } from './affinity/chosen-endpoints.ts';
export { type Applier, noApplier, type RulesText } from './appliers/applier.ts';
export { IPTABLES_JUMPS, IPVS_JUMPS, type Jump, jumpsText } from './appliers/jumps.ts';
export { newModelApplier } from './appliers/model-applier.ts';
export { BoundedFrequencyRunner, type RunnerOptions } from './bounded-frequency-runner.ts';
export {
  EndpointsChangeTracker,
  type EndpointsUpdate,
  ServiceChangeTracker,
} from './changes/changes.ts';
export { type Conntrack, staleFlows, type UdpFlow } from './conntrack/stale-flows.ts';
export {
  externalChainRules,
  externalDispatchRules,
  externalFilterRules,
  externalRefusal,
  firewallChainRules,
  localClusterIpTarget,
  nodePortAddressRules,
  type Refusal,
} from './external/external.ts';
export { FamilyProxy, type SyncPeriods } from './family-proxy.ts';
export { ProxyHealth } from './health/proxy-health.ts';
export {
  type HealthAnswer,
  healthCheckNodePorts,
  localReadyEndpoints,
  type PortOpener,
  ServiceHealth,
} from './health/service-health.ts';
export {
  clusterPolicyChain,
  type EndpointInfo,
  endpointInfo,
  externalChain,
  firewallChain,
  isServiceChain,
  localPolicyChain,
} from './iptables/chain-names.ts';
export {
  balancingRules,
  clusterIpMasqueradeRules,
  clusterIpRule,
  clusterIpTarget,
  endpointRules,
  forwardRules,
  localnetRules,
  masqueradeRules,
} from './iptables/iptables.ts';
export { FullTextProxier, fullText, newIptablesProxier } from './iptables/iptables-proxier.ts';
export { restoreText } from './iptables/restore-text.ts';
export { serviceRules } from './iptables/service-rules.ts';
export type { CaptureTarget, RuleContext, ServiceRules } from './iptables/service-text.ts';
export { hasComments, type Proxier, type SyncState } from './iptables/sync-state.ts';
export {
  commandsText,
  type IpvsCommand,
  IpvsError,
  parseCommands,
  type ServiceAddress,
} from './ipvs/commands.ts';
export { HASH_BUCKETS, hashBucket } from './ipvs/hash.ts';
export { newHashingScheduler } from './ipvs/hashing-scheduler.ts';
export {
  CLOSED_TIMEOUT_MS,
  CONNECTION_TIMEOUT_MS,
  type IpvsConnection,
  IpvsConnections,
  newIpvsScheduler,
  planRealServers,
} from './ipvs/ipvs.ts';
export { IpvsProxier, planVirtualServers } from './ipvs/ipvs-proxier.ts';
export { IpvsTable } from './ipvs/ipvs-table.ts';
export { type IpvsScheduler, type WeightSteps, weightSteps } from './ipvs/scheduler.ts';
export { IPVS_SCHEDULERS, type IpvsSchedulerName } from './ipvs/scheduler-names.ts';
export {
  type RealServer,
  type VirtualServer,
  type VirtualService,
  virtualServerId,
} from './ipvs/virtual-server.ts';
export type { IpvsOptions } from './ipvs/wanted-state.ts';
export type { Connected, ConnectRequest } from './netfilter/connect.ts';
export {
  type Connection,
  type ConnectionState,
  type Direction,
  INVALID,
  isDestinationTranslated,
  isSourceTranslated,
  newConnection,
  type Tracked,
  UNTRACKED,
} from './netfilter/connection.ts';
export { observe } from './netfilter/connection-lifetime.ts';
export { ConnectionTable, type TableEntry } from './netfilter/connection-table.ts';
export { ConnectionTracking } from './netfilter/connection-tracking.ts';
export {
  HOOK_TABLES,
  type Hook,
  NAT_SIDES,
  type NatSide,
  TABLE_NAMES,
  type TableName,
} from './netfilter/hooks.ts';
export { IpSetError, IpSets, type SetDirection } from './netfilter/ip-sets.ts';
export type { Journey, Outcome, RuleStep, Step, Verdict } from './netfilter/journey.ts';
export { chooseTuple, type NatRange, UNCHANGED } from './netfilter/nat-range.ts';
export { Netfilter, type NetfilterOptions } from './netfilter/netfilter.ts';
export {
  inverted,
  type Packet,
  type PacketProtocol,
  type TcpFlag,
  type Tuple,
  tupleKey,
} from './netfilter/packet.ts';
export { RecentLists } from './netfilter/recent-lists.ts';
export { type Route, Routes, type Way } from './netfilter/routes.ts';
export {
  type MatchWorld,
  type NatTarget,
  type PacketContext,
  type Rule,
  ruleMatches,
  type Target,
} from './netfilter/rule.ts';
export { chainOf, type Table } from './netfilter/table.ts';
export { RestoreError, type RestoreOptions, Tables } from './netfilter/tables.ts';
export { describeStep, placeOfStep, traceText } from './netfilter/trace-text.ts';
export { traverse } from './netfilter/traverse.ts';
export { contextOf, journeyOf, newTrip, type Trip } from './netfilter/trip.ts';
export { type NewProxier, newIptablesRules, newIpvsRules, type RulesProxier } from './proxier.ts';
export type { ProxierOptions } from './proxier-options.ts';
export { type KubeProxy, newProxy, type ProxyOptions, rulesNow } from './proxy.ts';
export { IncrementalProxier } from './restore/restore.ts';
export { type Endpoint, type EndpointsMap, endpointAddress } from './services/endpoint.ts';
export {
  type EndpointsPerspective,
  readEndpointSlice,
  type SliceEndpoints,
  sameEndpoints,
} from './services/endpoint-slice.ts';
export {
  type IpFamily,
  isExternallyAccessible,
  type ServicePort,
  type ServicePortMap,
  usesClusterEndpoints,
  usesLocalEndpoints,
} from './services/service-port.ts';
export {
  newServicePorts,
  type ServicePortName,
  sameServicePorts,
  serviceKey,
  servicePortName,
} from './services/service-ports.ts';
