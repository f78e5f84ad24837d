/**
 * Checks of the small parts of a definition: names, columns, paths, deprecation. Given; the whole
 * is `definition-spec.ts`.
 *
 * @see k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go (1.33)
 */

import {
  type FieldError,
  fieldDuplicate,
  fieldInvalid,
  fieldRequired,
  fieldTooMany,
} from '#apimachinery';
import { dns1035LabelFaults } from '../kinds/value-formats.ts';
import type { ColumnDefinition, DefinitionNames, DefinitionVersion } from './definition.ts';
import { FieldPathError, schemaAtPath } from './field-paths.ts';
import type { JsonSchema } from './json-schema.ts';

/** Faults of names, wished for or accepted; those that are left out are fine. */
export function validateNames(names: Partial<DefinitionNames>, path: string): FieldError[] {
  const { plural, singular, kind, listKind, shortNames = [], categories = [] } = names;
  const faults = [
    ...validateLabel(plural, `${path}.plural`),
    ...validateLabel(singular, `${path}.singular`),
    ...validateKindName(kind, `${path}.kind`),
    ...validateKindName(listKind, `${path}.listKind`),
    ...shortNames.flatMap((name, i) => validateLabel(name, `${path}.shortNames[${i}]`, true)),
  ];
  if (kind && kind === listKind) {
    const why = 'kind and listKind may not be the same';
    faults.push(fieldInvalid(`${path}.listKind`, listKind, why));
  }
  return [
    ...faults,
    ...categories.flatMap((name, i) => validateLabel(name, `${path}.categories[${i}]`, true)),
  ];
}

function validateLabel(name: string | undefined, path: string, isNeeded = false): FieldError[] {
  if (!name && !isNeeded) return [];
  const faults = dns1035LabelFaults(name ?? '');
  return faults.length > 0 ? [fieldInvalid(path, name, faults.join(','))] : [];
}

function validateKindName(name: string | undefined, path: string): FieldError[] {
  const faults = name ? dns1035LabelFaults(name.toLowerCase()) : [];
  if (faults.length === 0) return [];
  const why = `may have mixed case, but should otherwise match: ${faults.join(',')}`;
  return [fieldInvalid(path, name, why)];
}

const COLUMN_TYPES = ['boolean', 'date', 'integer', 'number', 'string'];
const COLUMN_FORMATS = [
  'byte',
  'date',
  'date-time',
  'double',
  'float',
  'int32',
  'int64',
  'password',
];

/** Faults of a column that is printed. */
export function validateColumn(column: ColumnDefinition, path: string): FieldError[] {
  const { name, type, format, jsonPath } = column;
  const faults: FieldError[] = [];
  if (!name) faults.push(fieldRequired(`${path}.name`));
  const types = `must be one of ${COLUMN_TYPES.join(',')}`;
  if (!type) faults.push(fieldRequired(`${path}.type`, types));
  else if (!COLUMN_TYPES.includes(type)) faults.push(fieldInvalid(`${path}.type`, type, types));
  if (format && !COLUMN_FORMATS.includes(format)) {
    const formats = `must be one of ${COLUMN_FORMATS.join(',')}`;
    faults.push(fieldInvalid(`${path}.format`, format, formats));
  }
  if (!jsonPath) return [...faults, fieldRequired(`${path}.JSONPath`)];
  return [...faults, ...validateSimplePath(jsonPath, `${path}.JSONPath`)];
}

function validateSimplePath(jsonPath: string, path: string): FieldError[] {
  if (jsonPath.startsWith('.')) return [];
  return [fieldInvalid(path, jsonPath, 'must be a simple json path starting with .')];
}

type Subresources = NonNullable<DefinitionVersion['subresources']>;

/** Faults of the paths of `/scale`. */
export function validateSubresources(
  subresources: Subresources | undefined,
  path: string,
): FieldError[] {
  const { scale } = subresources ?? {};
  if (!scale) return [];
  const { specReplicasPath, statusReplicasPath, labelSelectorPath } = scale;
  const at = `${path}.scale`;
  const faults = [
    ...validateReplicasPath(specReplicasPath, '.spec', `${at}.specReplicasPath`),
    ...validateReplicasPath(statusReplicasPath, '.status', `${at}.statusReplicasPath`),
  ];
  if (!labelSelectorPath) return faults;
  const selectorPath = `${at}.labelSelectorPath`;
  const simple = validateSimplePath(labelSelectorPath, selectorPath);
  if (simple.length > 0 || /^\.(?:spec|status)\./.test(labelSelectorPath)) {
    return [...faults, ...simple];
  }
  const why = 'should be a json path under either .spec or .status';
  return [...faults, fieldInvalid(selectorPath, labelSelectorPath, why)];
}

function validateReplicasPath(value: string | undefined, root: string, path: string): FieldError[] {
  if (!value) return [fieldRequired(path)];
  const faults = validateSimplePath(value, path);
  if (faults.length > 0 || value.startsWith(`${root}.`)) return faults;
  return [fieldInvalid(path, value, `should be a json path under ${root}`)];
}

const MAX_SELECTABLE_FIELDS = 8;

/** Faults of the fields to select by: single values that the schema knows, eight at most. */
export function validateSelectableFields(
  fields: readonly { jsonPath: string }[],
  schema: JsonSchema | undefined,
  path: string,
): FieldError[] {
  if (fields.length === 0) return [];
  if (!schema) {
    return [
      fieldInvalid(
        path,
        '',
        'selectableFields may only be set when validations.schema is included',
      ),
    ];
  }
  const paths = fields.map(({ jsonPath }) => jsonPath);
  const faults = paths.flatMap((jsonPath, i) => {
    const at = `${path}[${i}].jsonPath`;
    if (!jsonPath) return [fieldRequired(at)];
    const repeated = paths.indexOf(jsonPath) < i ? [fieldDuplicate(at, jsonPath)] : [];
    return [...validateSelectable(jsonPath, schema, at), ...repeated];
  });
  const count = new Set(paths).size;
  if (count <= MAX_SELECTABLE_FIELDS) return faults;
  return [...faults, fieldTooMany(path, count, MAX_SELECTABLE_FIELDS)];
}

function validateSelectable(jsonPath: string, schema: JsonSchema, path: string): FieldError[] {
  try {
    const { type = '' } = schemaAtPath(schema, jsonPath, false);
    const faults: FieldError[] = [];
    if (/^\.metadata(?:\.|$)/.test(jsonPath)) {
      faults.push(fieldInvalid(path, jsonPath, 'must not point to fields in metadata'));
    }
    if (!['string', 'boolean', 'integer'].includes(type)) {
      const why =
        'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.';
      faults.push(fieldInvalid(path, jsonPath, why));
    }
    return faults;
  } catch (error) {
    if (!(error instanceof FieldPathError)) throw error;
    return [fieldInvalid(path, jsonPath, `is an invalid path: ${error.message}`)];
  }
}

const MAX_WARNING_LENGTH = 256;

/** Faults of the text that requests for a deprecated version are warned with. */
export function validateDeprecation(version: DefinitionVersion, path: string): FieldError[] {
  const { deprecated, deprecationWarning: text } = version;
  if (text === undefined) return [];
  const faults: string[] = [];
  if (!deprecated) faults.push('can only be set for deprecated versions');
  else {
    if (text.length > MAX_WARNING_LENGTH) faults.push('must be <= 256 characters long');
    if (text === '') faults.push('must not be an empty string');
    const odd = [...text].findIndex((c) => c !== ' ' && !/^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(c));
    if (odd >= 0) {
      const what = `non-printable character found at index ${odd}`;
      faults.push(`must only contain printable UTF-8 characters; ${what}`);
    }
  }
  return faults.map((fault) => fieldInvalid(`${path}.deprecationWarning`, text, fault));
}
