/**
 * The public surface of the client: what other components and tests import as `#client`.
 *
 * What needs Node (kubeconfig files, TLS) is `#client/node`. To read the code, begin with
 * `work-queue.ts`.
 */

export { abortable } from './abortable.ts';
export { type BackoffShape, ExponentialBackoff, REFLECTOR_BACKOFF } from './backoff.ts';
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
export { type ElectionTiming, JITTER_FACTOR, newElectionTiming } from './election-timing.ts';
export { EventBroadcaster, type EventBroadcasterOptions } from './event-broadcaster.ts';
export { type Correlated, EventCorrelator } from './event-correlator.ts';
export {
  EventFactory,
  type EventOptions,
  type EventRecorder,
  type EventSource,
  type EventType,
  type EventWords,
  objectReference,
} from './event-recorder.ts';
export { Fifo } from './fifo.ts';
export {
  Indexer,
  type Indexers,
  type IndexFunction,
  type Lister,
  NAMESPACE_INDEX,
} from './indexer.ts';
export {
  DeletedFinalStateUnknown,
  type EventHandler,
  type HandlerOptions,
  type HandlerRegistration,
  MIN_RESYNC_PERIOD_MS,
  SharedInformer,
  type SharedInformerOptions,
} from './informer.ts';
export {
  type InformerFactory,
  type InformerFactoryOptions,
  newInformerFactory,
} from './informer-factory.ts';
export {
  type LeaderCallbacks,
  LeaderElector,
  type LeaderElectorOptions,
} from './leader-election.ts';
export {
  type LeaderElectionRecord,
  LeaseLock,
  type LeaseLockOptions,
  type VersionedRecord,
} from './lease-lock.ts';
export { LruCache } from './lru-cache.ts';
export { NotificationQueue } from './notification-queue.ts';
export {
  BucketRateLimiter,
  defaultRateLimiter,
  ItemExponentialFailureRateLimiter,
  MaxOfRateLimiter,
  type RateLimiter,
} from './rate-limiter.ts';
export {
  DEFAULT_PAGE_SIZE,
  MIN_WATCH_TIMEOUT_SECONDS,
  Reflector,
  type ReflectorOptions,
  type ReflectorStore,
  SHORTEST_WATCH_MS,
} from './reflector.ts';
export { InvalidRequestError, isConnectionReset, RequestTimeoutError } from './request-errors.ts';
export {
  DEFAULT_BURST,
  MAX_RETRIES,
  RESET_RETRY_SECONDS,
  type RequesterOptions,
} from './requester.ts';
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
export { newRestClient, type RestClient } from './rest-client.ts';
export { type Backoff, DEFAULT_RETRY, retryOnConflict } from './retry-on-conflict.ts';
export {
  type ClientCertificate,
  type InProcessCaller,
  inProcessTransport,
  type RequestHandler,
  type Transport,
} from './transport.ts';
export { WatchDecodeError, type WatchDecodeFault } from './watch-decode-error.ts';
export { type DecodeWatchOptions, decodeWatch, MAX_WATCH_LINE_BYTES } from './watch-decoder.ts';
export type {
  ListerWatcher,
  ListOptions,
  ObjectList,
  SelectionOptions,
  Watch,
  WatchEvent,
  WatchOptions,
} from './watch-event.ts';
export {
  isConnectionRefused,
  isServerBusyOrDown,
  isVersionTooLarge,
  isVersionTooOld,
} from './watch-failures.ts';
export { WorkQueue, type WorkQueueOptions } from './work-queue.ts';
