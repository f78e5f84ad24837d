/** The public surface of the container runtime: what others import as `#container-runtime`. */

export { newCatalogue } from './catalogue/catalogue.ts';
export type { ImageDefinition } from './catalogue/image-definition.ts';
export type {
  ContainerExit,
  ContainerHost,
  ContainerProcess,
  PreparedContainer,
} from './containers/container-host.ts';
export {
  type ContainerRecord,
  Containers,
  type ContainersOptions,
  type Sandbox,
  START_ERROR_EXIT_CODE,
} from './containers/containers.ts';
export {
  ImageStore,
  type ImageStoreOptions,
  PULL_ATTEMPTS,
  PULL_BACKOFF_MS,
  type StoredImage,
} from './images/image-store.ts';
export {
  type ImageConfig,
  imageIdOf,
  type Layer,
  type LayerEntries,
  type LayerEntry,
  layerDigest,
  type Manifest,
  manifestDigest,
} from './images/layer.ts';
export { OPAQUE, overlayLookup, overlayNames, WHITEOUT } from './images/overlay.ts';
export {
  ImageNameError,
  parseReference,
  type Reference,
  referenceText,
} from './images/reference.ts';
export { type Registry, RegistryError, type RegistryFailure } from './images/registry.ts';
export type { Process } from './kernel/process.ts';
export { executable, type Program, type Programs } from './kernel/program.ts';
export {
  type CgroupUsage,
  type ChargeVerdict,
  type CpuDemand,
  cgroupFiles,
  chargeMemory,
  cpuRates,
  cpuShareOf,
  cpuWeightOf,
  DEFAULT_CPU_PERIOD,
  DEFAULT_CPU_SHARES,
  MAX_CPU_SHARES,
  MIN_CPU_SHARES,
  pidsLimitOf,
} from './limits/limits.ts';
export {
  ContainerLog,
  type ContainerLogOptions,
  execSync,
  type LogStream,
  logLine,
  MAX_EXEC_OUTPUT_BYTES,
  MAX_LOG_LINE_BYTES,
  type RunningCommand,
  type StartCommand,
  statsOf,
  type UsageSample,
  WRITABLE_LAYER,
} from './logs-stats-exec/logs-stats-exec.ts';
export {
  cleanPath,
  type Location,
  locate,
  type MountPoint,
  type MountTable,
  mountedNames,
  mountTable,
  type PathRules,
} from './mounts/mounts.ts';
export { type Connection, newConnection } from './network/connection.ts';
export {
  AddressPool,
  type Cidr,
  cidrContains,
  type NodeAddresses,
  parseCidr,
  type Route,
  routeOf,
} from './network/network.ts';
export { type Listener, NetworkStack, type Traffic } from './network/network-stack.ts';
export { NetworkSwitch, type NodeNetwork } from './network/node-network.ts';
export {
  CRI_VERSION,
  newSimulatedRuntime,
  type SimulatedRuntime,
  type SimulatedRuntimeOptions,
} from './runtime.ts';
export {
  type Access,
  ALL_CAPABILITIES,
  type Credentials,
  capabilitiesOf,
  credentialsAfterExec,
  credentialsOf,
  DEFAULT_CAPABILITIES,
  type ImageUsers,
  mayAccess,
  mayBind,
  maySignal,
} from './security/security.ts';
