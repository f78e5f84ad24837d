/**
 * The public surface of the API server: what other components and tests import as `#apiserver`.
 *
 * The wire (HTTP, TLS, certificates, the program) is `#apiserver/wire`. To read the code, begin with
 * `chain.ts` and `registry/registry.ts` and follow the "next" of each file's head.
 */

export type {
  AdmissionOperation,
  AdmissionPlugin,
  AdmissionRequest,
} from './admission/admission.ts';
export { admit, validate } from './admission/admission-chain.ts';
export { type LimitRangerOptions, limitRanger } from './admission/limit-ranger.ts';
export {
  type NamespaceLifecycleOptions,
  namespaceLifecycle,
} from './admission/namespace-lifecycle.ts';
export { type QuotaEvaluator, quotaEvaluator } from './admission/quota-usage.ts';
export {
  type Charge,
  checkQuotas,
  type ResourceQuotaOptions,
  resourceQuota,
} from './admission/resource-quota.ts';
export { type ServiceAccountOptions, serviceAccount } from './admission/service-account.ts';
export type { ApiObject, Json } from './api-object.ts';
export { type ApplyOptions, applyPatch } from './apply/apply.ts';
export { FieldSet } from './apply/field-set.ts';
export { fieldsOf } from './apply/fields-of.ts';
export { fieldsToSet, setToFields } from './apply/fields-v1.ts';
export { managerFromUserAgent } from './apply/manager-name.ts';
export { mergeFields } from './apply/merge-fields.ts';
export { type Path, type PathElement, pathText } from './apply/path-element.ts';
export { withoutResetFields } from './apply/reset-fields.ts';
export { type TrackOptions, trackUpdate } from './apply/track-update.ts';
export {
  type AuthenticationOptions,
  bearerToken,
  bearerTokens,
  clientCertificates,
  equalInConstantTime,
  newAuthenticator,
  staticTokens,
} from './authentication/authentication.ts';
export type { Authenticator, Credentials } from './authentication/authenticator.ts';
export {
  decodeBase64Url,
  encodeBase64Url,
  type Jwt,
  parseJwt,
  type SignatureVerifier,
  type Signer,
  signJwt,
} from './authentication/jwt.ts';
export { reviewSelf, reviewToken } from './authentication/reviews.ts';
export {
  type ObjectUid,
  type ServiceAccountTokensOptions,
  serviceAccountTokens,
} from './authentication/service-account-authenticator.ts';
export {
  type KubernetesClaims,
  type ObjectClaim,
  readClaims,
  type ServiceAccountClaims,
} from './authentication/service-account-claims.ts';
export {
  serviceAccountGroups,
  serviceAccountOf,
  serviceAccountUsername,
} from './authentication/service-account-names.ts';
export { type IssueOptions, issueToken } from './authentication/service-account-tokens.ts';
export {
  type Authenticated,
  combineRefusals,
  isRefusal,
  type TokenAuthenticator,
} from './authentication/token-authenticator.ts';
export { cachedTokens } from './authentication/token-cache.ts';
export { parseTokenFile, type StaticToken } from './authentication/token-file.ts';
export {
  type Grant,
  type Grants,
  rbacAuthorizer,
  ruleAllows,
  rulesFor,
} from './authorization/authorization.ts';
export type {
  Attributes,
  Authorizer,
  Decision,
  NonResourceAttributes,
  ResourceAttributes,
} from './authorization/authorizer.ts';
export { BOOTSTRAP_POLICY, type Policy } from './authorization/bootstrap-policy.ts';
export {
  type Coverage,
  checkBindingWrite,
  checkRoleWrite,
  covers,
  type EscalationChecks,
  type RbacWrite,
} from './authorization/escalation.ts';
export { nodeAuthorizer, nodeNameOf, nodeRules } from './authorization/node-authorizer.ts';
export { type NodeGraph, type NodeObjects, nodeGraphOf } from './authorization/node-graph.ts';
export {
  type ClusterRole,
  type ClusterRoleBinding,
  type PolicyRule,
  type PolicySource,
  policyOf,
  type Role,
  type RoleBinding,
  rulesOf,
  type Subject,
} from './authorization/policy-source.ts';
export { privilegedGroup } from './authorization/privileged-group.ts';
export { reconcileBootstrapPolicy } from './authorization/reconcile-policy.ts';
export {
  reviewLocalAccess,
  reviewSelfAccess,
  reviewSelfRules,
  reviewSubjectAccess,
} from './authorization/reviews.ts';
export { aggregateClusterRoles, aggregatedRules } from './authorization/role-aggregation.ts';
export { type RuleResolver, rbacRules, unionRules } from './authorization/rule-resolver.ts';
export { escalationText } from './authorization/rule-text.ts';
export { unionAuthorizer } from './authorization/union-authorizer.ts';
export type { Connection, PeerCertificate } from './connection.ts';
export type { Answer, Context, Filter, Incoming } from './context.ts';
export {
  type CelCompiler,
  CelError,
  type CelProgram,
  type CelWanted,
} from './custom-resources/cel-compiler.ts';
export type {
  ColumnDefinition,
  CustomResourceDefinition,
  DefinitionNames,
  DefinitionSpec,
  DefinitionStatus,
  DefinitionVersion,
} from './custom-resources/definition.ts';
export { definitionConditions } from './custom-resources/definition-conditions.ts';
export type { JsonFields, JsonSchema, ValidationRule } from './custom-resources/json-schema.ts';
export { kindOf } from './custom-resources/kind-of.ts';
export { pruneUnknown } from './custom-resources/prune-unknown.ts';
export { setSchemaDefaults } from './custom-resources/schema-defaults.ts';
export { validateBySchema } from './custom-resources/validate-by-schema.ts';
export { newAuthentication } from './filters/authentication.ts';
export { attributesOf, forbidden, newAuthorization } from './filters/authorization.ts';
export { newImpersonation } from './filters/impersonation.ts';
export { builtInKinds } from './kinds/built-in-kinds.ts';
export type { Kind, Subresources } from './kinds/kind.ts';
export { applyJsonPatch, MAX_COPIED_LENGTH } from './patch/json-patch.ts';
export { MAX_JSON_PATCH_OPERATIONS } from './patch/json-patch-operation.ts';
export { applyMergePatch } from './patch/merge-patch.ts';
export { applyStrategicPatch } from './patch/strategic-patch.ts';
export {
  decodeContinueToken,
  encodeContinueToken,
  TOKEN_EXPIRED,
} from './registry/continue-token.ts';
export { type CreateOptions, create, type GetOptions, get } from './registry/create-get.ts';
export {
  type DeleteOptions,
  type Deletion,
  deleteCollection,
  deleteObject,
} from './registry/delete.ts';
export { type ListOptions, list, type ObjectList } from './registry/list.ts';
export { type Patch, patchObject } from './registry/patch.ts';
export type { Registry } from './registry/registry.ts';
export type { Selection } from './registry/selection.ts';
export {
  type Change,
  type Updated,
  type UpdateOptions,
  update,
} from './registry/update.ts';
export { type WatchEvent, type WatchOptions, watch } from './registry/watch.ts';
export { checkServed, type RequestInfo, requestInfo, type Served } from './request-info.ts';
export type {
  AnySchema,
  Field,
  ListSchema,
  MapSchema,
  ObjectSchema,
  ScalarFormat,
  ScalarSchema,
  Schema,
} from './schema/schema.ts';
export { newApiServer } from './server.ts';
export type { ApiServerOptions } from './server-options.ts';
export {
  type MemoryStorage,
  newEtcdStorage,
  openMemoryStorage,
} from './storage/open-storage.ts';
export type {
  ListQuery,
  Outcome,
  Storage,
  StorageEvent,
  StoredList,
  WatchQuery,
} from './storage/storage.ts';
export { Stored } from './storage/stored.ts';
export {
  BOOKMARK_INTERVAL_MS,
  Cacher,
  type CacherOptions,
  type CacherSource,
  FRESHNESS_TIMEOUT_MS,
  type SourceWatch,
} from './storage/watch-cache.ts';
export { type PodSummary, podSummary } from './tables/printers/pod.ts';
export { ANONYMOUS, UNSECURED, type User } from './user.ts';
export type { WebhookAnswer } from './webhooks/admission-review.ts';
export { type CallOptions, callWebhook } from './webhooks/call-webhook.ts';
export { ownForm, type RequestForm } from './webhooks/request-form.ts';
export {
  type KnownWebhook,
  type Webhook,
  type WebhookRule,
  webhooksOf,
} from './webhooks/webhook.ts';
export type { ServiceResolver, WebhookService } from './webhooks/webhook-address.ts';
export {
  type MutatingWebhookOptions,
  mutatingWebhooks,
  validatingWebhooks,
  type WebhookOptions,
} from './webhooks/webhook-admission.ts';
export type { WebhookClient, WebhookTarget } from './webhooks/webhook-client.ts';
export { type MatchingOptions, matchWebhook, ruleMatches } from './webhooks/webhook-matching.ts';
