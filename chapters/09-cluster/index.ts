/** What tests use of the cluster chapter: `#cluster`. */

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
  type Ensured,
  ensureCredentials,
  ensureObject,
  kubeconfigText,
  type Part,
  type PartsWorld,
  READY_POLL_MS,
  READY_TIMEOUT_MS,
  RENEW_BEFORE_MS,
  runParts,
} from './bootstrap/bootstrap.ts';
export type { ClusterShape, NodeShape } from './bootstrap/cluster-shape.ts';
export type { CertificateFacts, CertificateRequest, KeyPair, Pki } from './bootstrap/pki.ts';
export {
  type SystemObject,
  type SystemObjectsOptions,
  systemObjects,
} from './bootstrap/system-objects.ts';
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
export {
  type Attempt,
  ClusterNetwork,
  type Gateway,
  type NodeEnd,
  type NodeRules,
  type Routed,
} from './network/cluster-network.ts';
