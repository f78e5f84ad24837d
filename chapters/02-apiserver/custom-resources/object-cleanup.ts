/**
 * Deleting a definition's objects before it goes itself. Given; `controller.ts` calls.
 *
 * @see k8s.io/apiextensions-apiserver/pkg/controller/finalizer/crd_finalizer.go (1.33)
 */

import type { Condition } from '#apimachinery';
import type { Kind } from '../kinds/kind.ts';
import { deleteCollection } from '../registry/delete.ts';
import { list } from '../registry/list.ts';
import type { Registry } from '../registry/registry.ts';
import { type CustomResourceDefinition, storageVersionOf } from './definition.ts';
import { kindOf } from './kind-of.ts';
import { withoutRules } from './rules.ts';

const STAGES = {
  InstanceDeletionInProgress: ['True', 'CustomResource deletion is in progress'],
  InstanceDeletionCompleted: ['False', 'removed all instances'],
  NeverEstablished: ['False', 'resource was never established'],
} as const;

/** How far the deletion of a definition is. */
export function terminatingCondition(reason: keyof typeof STAGES): Condition {
  const [status, message] = STAGES[reason];
  return { type: 'Terminating', status, reason, message };
}

/**
 * Deletes all objects of a definition; those with finalizers are only marked.
 *
 * @returns are they all gone?
 */
export async function deleteObjectsOf(
  definition: CustomResourceDefinition,
  { objects }: { readonly objects: (kind: Kind) => Registry },
): Promise<boolean> {
  const { version } = storageVersionOf(definition);
  // Nothing is checked when objects are deleted.
  const registry = objects(kindOf(definition, version, withoutRules));
  await deleteCollection(registry, { namespace: '' }, {});
  const { items } = await list(registry, { namespace: '', limit: 1 });
  return items.length === 0;
}
