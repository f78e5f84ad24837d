/** Fields nobody owns. Given: the server sets them, or they say which object it is. */

import { FieldSet } from './field-set.ts';
import { fieldElement } from './path-element.ts';

/**
 * Never in `managedFields`.
 *
 * @see k8s.io/apimachinery/pkg/util/managedfields/internal/stripmeta.go (1.33)
 */
export const NEVER_TRACKED: FieldSet = FieldSet.of(
  ...[
    'apiVersion',
    'kind',
    'metadata',
    'metadata.name',
    'metadata.namespace',
    'metadata.creationTimestamp',
    'metadata.selfLink',
    'metadata.uid',
    'metadata.clusterName',
    'metadata.generation',
    'metadata.managedFields',
    'metadata.resourceVersion',
  ].map((path) => path.split('.').map(fieldElement)),
);
