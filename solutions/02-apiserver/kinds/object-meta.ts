/**
 * Faults of `metadata`, for every kind the same but for its rule of names. Given.
 *
 * The registry's verbs ask before they ask the kind; what a kind says of the rest of an object is
 * in the files beside this one.
 *
 * @see k8s.io/apimachinery/pkg/api/validation/objectmeta.go (1.33)
 */

import {
  dnsLabelFaults,
  type FieldError,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
  fieldTooLong,
  qualifiedNameFaults,
} from '#apimachinery';
import type { ApiObject, Metadata } from '../api-object.ts';
import { invalid, validateImmutable, validateNonNegative } from './field-checks.ts';
import type { Kind } from './kind.ts';
import { validateLabels } from './label-selector.ts';

type OwnerReference = NonNullable<Metadata['ownerReferences']>[number];
type ManagedFields = NonNullable<Metadata['managedFields']>[number];

/** All annotations of an object together, keys and values. */
const MAX_ANNOTATIONS_BYTES = 256 * 1024;
const MAX_MANAGER_BYTES = 128;
const MAX_SUBRESOURCE_BYTES = 256;

const ORPHAN = 'orphan';
const FOREGROUND = 'foregroundDeletion';

/** Finalizers that need no domain in front. */
const STANDARD_FINALIZERS: readonly string[] = ['kubernetes', ORPHAN, FOREGROUND];

/** Where a finalizer without a domain must be one of the standard ones; elsewhere it only gets a warning. */
const STRICT_FINALIZER_GROUPS: ReadonlySet<string> = new Set([
  '',
  'apps',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'coordination.k8s.io',
  'discovery.k8s.io',
  'networking.k8s.io',
  'node.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'scheduling.k8s.io',
  'storage.k8s.io',
]);

/** What no update may change. */
const IMMUTABLE = [
  'name',
  'namespace',
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
] as const;

const encoder = new TextEncoder();
const bytesOf = (text: string) => encoder.encode(text).length;

/**
 * Faults of a new object's metadata; names have been generated already.
 *
 * @param kind - says what is wrong with a name, and whether there is a namespace
 */
export function validateObjectMeta(
  { metadata }: ApiObject,
  kind: Pick<Kind, 'group' | 'namespaced' | 'nameFaults'>,
): FieldError[] {
  return [
    ...validateNames(metadata, kind),
    ...validateNamespace(metadata.namespace ?? '', kind.namespaced),
    ...validateNonNegative(metadata.generation, 'metadata.generation'),
    ...validateLabels(metadata.labels, 'metadata.labels'),
    ...validateAnnotations(metadata.annotations, 'metadata.annotations'),
    ...validateOwnerReferences(metadata.ownerReferences ?? [], 'metadata.ownerReferences'),
    ...validateFinalizers(metadata.finalizers ?? [], 'metadata.finalizers'),
    ...validateManagedFields(metadata.managedFields ?? [], 'metadata.managedFields'),
    ...validateStandardFinalizers(metadata.finalizers ?? [], kind.group),
  ];
}

/**
 * Faults of a change of metadata. That a version was given is the registry's check.
 *
 * @param object - with what only the server sets filled in already
 */
export function validateObjectMetaUpdate(object: ApiObject, old: ApiObject): FieldError[] {
  const { metadata } = object;
  return [
    ...(old.metadata.deletionTimestamp ? validateNoNewFinalizers(metadata, old.metadata) : []),
    ...validateGeneration(metadata, old.metadata),
    ...IMMUTABLE.flatMap((field) =>
      validateImmutable(metadata[field], old.metadata[field], `metadata.${field}`),
    ),
    ...validateLabels(metadata.labels, 'metadata.labels'),
    ...validateAnnotations(metadata.annotations, 'metadata.annotations'),
    ...validateOwnerReferences(metadata.ownerReferences ?? [], 'metadata.ownerReferences'),
    ...validateManagedFields(metadata.managedFields ?? [], 'metadata.managedFields'),
    ...validateStandardFinalizers(metadata.finalizers ?? [], groupOf(object)),
  ];
}

function groupOf({ apiVersion }: ApiObject): string {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
}

function validateNames(
  { name, generateName }: Metadata,
  { nameFaults }: Pick<Kind, 'nameFaults'>,
): FieldError[] {
  const ofBase = generateName
    ? invalid('metadata.generateName', generateName, nameFaults(asIfCompleted(generateName)))
    : [];
  if (!name) return [...ofBase, fieldRequired('metadata.name', 'name or generateName is required')];
  return [...ofBase, ...invalid('metadata.name', name, nameFaults(name))];
}

/** The beginning of a name may end with a hyphen: something follows. */
function asIfCompleted(base: string): string {
  return base.length > 1 && base.endsWith('-') ? `${base.slice(0, -2)}a` : base;
}

function validateNamespace(namespace: string, isNamespaced: boolean): FieldError[] {
  const path = 'metadata.namespace';
  if (!isNamespaced) return namespace ? [fieldForbidden(path, 'not allowed on this type')] : [];
  if (!namespace) return [fieldRequired(path)];
  return invalid(path, namespace, dnsLabelFaults(namespace));
}

/** Faults of annotations: their keys, and all of them together may have 256 KiB. */
export function validateAnnotations(
  annotations: Readonly<Record<string, string>> | undefined,
  path: string,
): FieldError[] {
  const entries = Object.entries(annotations ?? {});
  // Upper case is fine in the domain of an annotation, unlike in that of a label.
  const faults = entries.flatMap(([key]) =>
    invalid(path, key, qualifiedNameFaults(key.toLowerCase())),
  );
  const bytes = entries.reduce((sum, [key, value]) => sum + bytesOf(key) + bytesOf(value), 0);
  return bytes > MAX_ANNOTATIONS_BYTES
    ? [...faults, fieldTooLong(path, MAX_ANNOTATIONS_BYTES)]
    : faults;
}

function validateOwnerReferences(references: readonly OwnerReference[], path: string) {
  const faults: FieldError[] = [];
  let first: string | undefined;
  for (const reference of references) {
    faults.push(...validateOwnerReference(reference, path));
    if (!reference.controller) continue;
    const name = `${reference.kind}/${reference.name}`;
    if (first === undefined) first = name;
    else {
      const why = `Only one reference can have Controller set to true. Found "true" in references for ${first} and ${name}`;
      faults.push(fieldInvalid(path, references, why));
    }
  }
  return faults;
}

function validateOwnerReference(reference: OwnerReference, path: string): FieldError[] {
  const { apiVersion = '', kind = '', name = '', uid = '' } = reference;
  const version = apiVersion.slice(apiVersion.indexOf('/') + 1);
  const faults: FieldError[] = [];
  if (!version) {
    faults.push(fieldInvalid(`${path}.apiVersion`, apiVersion, 'version must not be empty'));
  }
  if (!kind) faults.push(fieldInvalid(`${path}.kind`, kind, 'kind must not be empty'));
  if (!name) faults.push(fieldInvalid(`${path}.name`, name, 'name must not be empty'));
  if (!uid) faults.push(fieldInvalid(`${path}.uid`, uid, 'uid must not be empty'));
  // Events come and go: what they owned would go with them.
  if (apiVersion === 'v1' && kind === 'Event') {
    faults.push(fieldInvalid(path, reference, '/v1, Kind=Event is disallowed from being an owner'));
  }
  return faults;
}

function validateFinalizers(finalizers: readonly string[], path: string): FieldError[] {
  const faults = finalizers.flatMap((name) => invalid(path, name, qualifiedNameFaults(name)));
  if (finalizers.includes(ORPHAN) && finalizers.includes(FOREGROUND)) {
    const why = `finalizer ${ORPHAN} and ${FOREGROUND} cannot be both set`;
    faults.push(fieldInvalid(path, finalizers, why));
  }
  return faults;
}

function validateStandardFinalizers(finalizers: readonly string[], group: string): FieldError[] {
  if (!STRICT_FINALIZER_GROUPS.has(group)) return [];
  return finalizers.flatMap((name, i) =>
    validateStandardFinalizer(name, `metadata.finalizers[${i}]`),
  );
}

/** A finalizer without a domain must be one that Kubernetes knows. */
export function validateStandardFinalizer(name: string, path: string): FieldError[] {
  if (name.includes('/') || STANDARD_FINALIZERS.includes(name)) return [];
  const why = 'name is neither a standard finalizer name nor is it fully qualified';
  return [fieldInvalid(path, name, why)];
}

function validateNoNewFinalizers(
  { finalizers = [] }: Metadata,
  { finalizers: before = [] }: Metadata,
): FieldError[] {
  const extra = finalizers.filter((name) => !before.includes(name)).sort();
  if (extra.length === 0) return [];
  const list = extra.map((name) => JSON.stringify(name)).join(', ');
  const why = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`;
  return [fieldForbidden('metadata.finalizers', why)];
}

function validateGeneration(metadata: Metadata, old: Metadata): FieldError[] {
  if ((metadata.generation ?? 0) >= (old.generation ?? 0)) return [];
  return [fieldInvalid('metadata.generation', metadata.generation ?? 0, 'must not be decremented')];
}

function validateManagedFields(entries: readonly ManagedFields[], path: string): FieldError[] {
  return entries.flatMap(({ operation, fieldsType, manager = '', subresource = '' }, i) => {
    const at = `${path}[${i}]`;
    const faults: FieldError[] = [];
    if (operation !== 'Apply' && operation !== 'Update') {
      const why = 'must be `Apply` or `Update`';
      faults.push(fieldInvalid(`${at}.operation`, operation ?? '', why));
    }
    if (fieldsType && fieldsType !== 'FieldsV1') {
      faults.push(fieldInvalid(`${at}.fieldsType`, fieldsType, 'must be `FieldsV1`'));
    }
    faults.push(...validateFieldManager(manager, `${at}.manager`));
    if (bytesOf(subresource) > MAX_SUBRESOURCE_BYTES) {
      faults.push(fieldTooLong(`${at}.subresource`, MAX_SUBRESOURCE_BYTES));
    }
    return faults;
  });
}

/** Faults of the name of who manages fields: at most 128 bytes, all of them printable. */
export function validateFieldManager(manager: string, path: string): FieldError[] {
  if (manager.length <= MAX_MANAGER_BYTES && /^[ -~]*$/.test(manager)) return [];
  const faults: FieldError[] = [];
  if (bytesOf(manager) > MAX_MANAGER_BYTES) faults.push(fieldTooLong(path, MAX_MANAGER_BYTES));
  let position = 0;
  for (const character of manager) {
    if (!isPrintable(character)) {
      const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
      const why = `invalid character U+${code} (at position ${position})`;
      faults.push(fieldInvalid(path, manager, why));
    }
    position += bytesOf(character);
  }
  return faults;
}

function isPrintable(character: string): boolean {
  return character === ' ' || /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(character);
}
