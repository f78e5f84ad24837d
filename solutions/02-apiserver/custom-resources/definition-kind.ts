/**
 * CustomResourceDefinitions themselves, as a kind like any other. Given.
 *
 * What is wrong with a spec is in `definition-spec.ts`; what becomes of a definition that was
 * written in `controller.ts`.
 *
 * @see k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1/defaults.go,
 * pkg/registry/customresourcedefinition/{strategy,etcd}.go (1.33)
 */

import { addFinalizer, type FieldError, fieldInvalid, setCondition } from '#apimachinery';
import type { ApiObject } from '../api-object.ts';
import { defineKind } from '../kinds/define-kind.ts';
import { validateImmutable } from '../kinds/field-checks.ts';
import type { Kind } from '../kinds/kind.ts';
import { setWebhookClientDefaults } from '../kinds/webhook-client.ts';
import { validateApproval } from './api-approval.ts';
import type { CelCompiler } from './cel-compiler.ts';
import {
  CLEANUP_FINALIZER,
  type CustomResourceDefinition,
  type DefinitionStatus,
  isEstablished,
} from './definition.ts';
import { validateNames } from './definition-names.ts';
import { validateDefinitionSpec } from './definition-spec.ts';

/**
 * The kind CustomResourceDefinition.
 *
 * @param cel - for the rules in schemas; without one, definitions that have rules are refused
 */
export function newDefinitionKind(cel?: CelCompiler): Kind {
  return defineKind({
    group: 'apiextensions.k8s.io',
    version: 'v1',
    kind: 'CustomResourceDefinition',
    resource: 'customresourcedefinitions',
    shortNames: ['crd', 'crds'],
    categories: ['api-extensions'],
    namespaced: false,
    storagePrefix: 'apiextensions.k8s.io/customresourcedefinitions',
    hasGeneration: true,
    subresources: { status: true },
    allowUnconditionalUpdate: false,
    setDefaults,
    prepareForCreate,
    prepareForUpdate: (object) => {
      const { status, spec } = object as CustomResourceDefinition;
      if (status) status.storedVersions = storedVersions(spec, status.storedVersions);
    },
    prepareForDelete,
    validate: (object) => validate(object as CustomResourceDefinition, cel),
    validateUpdate: (object, old) =>
      validateUpdate(object as CustomResourceDefinition, old as CustomResourceDefinition, cel),
    validateStatusUpdate: (object) => {
      const { status } = object as CustomResourceDefinition;
      return validateNames(status?.acceptedNames ?? {}, 'status.acceptedNames');
    },
  });
}

/** The kind for a server without CEL; `newDefinitionKind` makes one with. */
export const customResourceDefinitionKind: Kind = newDefinitionKind();

type Spec = Partial<CustomResourceDefinition['spec']>;

function setDefaults(object: ApiObject): void {
  object.spec ??= {};
  const spec = object.spec as Spec;
  const { names } = spec;
  if (names?.kind) {
    names.singular ||= names.kind.toLowerCase();
    names.listKind ||= `${names.kind}List`;
  }
  spec.conversion ??= { strategy: 'None' };
  setWebhookClientDefaults(spec.conversion.webhook?.clientConfig);
}

function prepareForCreate(object: ApiObject): void {
  const status: DefinitionStatus = {
    acceptedNames: { plural: '', kind: '' },
    conditions: [],
    storedVersions: storedVersions(object.spec as Spec, []),
  };
  object.status = status;
}

/** The storage version is among those in which something may be stored. */
function storedVersions({ versions = [] }: Spec, before: readonly string[] = []): string[] {
  const storage = versions.find((version) => version.storage)?.name;
  return storage === undefined || before.includes(storage) ? [...before] : [...before, storage];
}

/** It stays until its objects are gone. */
function prepareForDelete(object: ApiObject): void {
  addFinalizer(object, CLEANUP_FINALIZER);
  const status = (object.status ?? {}) as Partial<DefinitionStatus>;
  object.status = status;
  status.conditions ??= [];
  const now = Date.parse(object.metadata.deletionTimestamp ?? '');
  const condition = {
    type: 'Terminating',
    status: 'True',
    reason: 'InstanceDeletionPending',
    message:
      'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
  };
  setCondition(status.conditions, condition, { now: () => now });
}

function validate(
  definition: CustomResourceDefinition,
  cel: CelCompiler | undefined,
): FieldError[] {
  return [
    ...validateName(definition),
    ...validateDefinitionSpec(definition.spec, cel),
    ...validateStoredVersions(definition),
    ...validateApproval(definition),
    ...validatePreserving(definition),
  ];
}

function validateUpdate(
  definition: CustomResourceDefinition,
  old: CustomResourceDefinition,
  cel: CelCompiler | undefined,
): FieldError[] {
  const { spec, status } = definition;
  const faults = validateDefinitionSpec(spec, cel);
  if (isEstablished(old)) {
    faults.push(
      ...validateImmutable(spec.scope, old.spec.scope, 'spec.scope'),
      ...validateImmutable(spec.names?.kind, old.spec.names.kind, 'spec.names.kind'),
    );
  }
  return [
    ...faults,
    ...validateImmutable(spec.group, old.spec.group, 'spec.group'),
    ...validateImmutable(spec.names?.plural, old.spec.names.plural, 'spec.names.plural'),
    ...validateNames(status?.acceptedNames ?? {}, 'status.acceptedNames'),
    ...validateStoredVersions(definition),
    ...validateApproval(definition, old),
    ...validatePreserving(definition),
  ];
}

function validateName({ metadata, spec }: CustomResourceDefinition): FieldError[] {
  const { name } = metadata;
  if (!name || name === `${spec.names?.plural ?? ''}.${spec.group ?? ''}`) return [];
  return [fieldInvalid('metadata.name', name, 'must be spec.names.plural+"."+spec.group')];
}

function validateStoredVersions({ spec, status }: CustomResourceDefinition): FieldError[] {
  const path = 'status.storedVersions';
  const stored = status?.storedVersions ?? [];
  if (stored.length === 0) {
    return [fieldInvalid(path, stored, 'must have at least one stored version')];
  }
  const names = (spec.versions ?? []).map(({ name }) => name);
  return stored.flatMap((name, i) => {
    if (names.includes(name)) return [];
    const why = `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`;
    return [fieldInvalid(`${path}[${i}]`, name, why)];
  });
}

function validatePreserving({ spec }: CustomResourceDefinition): FieldError[] {
  if (!spec.preserveUnknownFields) return [];
  const why =
    'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead';
  return [fieldInvalid('spec.preserveUnknownFields', true, why)];
}
