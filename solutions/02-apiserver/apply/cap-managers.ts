/** Keeps the number of managers small. Given. */

import { FieldSet } from './field-set.ts';
import { FieldManager, type FieldManagers, managerKey } from './managed-fields.ts';

/** The most updaters an object remembers by name. */
export const MAX_UPDATE_MANAGERS = 10;

/**
 * Puts the oldest updaters together under the name `ancient-changes`, by version, until few are left.
 *
 * @see k8s.io/apimachinery/pkg/util/managedfields/internal/capmanagers.go (1.33)
 */
export function capUpdateManagers(managers: FieldManagers): void {
  if (managers.size <= MAX_UPDATE_MANAGERS) return;
  const updaters = [...managers.entries()]
    .filter(([, { identity }]) => identity.operation === 'Update')
    .sort(
      ([keyA, a], [keyB, b]) => compareText(a.time ?? '', b.time ?? '') || compareText(keyA, keyB),
    );
  let count = updaters.length;
  const firstOfVersion = new Map<string, string>();
  for (const [key, updater] of updaters) {
    if (count <= MAX_UPDATE_MANAGERS) return;
    const first = firstOfVersion.get(updater.identity.apiVersion);
    if (first === undefined) firstOfVersion.set(updater.identity.apiVersion, key);
    else if (mergeAncient(managers, first, key)) count--;
  }
}

function mergeAncient(managers: FieldManagers, firstKey: string, key: string): boolean {
  const updater = managers.get(key) as FieldManager;
  const identity = { ...updater.identity, manager: 'ancient-changes', subresource: '' };
  const bucketKey = managerKey(identity);
  if (key === bucketKey) return false;
  const before = managers.get(bucketKey) ?? managers.get(firstKey);
  if (!managers.has(bucketKey)) managers.delete(firstKey);
  managers.delete(key);
  const fields = updater.fields.union(before?.fields ?? new FieldSet());
  managers.set(bucketKey, new FieldManager(identity, updater.time, fields));
  return true;
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
