/**
 * What exercises and their tests use of the cluster chapter: `#cluster`.
 *
 * Nothing here may lead to a package or the platform, as exercises are graded without: the pod network,
 * the nodes and the DNS server are imported by their paths.
 */

export type { Deployment } from 'kubernetes-types/apps/v1.js';
export type { ConfigMap, Service } from 'kubernetes-types/core/v1.js';
export {
  ADMIN,
  CONTROLLER_MANAGER,
  type Identity,
  KUBE_PROXY,
  newInProcessClient,
  nodeIdentity,
  SCHEDULER,
} from './assembly/identity.ts';
export {
  type Credentials,
  type CredentialsWorld,
  certificatesFor,
  ENSURE_ATTEMPTS,
  type Ensured,
  ensureCredentials,
  ensureObject,
  type PartsWorld,
  RENEW_BEFORE_MS,
  runParts,
} from './bootstrap/bootstrap.ts';
export type { ClusterShape, NodeShape } from './bootstrap/cluster-shape.ts';
export type { SystemObject } from './bootstrap/join-objects.ts';
export { kubeconfigText } from './bootstrap/kubeconfig.ts';
export type { Part } from './bootstrap/part.ts';
export type { CertificateFacts, CertificateRequest, KeyPair, Pki } from './bootstrap/pki.ts';
export { type SystemObjectsOptions, systemObjects } from './bootstrap/system-objects.ts';
export { READY_POLL_MS, READY_TIMEOUT_MS } from './bootstrap/until-ready.ts';
export { hostOf } from './dns/answers.ts';
export { answerQuestion, DNS_VERSION, MAX_ALIASES } from './dns/dns.ts';
export type {
  DnsAnswer,
  DnsEndpoint,
  DnsPort,
  DnsQuestion,
  DnsRecord,
  DnsService,
  DnsView,
} from './dns/records.ts';
export { findViolations } from './invariants/find-violations.ts';
export {
  type Acknowledged,
  type Connected,
  type ContainerEnded,
  type ContainerStarted,
  type Deleted,
  type Entry,
  type History,
  type InvariantName,
  keyOfWrite,
  type Moment,
  type NodeCrashed,
  PATIENCE,
  type Patience,
  type PodId,
  type Put,
  type Restarted,
  uidOfWrite,
  type Violation,
} from './invariants/history.ts';
export {
  findBoundTwice,
  findLostWrites,
  findTooFewAvailable,
  findTwins,
  findUnreadyTraffic,
  findUnsettled,
  REPLICA_SET_CONTROLLER,
} from './invariants/invariants.ts';
export { Knowledge } from './invariants/knowledge.ts';
export { LastTimes } from './invariants/last-times.ts';
export { type KeptPromise, Promises, type Way } from './invariants/promises.ts';
export { isSignOfLife, unsettled } from './invariants/settled.ts';
export { CertificateRefusedError } from './node-join/certificate-waiting.ts';
export { DISCOVERY_RETRY_MS } from './node-join/cluster-info.ts';
export {
  DrainError,
  type DrainOptions,
  EVICTION_RETRY_MS,
  type NodeWorld,
} from './node-join/drain.ts';
export type { JoinConnection, JoinOptions, JoinPki, JoinWorld } from './node-join/join-world.ts';
export {
  drainNode,
  drainVerdict,
  joinNode,
  KUBELET_CONF,
  leaveCluster,
  readmitNode,
  setUnschedulable,
  WAITING_KEY,
} from './node-join/node-join.ts';
export { LOOK_AGAIN_MS } from './node-join/poll.ts';
export {
  DIRECTORY,
  WEBSITE_DEFINITION,
  WEBSITE_FINALIZER,
  WEBSITES,
  type Website,
  type WebsiteCondition,
  type WebsiteSpec,
  type WebsiteStatus,
  websiteUrl,
} from './your-turn/website.ts';
export { newWebsiteController } from './your-turn/website-controller.ts';
export {
  reconcileWebsite,
  type WebsiteWorld,
  websiteDeployment,
  websiteService,
  websiteStatus,
} from './your-turn/your-turn.ts';
