/**
 * A CustomResourceDefinition: the types, and small questions about one. Given.
 *
 * What the server does with one: `definition-kind.ts` checks it, `kind-of.ts` makes kinds of it,
 * `controller.ts` has them served.
 *
 * @see k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1/types.go (1.33)
 */

import { type Condition, type GroupVersionKind, isConditionTrue } from '#apimachinery';
import type { ApiObject } from '../api-object.ts';
import type { WebhookClientConfig } from '../kinds/webhook-client.ts';
import type { JsonSchema } from './json-schema.ts';

export interface CustomResourceDefinition extends ApiObject {
  spec: DefinitionSpec;
  status?: DefinitionStatus;
}

export interface DefinitionSpec {
  group: string;
  scope: 'Cluster' | 'Namespaced';
  names: DefinitionNames;
  versions: DefinitionVersion[];
  conversion?: {
    strategy?: string;
    webhook?: { clientConfig?: WebhookClientConfig; conversionReviewVersions?: string[] };
  };
  preserveUnknownFields?: boolean;
}

export interface DefinitionNames {
  plural: string;
  kind: string;
  singular?: string;
  listKind?: string;
  shortNames?: string[];
  categories?: string[];
}

export interface DefinitionVersion {
  name: string;
  served: boolean;
  /** Is it the version that objects are stored in? Of exactly one it is true. */
  storage: boolean;
  deprecated?: boolean;
  deprecationWarning?: string;
  schema?: { openAPIV3Schema?: JsonSchema };
  subresources?: {
    status?: object;
    scale?: {
      specReplicasPath: string;
      statusReplicasPath: string;
      labelSelectorPath?: string;
    };
  };
  additionalPrinterColumns?: ColumnDefinition[];
  selectableFields?: { jsonPath: string }[];
}

export interface ColumnDefinition {
  name: string;
  type: string;
  jsonPath: string;
  description?: string;
  format?: string;
  priority?: number;
}

export interface DefinitionStatus {
  acceptedNames: DefinitionNames;
  conditions: Condition[];
  storedVersions: string[];
}

/** Keeps a definition that is being deleted until its objects are gone. */
export const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io';

/** Says of a group of Kubernetes' own whether it is approved: a URL, or `unapproved…`. */
export const APPROVED_ANNOTATION = 'api-approved.kubernetes.io';

/** May its objects be asked for? */
export function isEstablished({ status }: CustomResourceDefinition): boolean {
  return isConditionTrue(status?.conditions, 'Established');
}

/** Is it being deleted, with its objects? */
export function isTerminating({ metadata, status }: CustomResourceDefinition): boolean {
  return !!metadata.deletionTimestamp || isConditionTrue(status?.conditions, 'Terminating');
}

/**
 * The names its objects are served under: those that were accepted, which need not be those that
 * are wished for now.
 */
export function namesOf({ spec, status }: CustomResourceDefinition): DefinitionNames {
  return status?.acceptedNames?.plural ? status.acceptedNames : spec.names;
}

/** @throws Error when it has no such version */
export function versionOf({ metadata, spec }: CustomResourceDefinition, name: string) {
  const version = spec.versions.find((one) => one.name === name);
  if (version === undefined) throw new Error(`${metadata.name} has no version ${name}`);
  return version;
}

/** The version objects are stored in. */
export function storageVersionOf(definition: CustomResourceDefinition): GroupVersionKind {
  const { spec } = definition;
  const version = spec.versions.find((one) => one.storage)?.name ?? '';
  return { group: spec.group, version, kind: namesOf(definition).kind };
}
