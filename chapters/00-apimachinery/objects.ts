/**
 * The API's object types under one name. Given: they describe data, there is no code in them.
 *
 * They come from the package `kubernetes-types`; kinds not listed here are imported from there
 * (`kubernetes-types/apps/v1.js`).
 */

import type { ObjectMeta } from 'kubernetes-types/meta/v1.js';

export type {
  Affinity,
  Container,
  Node,
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  Pod,
  PodSpec,
  Taint,
  Toleration,
} from 'kubernetes-types/core/v1.js';
export type {
  LabelSelector,
  ObjectMeta,
  OwnerReference,
  Status,
  StatusCause,
  StatusDetails,
} from 'kubernetes-types/meta/v1.js';

/** Any API object: what all kinds have in common. */
export interface KubernetesObject {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
}
