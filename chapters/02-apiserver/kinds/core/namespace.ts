/**
 * Namespaces as a kind: what divides a cluster. Given.
 *
 * One that is deleted waits until its `spec.finalizers` are gone: the controller that empties it
 * takes them away, through `/finalize`.
 *
 * @see pkg/registry/core/namespace/strategy.go, pkg/apis/core/validation/validation.go (1.33)
 */

import type { NamespaceSpec, NamespaceStatus } from 'kubernetes-types/core/v1.js';
import { deepCopy, dnsLabelFaults, type FieldError, fieldInvalid } from '#apimachinery';
import type { ApiObject } from '../../api-object.ts';
import { defineKind, type KindDefinition } from '../define-kind.ts';
import { specOf, statusOf } from '../field-checks.ts';
import type { Kind } from '../kind.ts';
import { validateStandardFinalizer } from '../object-meta.ts';
import { validateQualifiedName } from './names.ts';

const KUBERNETES = 'kubernetes';
const NAME_LABEL = 'kubernetes.io/metadata.name';

const definition: KindDefinition = {
  group: '',
  version: 'v1',
  kind: 'Namespace',
  resource: 'namespaces',
  shortNames: ['ns'],
  namespaced: false,
  nameFaults: dnsLabelFaults,
  subresources: { status: true },
  verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  setDefaults,
  prepareForCreate(object) {
    const spec = specOf<NamespaceSpec>(object);
    const { finalizers = [] } = spec;
    if (!finalizers.includes(KUBERNETES)) spec.finalizers = [...finalizers, KUBERNETES];
    object.status = { phase: 'Active' };
  },
  prepareForUpdate: keepFinalizers,
  validate,
  validateUpdate: validate,
  validateStatusUpdate,
  isHeldBack: (object) => (specOf<NamespaceSpec>({ ...object }).finalizers ?? []).length > 0,
  prepareForDelete(object) {
    object.status = { ...statusOf(object), phase: 'Terminating' };
  },
};

/** Namespaces. */
export const namespaceKind: Kind = defineKind(definition);

/** Namespaces as `/finalize` writes them: its finalizers and nothing else. */
export const namespaceFinalizeKind: Kind = defineKind({
  ...definition,
  prepareForUpdate(object, old) {
    const { finalizers } = specOf<NamespaceSpec>({ ...object });
    const spec = deepCopy(specOf<NamespaceSpec>({ ...old }));
    object.spec = finalizers?.length ? { ...spec, finalizers } : withoutFinalizers(spec);
  },
  validateUpdate: (object) => validateFinalizers(object, (i) => `spec.finalizers[${i}]`),
});

function withoutFinalizers({ finalizers: _, ...spec }: NamespaceSpec): NamespaceSpec {
  return spec;
}

/** Every namespace can be selected by its name. */
function setDefaults({ metadata }: ApiObject): void {
  if (!metadata.name) return;
  metadata.labels = { ...metadata.labels, [NAME_LABEL]: metadata.name };
}

function keepFinalizers(object: ApiObject, old: ApiObject): void {
  const { finalizers } = specOf<NamespaceSpec>({ ...old });
  const spec = withoutFinalizers(specOf<NamespaceSpec>(object));
  object.spec = finalizers ? { ...spec, finalizers: [...finalizers] } : spec;
}

function validate(object: ApiObject): FieldError[] {
  return validateFinalizers(object, () => 'spec.finalizers');
}

function validateFinalizers(object: ApiObject, path: (index: number) => string): FieldError[] {
  const { finalizers = [] } = specOf<NamespaceSpec>({ ...object });
  return finalizers.flatMap((name, i) => [
    ...validateQualifiedName(name, path(i)),
    ...validateStandardFinalizer(name, path(i)),
  ]);
}

function validateStatusUpdate(object: ApiObject): FieldError[] {
  const { phase = '' } = statusOf<NamespaceStatus>(object);
  const isDeleted = object.metadata.deletionTimestamp !== undefined;
  const expected = isDeleted ? 'Terminating' : 'Active';
  if (phase === expected) return [];
  const state = isDeleted ? 'not empty' : 'empty';
  const why = `may only be '${expected}' if \`deletionTimestamp\` is ${state}`;
  return [fieldInvalid('status.Phase', phase, why)];
}
