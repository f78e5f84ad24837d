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
export {
  type Attempt,
  ClusterNetwork,
  type Gateway,
  type NodeEnd,
  type NodeRules,
  type Routed,
} from './network/cluster-network.ts';
