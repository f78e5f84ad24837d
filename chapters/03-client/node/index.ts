/** What of the client needs Node: what others import as `#client/node`. */

export {
  type CredentialOptions,
  type CredentialSource,
  type Credentials,
  impersonationHeaders,
  newCredentialSource,
  TOKEN_FILE_PERIOD_MS,
} from './credentials.ts';
export { type HttpTransport, newHttpTransport } from './http-transport.ts';
export { loadInClusterConfig, SERVICE_ACCOUNT_FOLDER } from './in-cluster.ts';
export { type KubeconfigOptions, kubeconfigPaths, loadKubeconfig } from './kubeconfig.ts';
export { KubeconfigError } from './kubeconfig-error.ts';
export { type OpenClient, type OpenClientOptions, openClient } from './open-client.ts';
export type {
  ExecConfig,
  ImpersonationConfig,
  RestConfig,
  UserConfig,
} from './rest-config.ts';
export { type LeaderOptions, runAsLeader } from './run-as-leader.ts';
