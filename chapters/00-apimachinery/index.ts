/**
 * What every other component and every test may use of apimachinery, and nothing else.
 */

export { type Clock, sleepOn, type Timer } from './clock.ts';
export { type ConsoleLoggerOptions, consoleLogger, type LogLevel } from './console-logger.ts';
export { deepCopy } from './deep-copy.ts';
export { semanticallyEqual } from './equality.ts';
export { FakeClock, type FakeClockOptions } from './fake-clock.ts';
export {
  type FieldError,
  type FieldErrorType,
  fieldDuplicate,
  fieldErrorBody,
  fieldErrorText,
  fieldForbidden,
  fieldInvalid,
  fieldNotFound,
  fieldNotSupported,
  fieldRequired,
  fieldTooLong,
  fieldTooMany,
  fieldTypeInvalid,
} from './field-error.ts';
export { fieldsOf, fieldText, internalFieldLabel, unsupportedFieldLabel } from './field-labels.ts';
export { type FieldRequirement, FieldSelector, parseFieldSelector } from './field-selector.ts';
export { FileError, type FileErrorCode, type FileStat, type FileSystem } from './file-system.ts';
export {
  apiVersionOf,
  type GroupKind,
  type GroupResource,
  type GroupVersionKind,
  groupKindText,
  groupResourceText,
  groupVersionKindOf,
} from './group-version.ts';
export { type Token, type TokenKind, TokenReader, tokenizeLabelSelector } from './label-lexer.ts';
export { type LogFields, type Logger, silentLogger } from './logger.ts';
export { macrotaskTurn, type Turn } from './macrotask-turn.ts';
export { MemoryFileSystem, type MemoryFileSystemOptions } from './memory-file-system.ts';
export {
  addFinalizer,
  type Condition,
  controllerOf,
  findCondition,
  hasFinalizer,
  isConditionTrue,
  isControlledBy,
  keyOf,
  type NamespacedName,
  newControllerRef,
  parseKey,
  removeFinalizer,
  setCondition,
} from './metadata.ts';
export {
  dnsLabelFaults,
  dnsSubdomainFaults,
  labelValueFaults,
  qualifiedNameFaults,
} from './names.ts';
export { NodeFileSystem } from './node-file-system.ts';
export type {
  Affinity,
  Container,
  KubernetesObject,
  LabelSelector,
  Node,
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  ObjectMeta,
  OwnerReference,
  Pod,
  PodSpec,
  Status,
  StatusCause,
  StatusDetails,
  Taint,
  Toleration,
} from './objects.ts';
export {
  findUntoleratedTaint,
  isPodReady,
  matchesNodeSelector,
  matchesNodeSelectorTerm,
  matchesRequiredNodeAffinity,
  podRequests,
  type Resources,
  toleratesTaint,
} from './placement.ts';
export {
  DialError,
  type DialFailure,
  type NetworkProtocol,
  type PodNetwork,
} from './pod-network.ts';
export { Quantity } from './quantity.ts';
export {
  MAX_BINARY_AMOUNT,
  MAX_DECIMAL_EXPONENT,
  QUANTITY_SUFFIXES,
  QuantityError,
  type QuantityFormat,
  type QuantitySuffix,
} from './quantity-format.ts';
export { Random, seededRandom } from './random.ts';
export { RealClock } from './real-clock.ts';
export { realRandom } from './real-random.ts';
export {
  type LabelSet,
  parseInt64,
  type Requirement,
  type SelectorOperator,
  valuesFault,
} from './requirement.ts';
export {
  matchesRequirement,
  newRequirement,
  parseSelector,
  Selector,
  selectorFromObject,
} from './selector.ts';
export { SelectorError } from './selector-error.ts';
export { sha256 } from './sha256.ts';
export {
  fromStatus,
  newAlreadyExists,
  newBadRequest,
  newConflict,
  newExpired,
  newForbidden,
  newInternalError,
  newInvalid,
  newMethodNotAllowed,
  newNotFound,
  newServerTimeout,
  newTimeout,
  newTooManyRequests,
  newUnauthorized,
  reasonOf,
  retryAfterSeconds,
  StatusError,
  type StatusErrorInit,
  statusErrorIn,
} from './status-error.ts';
export {
  isAlreadyExists,
  isBadRequest,
  isConflict,
  isExpired,
  isForbidden,
  isGone,
  isInternalError,
  isInvalid,
  isMethodNotAllowed,
  isNotAcceptable,
  isNotFound,
  isRequestEntityTooLarge,
  isServerTimeout,
  isServiceUnavailable,
  isTimeout,
  isTooManyRequests,
  isUnauthorized,
  isUnsupportedMediaType,
  newApplyConflict,
  newGenerateNameConflict,
  newGone,
  newNotAcceptable,
  newRequestEntityTooLarge,
  newServiceUnavailable,
  newUnsupportedMediaType,
} from './status-error-kinds.ts';
export { reasonForCode, type StatusReason, UNKNOWN_REASON } from './status-reason.ts';
export { microTimestamp, timestamp } from './time.ts';
