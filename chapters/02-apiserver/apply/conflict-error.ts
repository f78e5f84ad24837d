/** What is answered to an apply that would take fields from others. Given. */

import { newApplyConflict, type StatusError } from '#apimachinery';
import type { FieldSet } from './field-set.ts';
import { type FieldManager, type ManagerIdentity, managerKey } from './managed-fields.ts';
import { pathText } from './path-element.ts';

/** Fields that somebody else owns and that are to get another value. */
export interface FieldConflict {
  /** Who owns them. */
  readonly manager: FieldManager;
  /** Those of its fields; not empty. */
  readonly fields: FieldSet;
}

/**
 * 409 Conflict, with a cause for each field of each manager.
 *
 * @remarks Managers in the order of `managerKey`, fields in the order of `FieldSet.paths`.
 *
 * ```text
 * Apply failed with 1 conflict: conflict with "kubectl-edit" using apps/v1: .spec.replicas
 *
 * Apply failed with 2 conflicts: conflicts with "hpa" with subresource "scale" using apps/v1:
 * - .spec.replicas
 * conflicts with "other-applier":
 * - .spec.paused
 * ```
 *
 * @see k8s.io/apimachinery/pkg/util/managedfields/internal/conflict.go (1.33)
 */
export function newFieldConflict(conflicts: readonly FieldConflict[]): StatusError {
  const all = conflicts
    .toSorted((a, b) => (managerKey(a.manager.identity) < managerKey(b.manager.identity) ? -1 : 1))
    .map(({ manager, fields }) => ({
      who: managerText(manager.identity),
      fields: [...fields.paths()].map(pathText),
    }));
  const causes = all.flatMap(({ who, fields }) =>
    fields.map((field) => ({
      reason: 'FieldManagerConflict',
      message: `conflict with ${who}`,
      field,
    })),
  );
  const [only] = causes;
  if (causes.length === 1 && only) {
    const message = `Apply failed with 1 conflict: ${only.message}: ${only.field}`;
    return newApplyConflict(causes, message);
  }
  const lines = all.flatMap(({ who, fields }) => [
    `conflicts with ${who}:`,
    ...fields.map((field) => `- ${field}`),
  ]);
  const message = `Apply failed with ${causes.length} conflicts: ${lines.join('\n')}`;
  return newApplyConflict(causes, message);
}

function managerText({ manager, operation, apiVersion, subresource }: ManagerIdentity): string {
  const at = subresource === '' ? '' : ` with subresource ${JSON.stringify(subresource)}`;
  const using = operation === 'Update' ? ` using ${apiVersion}` : '';
  return `${JSON.stringify(manager)}${at}${using}`;
}
