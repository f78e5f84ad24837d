/**
 * The public surface of the client: what other components and tests import as `#client`.
 *
 * What needs Node (kubeconfig files, TLS) is `#client/node`. To read the code, begin with
 * `work-queue.ts`.
 */

export type {
  Client,
  DeleteOptions,
  GetOptions,
  PatchOptions,
  PatchType,
  RequestOptions,
  ResourceClient,
  WriteOptions,
} from './client.ts';
export { Fifo } from './fifo.ts';
export {
  BucketRateLimiter,
  defaultRateLimiter,
  ItemExponentialFailureRateLimiter,
  MaxOfRateLimiter,
  type RateLimiter,
} from './rate-limiter.ts';
export { groupResourceOf, type ResourceType, typeMetaOf } from './resource-type.ts';
export {
  CERTIFICATE_SIGNING_REQUESTS,
  CLUSTER_ROLE_BINDINGS,
  CLUSTER_ROLES,
  CONFIG_MAPS,
  CONTROLLER_REVISIONS,
  CORE_EVENTS,
  CRON_JOBS,
  CSI_NODES,
  CUSTOM_RESOURCE_DEFINITIONS,
  DAEMON_SETS,
  DEPLOYMENTS,
  ENDPOINT_SLICES,
  ENDPOINTS,
  EVENTS,
  HORIZONTAL_POD_AUTOSCALERS,
  INGRESSES,
  JOBS,
  LEASES,
  LIMIT_RANGES,
  NAMESPACES,
  NETWORK_POLICIES,
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  POD_DISRUPTION_BUDGETS,
  POD_TEMPLATES,
  PODS,
  PRIORITY_CLASSES,
  REPLICA_SETS,
  REPLICATION_CONTROLLERS,
  RESOURCE_QUOTAS,
  ROLE_BINDINGS,
  ROLES,
  RUNTIME_CLASSES,
  SECRETS,
  SERVICE_ACCOUNTS,
  SERVICES,
  STATEFUL_SETS,
  STORAGE_CLASSES,
  VOLUME_ATTACHMENTS,
} from './resource-types.ts';
export { inProcessTransport, type RequestHandler, type Transport } from './transport.ts';
export type {
  ListerWatcher,
  ListOptions,
  ObjectList,
  SelectionOptions,
  Watch,
  WatchEvent,
  WatchOptions,
} from './watch-event.ts';
export { WorkQueue, type WorkQueueOptions } from './work-queue.ts';
