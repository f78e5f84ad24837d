/**
 * The CRI's messages as tables: field numbers and types. v1 and v1alpha2 share them.
 *
 * @see kubernetes v1.33 staging/src/k8s.io/cri-api/pkg/apis/runtime/v1/api.proto
 */

import type { Field, FieldType, Message } from './protobuf.ts';

const one = (number: number, type: FieldType): Field => ({ number, type, shape: 'one' });
const many = (number: number, type: FieldType): Field => ({ number, type, shape: 'many' });
const map = (number: number): Field => ({ number, type: 'string', shape: 'map' });
const values = (...names: string[]): FieldType => ({ values: names });
/** Names a message that may be written further down. */
const of = (message: () => Message): FieldType => ({ message });

const protocols = values('TCP', 'UDP', 'SCTP');
const namespaceModes = values('POD', 'CONTAINER', 'NODE', 'TARGET');
const sandboxStates = values('SANDBOX_READY', 'SANDBOX_NOTREADY');
const containerStates = values(
  'CONTAINER_CREATED',
  'CONTAINER_RUNNING',
  'CONTAINER_EXITED',
  'CONTAINER_UNKNOWN',
);
const policies = values('Merge', 'Strict');
const signals = values(
  'RUNTIME_DEFAULT',
  'SIGABRT',
  'SIGALRM',
  'SIGBUS',
  'SIGCHLD',
  'SIGCLD',
  'SIGCONT',
  'SIGFPE',
  'SIGHUP',
  'SIGILL',
  'SIGINT',
  'SIGIO',
  'SIGIOT',
  'SIGKILL',
  'SIGPIPE',
  'SIGPOLL',
  'SIGPROF',
  'SIGPWR',
  'SIGQUIT',
  'SIGSEGV',
  'SIGSTKFLT',
  'SIGSTOP',
  'SIGSYS',
  'SIGTERM',
  'SIGTRAP',
  'SIGTSTP',
  'SIGTTIN',
  'SIGTTOU',
  'SIGURG',
  'SIGUSR1',
  'SIGUSR2',
  'SIGVTALRM',
  'SIGWINCH',
  'SIGXCPU',
  'SIGXFSZ',
  'SIGRTMIN',
);

const Int64Value: Message = { value: one(1, 'int') };
const int64Value = of(() => Int64Value);

export const Empty: Message = {};

const DnsConfig: Message = {
  servers: many(1, 'string'),
  searches: many(2, 'string'),
  options: many(3, 'string'),
};
const PortMapping: Message = {
  protocol: one(1, protocols),
  containerPort: one(2, 'int'),
  hostPort: one(3, 'int'),
  hostIp: one(4, 'string'),
};
const NamespaceOption: Message = {
  network: one(1, namespaceModes),
  pid: one(2, namespaceModes),
  ipc: one(3, namespaceModes),
  targetId: one(4, 'string'),
};
const SecurityProfile: Message = {
  profileType: one(1, values('RuntimeDefault', 'Unconfined', 'Localhost')),
  localhostRef: one(2, 'string'),
};
const securityProfile = of(() => SecurityProfile);
const LinuxSandboxSecurityContext: Message = {
  namespaceOptions: one(
    1,
    of(() => NamespaceOption),
  ),
  runAsUser: one(3, int64Value),
  runAsGroup: one(8, int64Value),
  readonlyRootfs: one(4, 'bool'),
  supplementalGroups: many(5, 'int'),
  privileged: one(6, 'bool'),
  seccomp: one(9, securityProfile),
  apparmor: one(10, securityProfile),
  supplementalGroupsPolicy: one(11, policies),
};
const HugepageLimit: Message = { pageSize: one(1, 'string'), limit: one(2, 'int') };
const LinuxContainerResources: Message = {
  cpuPeriod: one(1, 'int'),
  cpuQuota: one(2, 'int'),
  cpuShares: one(3, 'int'),
  memoryLimitInBytes: one(4, 'int'),
  oomScoreAdj: one(5, 'int'),
  cpusetCpus: one(6, 'string'),
  cpusetMems: one(7, 'string'),
  hugepageLimits: many(
    8,
    of(() => HugepageLimit),
  ),
  unified: map(9),
  memorySwapLimitInBytes: one(10, 'int'),
};
const resources = of(() => LinuxContainerResources);
const LinuxPodSandboxConfig: Message = {
  cgroupParent: one(1, 'string'),
  securityContext: one(
    2,
    of(() => LinuxSandboxSecurityContext),
  ),
  sysctls: map(3),
  overhead: one(4, resources),
  resources: one(5, resources),
};
const PodSandboxMetadata: Message = {
  name: one(1, 'string'),
  uid: one(2, 'string'),
  namespace: one(3, 'string'),
  attempt: one(4, 'int'),
};
const sandboxMetadata = of(() => PodSandboxMetadata);
const PodSandboxConfig: Message = {
  metadata: one(1, sandboxMetadata),
  hostname: one(2, 'string'),
  logDirectory: one(3, 'string'),
  dnsConfig: one(
    4,
    of(() => DnsConfig),
  ),
  portMappings: many(
    5,
    of(() => PortMapping),
  ),
  labels: map(6),
  annotations: map(7),
  linux: one(
    8,
    of(() => LinuxPodSandboxConfig),
  ),
};
const sandboxConfig = of(() => PodSandboxConfig);

export const RunPodSandboxRequest: Message = {
  config: one(1, sandboxConfig),
  runtimeHandler: one(2, 'string'),
};
export const PodSandboxId: Message = { podSandboxId: one(1, 'string') };
export const PodSandboxStatusRequest: Message = {
  podSandboxId: one(1, 'string'),
  verbose: one(2, 'bool'),
};
const PodIp: Message = { ip: one(1, 'string') };
const PodSandboxNetworkStatus: Message = {
  ip: one(1, 'string'),
  additionalIps: many(
    2,
    of(() => PodIp),
  ),
};
const Namespaces: Message = {
  options: one(
    2,
    of(() => NamespaceOption),
  ),
};
const LinuxPodSandboxStatus: Message = {
  namespaces: one(
    1,
    of(() => Namespaces),
  ),
};
const PodSandboxStatus: Message = {
  id: one(1, 'string'),
  metadata: one(2, sandboxMetadata),
  state: one(3, sandboxStates),
  createdAt: one(4, 'nanos'),
  network: one(
    5,
    of(() => PodSandboxNetworkStatus),
  ),
  linux: one(
    6,
    of(() => LinuxPodSandboxStatus),
  ),
  labels: map(7),
  annotations: map(8),
  runtimeHandler: one(9, 'string'),
};
export const PodSandboxStatusResponse: Message = {
  status: one(
    1,
    of(() => PodSandboxStatus),
  ),
  info: map(2),
  containersStatuses: many(
    3,
    of(() => ContainerStatus),
  ),
  timestamp: one(4, 'nanos'),
};
const SandboxStateValue: Message = { state: one(1, sandboxStates) };
const PodSandboxFilter: Message = {
  id: one(1, 'string'),
  state: one(
    2,
    of(() => SandboxStateValue),
  ),
  labelSelector: map(3),
};
export const ListPodSandboxRequest: Message = {
  filter: one(
    1,
    of(() => PodSandboxFilter),
  ),
};
const PodSandbox: Message = {
  id: one(1, 'string'),
  metadata: one(2, sandboxMetadata),
  state: one(3, sandboxStates),
  createdAt: one(4, 'nanos'),
  labels: map(5),
  annotations: map(6),
  runtimeHandler: one(7, 'string'),
};
export const ListPodSandboxResponse: Message = {
  items: many(
    1,
    of(() => PodSandbox),
  ),
};

const ImageSpec: Message = {
  image: one(1, 'string'),
  annotations: map(2),
  userSpecifiedImage: one(18, 'string'),
  runtimeHandler: one(19, 'string'),
  imageRef: one(20, 'string'),
};
const imageSpec = of(() => ImageSpec);
const KeyValue: Message = { key: one(1, 'string'), value: one(2, 'string') };
const Mount: Message = {
  containerPath: one(1, 'string'),
  hostPath: one(2, 'string'),
  readonly: one(3, 'bool'),
  selinuxRelabel: one(4, 'bool'),
  propagation: one(
    5,
    values('PROPAGATION_PRIVATE', 'PROPAGATION_HOST_TO_CONTAINER', 'PROPAGATION_BIDIRECTIONAL'),
  ),
  recursiveReadOnly: one(8, 'bool'),
  image: one(9, imageSpec),
  imageSubPath: one(10, 'string'),
};
const Device: Message = {
  containerPath: one(1, 'string'),
  hostPath: one(2, 'string'),
  permissions: one(3, 'string'),
};
const Capability: Message = {
  addCapabilities: many(1, 'string'),
  dropCapabilities: many(2, 'string'),
  addAmbientCapabilities: many(3, 'string'),
};
const LinuxContainerSecurityContext: Message = {
  capabilities: one(
    1,
    of(() => Capability),
  ),
  privileged: one(2, 'bool'),
  namespaceOptions: one(
    3,
    of(() => NamespaceOption),
  ),
  runAsUser: one(5, int64Value),
  runAsGroup: one(12, int64Value),
  runAsUsername: one(6, 'string'),
  readonlyRootfs: one(7, 'bool'),
  supplementalGroups: many(8, 'int'),
  supplementalGroupsPolicy: one(17, policies),
  noNewPrivs: one(11, 'bool'),
  maskedPaths: many(13, 'string'),
  readonlyPaths: many(14, 'string'),
  seccomp: one(15, securityProfile),
  apparmor: one(16, securityProfile),
};
const LinuxContainerConfig: Message = {
  resources: one(1, resources),
  securityContext: one(
    2,
    of(() => LinuxContainerSecurityContext),
  ),
};
const ContainerMetadata: Message = { name: one(1, 'string'), attempt: one(2, 'int') };
const containerMetadata = of(() => ContainerMetadata);
const ContainerConfig: Message = {
  metadata: one(1, containerMetadata),
  image: one(2, imageSpec),
  command: many(3, 'string'),
  args: many(4, 'string'),
  workingDir: one(5, 'string'),
  envs: many(
    6,
    of(() => KeyValue),
  ),
  mounts: many(
    7,
    of(() => Mount),
  ),
  devices: many(
    8,
    of(() => Device),
  ),
  labels: map(9),
  annotations: map(10),
  logPath: one(11, 'string'),
  stdin: one(12, 'bool'),
  stdinOnce: one(13, 'bool'),
  tty: one(14, 'bool'),
  linux: one(
    15,
    of(() => LinuxContainerConfig),
  ),
  stopSignal: one(18, signals),
};
export const CreateContainerRequest: Message = {
  podSandboxId: one(1, 'string'),
  config: one(
    2,
    of(() => ContainerConfig),
  ),
  sandboxConfig: one(3, sandboxConfig),
};
export const ContainerId: Message = { containerId: one(1, 'string') };
export const StopContainerRequest: Message = {
  containerId: one(1, 'string'),
  timeout: one(2, 'int'),
};
const ContainerStateValue: Message = { state: one(1, containerStates) };
const ContainerFilter: Message = {
  id: one(1, 'string'),
  state: one(
    2,
    of(() => ContainerStateValue),
  ),
  podSandboxId: one(3, 'string'),
  labelSelector: map(4),
};
export const ListContainersRequest: Message = {
  filter: one(
    1,
    of(() => ContainerFilter),
  ),
};
const Container: Message = {
  id: one(1, 'string'),
  podSandboxId: one(2, 'string'),
  metadata: one(3, containerMetadata),
  image: one(4, imageSpec),
  imageRef: one(5, 'string'),
  state: one(6, containerStates),
  createdAt: one(7, 'nanos'),
  labels: map(8),
  annotations: map(9),
  imageId: one(10, 'string'),
};
export const ListContainersResponse: Message = {
  containers: many(
    1,
    of(() => Container),
  ),
};
export const ContainerStatusRequest: Message = {
  containerId: one(1, 'string'),
  verbose: one(2, 'bool'),
};
const LinuxContainerUser: Message = {
  uid: one(1, 'int'),
  gid: one(2, 'int'),
  supplementalGroups: many(3, 'int'),
};
const ContainerUser: Message = {
  linux: one(
    1,
    of(() => LinuxContainerUser),
  ),
};
const ContainerResources: Message = { linux: one(1, resources) };
const ContainerStatus: Message = {
  id: one(1, 'string'),
  metadata: one(2, containerMetadata),
  state: one(3, containerStates),
  createdAt: one(4, 'nanos'),
  startedAt: one(5, 'nanos'),
  finishedAt: one(6, 'nanos'),
  exitCode: one(7, 'int'),
  image: one(8, imageSpec),
  imageRef: one(9, 'string'),
  reason: one(10, 'string'),
  message: one(11, 'string'),
  labels: map(12),
  annotations: map(13),
  mounts: many(
    14,
    of(() => Mount),
  ),
  logPath: one(15, 'string'),
  resources: one(
    16,
    of(() => ContainerResources),
  ),
  imageId: one(17, 'string'),
  user: one(
    18,
    of(() => ContainerUser),
  ),
  stopSignal: one(19, signals),
};
export const ContainerStatusResponse: Message = {
  status: one(
    1,
    of(() => ContainerStatus),
  ),
  info: map(2),
};
export const UpdateContainerResourcesRequest: Message = {
  containerId: one(1, 'string'),
  linux: one(2, resources),
  annotations: map(4),
};
export const ExecSyncRequest: Message = {
  containerId: one(1, 'string'),
  cmd: many(2, 'string'),
  timeout: one(3, 'int'),
};
export const ExecSyncResponse: Message = {
  stdout: one(1, 'bytes'),
  stderr: one(2, 'bytes'),
  exitCode: one(3, 'int'),
};
export const ExecRequest: Message = {
  containerId: one(1, 'string'),
  cmd: many(2, 'string'),
  tty: one(3, 'bool'),
  stdin: one(4, 'bool'),
  stdout: one(5, 'bool'),
  stderr: one(6, 'bool'),
};
export const AttachRequest: Message = {
  containerId: one(1, 'string'),
  stdin: one(2, 'bool'),
  tty: one(3, 'bool'),
  stdout: one(4, 'bool'),
  stderr: one(5, 'bool'),
};
export const PortForwardRequest: Message = { podSandboxId: one(1, 'string'), port: many(2, 'int') };
export const StreamingResponse: Message = { url: one(1, 'string') };
export const ContainerEventResponse: Message = {
  containerId: one(1, 'string'),
  containerEventType: one(
    2,
    values(
      'CONTAINER_CREATED_EVENT',
      'CONTAINER_STARTED_EVENT',
      'CONTAINER_STOPPED_EVENT',
      'CONTAINER_DELETED_EVENT',
    ),
  ),
  createdAt: one(3, 'nanos'),
  podSandboxStatus: one(
    4,
    of(() => PodSandboxStatus),
  ),
  containersStatuses: many(
    5,
    of(() => ContainerStatus),
  ),
};

const ImageFilter: Message = { image: one(1, imageSpec) };
export const ListImagesRequest: Message = {
  filter: one(
    1,
    of(() => ImageFilter),
  ),
};
const Image: Message = {
  id: one(1, 'string'),
  repoTags: many(2, 'string'),
  repoDigests: many(3, 'string'),
  size: one(4, 'int'),
  uid: one(5, int64Value),
  username: one(6, 'string'),
  spec: one(7, imageSpec),
  pinned: one(8, 'bool'),
};
export const ListImagesResponse: Message = {
  images: many(
    1,
    of(() => Image),
  ),
};
export const ImageStatusRequest: Message = { image: one(1, imageSpec), verbose: one(2, 'bool') };
export const ImageStatusResponse: Message = {
  image: one(
    1,
    of(() => Image),
  ),
  info: map(2),
};
const AuthConfig: Message = {
  username: one(1, 'string'),
  password: one(2, 'string'),
  auth: one(3, 'string'),
  serverAddress: one(4, 'string'),
  identityToken: one(5, 'string'),
  registryToken: one(6, 'string'),
};
export const PullImageRequest: Message = {
  image: one(1, imageSpec),
  auth: one(
    2,
    of(() => AuthConfig),
  ),
  sandboxConfig: one(3, sandboxConfig),
};
export const PullImageResponse: Message = { imageRef: one(1, 'string') };
export const RemoveImageRequest: Message = { image: one(1, imageSpec) };

const FilesystemIdentifier: Message = { mountpoint: one(1, 'string') };
const FilesystemUsage: Message = {
  timestamp: one(1, 'nanos'),
  fsId: one(
    2,
    of(() => FilesystemIdentifier),
  ),
  usedBytes: one(3, int64Value),
  inodesUsed: one(4, int64Value),
};
const filesystemUsage = of(() => FilesystemUsage);
export const ImageFsInfoResponse: Message = {
  imageFilesystems: many(1, filesystemUsage),
  containerFilesystems: many(2, filesystemUsage),
};
const CpuUsage: Message = {
  timestamp: one(1, 'nanos'),
  usageCoreNanoSeconds: one(2, int64Value),
  usageNanoCores: one(3, int64Value),
};
const MemoryUsage: Message = {
  timestamp: one(1, 'nanos'),
  workingSetBytes: one(2, int64Value),
  availableBytes: one(3, int64Value),
  usageBytes: one(4, int64Value),
  rssBytes: one(5, int64Value),
  pageFaults: one(6, int64Value),
  majorPageFaults: one(7, int64Value),
};
const SwapUsage: Message = {
  timestamp: one(1, 'nanos'),
  swapAvailableBytes: one(2, int64Value),
  swapUsageBytes: one(3, int64Value),
};
const ContainerAttributes: Message = {
  id: one(1, 'string'),
  metadata: one(2, containerMetadata),
  labels: map(3),
  annotations: map(4),
};
const ContainerStats: Message = {
  attributes: one(
    1,
    of(() => ContainerAttributes),
  ),
  cpu: one(
    2,
    of(() => CpuUsage),
  ),
  memory: one(
    3,
    of(() => MemoryUsage),
  ),
  writableLayer: one(4, filesystemUsage),
  swap: one(
    5,
    of(() => SwapUsage),
  ),
};
const containerStats = of(() => ContainerStats);
export const ContainerStatsResponse: Message = { stats: one(1, containerStats) };
const ContainerStatsFilter: Message = {
  id: one(1, 'string'),
  podSandboxId: one(2, 'string'),
  labelSelector: map(3),
};
export const ListContainerStatsRequest: Message = {
  filter: one(
    1,
    of(() => ContainerStatsFilter),
  ),
};
export const ListContainerStatsResponse: Message = { stats: many(1, containerStats) };
const NetworkInterfaceUsage: Message = {
  name: one(1, 'string'),
  rxBytes: one(2, int64Value),
  rxErrors: one(3, int64Value),
  txBytes: one(4, int64Value),
  txErrors: one(5, int64Value),
};
const NetworkUsage: Message = {
  timestamp: one(1, 'nanos'),
  defaultInterface: one(
    2,
    of(() => NetworkInterfaceUsage),
  ),
  interfaces: many(
    3,
    of(() => NetworkInterfaceUsage),
  ),
};
const ProcessUsage: Message = { timestamp: one(1, 'nanos'), processCount: one(2, int64Value) };
const LinuxPodSandboxStats: Message = {
  cpu: one(
    1,
    of(() => CpuUsage),
  ),
  memory: one(
    2,
    of(() => MemoryUsage),
  ),
  network: one(
    3,
    of(() => NetworkUsage),
  ),
  process: one(
    4,
    of(() => ProcessUsage),
  ),
  containers: many(5, containerStats),
};
const PodSandboxAttributes: Message = {
  id: one(1, 'string'),
  metadata: one(2, sandboxMetadata),
  labels: map(3),
  annotations: map(4),
};
const PodSandboxStats: Message = {
  attributes: one(
    1,
    of(() => PodSandboxAttributes),
  ),
  linux: one(
    2,
    of(() => LinuxPodSandboxStats),
  ),
};
export const PodSandboxStatsResponse: Message = {
  stats: one(
    1,
    of(() => PodSandboxStats),
  ),
};
const PodSandboxStatsFilter: Message = { id: one(1, 'string'), labelSelector: map(2) };
export const ListPodSandboxStatsRequest: Message = {
  filter: one(
    1,
    of(() => PodSandboxStatsFilter),
  ),
};
export const ListPodSandboxStatsResponse: Message = {
  stats: many(
    1,
    of(() => PodSandboxStats),
  ),
};

export const VersionRequest: Message = { version: one(1, 'string') };
export const VersionResponse: Message = {
  version: one(1, 'string'),
  runtimeName: one(2, 'string'),
  runtimeVersion: one(3, 'string'),
  runtimeApiVersion: one(4, 'string'),
};
const RuntimeCondition: Message = {
  type: one(1, 'string'),
  status: one(2, 'bool'),
  reason: one(3, 'string'),
  message: one(4, 'string'),
};
const RuntimeStatus: Message = {
  conditions: many(
    1,
    of(() => RuntimeCondition),
  ),
};
const HandlerFeatures: Message = {
  recursiveReadOnlyMounts: one(1, 'bool'),
  userNamespaces: one(2, 'bool'),
};
const RuntimeHandler: Message = {
  name: one(1, 'string'),
  features: one(
    2,
    of(() => HandlerFeatures),
  ),
};
const RuntimeFeatures: Message = { supplementalGroupsPolicy: one(1, 'bool') };
export const StatusRequest: Message = { verbose: one(1, 'bool') };
export const StatusResponse: Message = {
  status: one(
    1,
    of(() => RuntimeStatus),
  ),
  info: map(2),
  runtimeHandlers: many(
    3,
    of(() => RuntimeHandler),
  ),
  features: one(
    4,
    of(() => RuntimeFeatures),
  ),
};
const NetworkConfig: Message = { podCidr: one(1, 'string') };
const RuntimeConfig: Message = {
  networkConfig: one(
    1,
    of(() => NetworkConfig),
  ),
};
export const UpdateRuntimeConfigRequest: Message = {
  runtimeConfig: one(
    1,
    of(() => RuntimeConfig),
  ),
};
const LinuxRuntimeConfiguration: Message = { cgroupDriver: one(1, values('SYSTEMD', 'CGROUPFS')) };
export const RuntimeConfigResponse: Message = {
  linux: one(
    1,
    of(() => LinuxRuntimeConfiguration),
  ),
};
