/**
 * Checks of a definition's spec: group, scope, names, versions and their schemas. Given.
 *
 * What all versions have in common (all of a definition with one version) the real server looks at
 * once, so faults of it are told under `spec.validation`, `spec.subresources` and the like.
 *
 * @see k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go,
 * pkg/apis/apiextensions/v1/conversion.go (1.33)
 */

import {
  dnsSubdomainFaults,
  type FieldError,
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
} from '#apimachinery';
import type { Json } from '../api-object.ts';
import { dns1035LabelFaults } from '../kinds/value-formats.ts';
import { equalJson } from '../patch/json-value.ts';
import type { CelCompiler } from './cel-compiler.ts';
import type { DefinitionSpec, DefinitionVersion } from './definition.ts';
import {
  validateColumn,
  validateDeprecation,
  validateNames,
  validateSelectableFields,
  validateSubresources,
} from './definition-names.ts';
import { validateRules } from './definition-rules.ts';
import type { JsonSchema } from './json-schema.ts';
import { validateDefaults } from './schema-default-faults.ts';
import { validateKeywords } from './schema-keywords.ts';
import { validateStructural } from './structural-schema.ts';

/**
 * Faults of a spec.
 *
 * @param cel - for its rules; without one rules are refused
 */
export function validateDefinitionSpec(
  spec: DefinitionSpec,
  cel: CelCompiler | undefined,
): FieldError[] {
  const { versions = [] } = spec;
  return [
    ...validateGroup(spec.group),
    ...validateScope(spec.scope),
    ...versions.flatMap(({ schema }, i) => {
      const path = `spec.versions[${i}].schema.openAPIV3Schema`;
      return schema?.openAPIV3Schema ? [] : [fieldRequired(path, 'schemas are required')];
    }),
    ...versions.flatMap((version, i) => validateVersion(spec, version, i, cel)),
    ...validateVersions(versions),
    ...validateRequiredNames(spec),
    ...validateNames(spec.names ?? {}, 'spec.names'),
    ...validateCommon(spec, cel),
    ...validateConversion(spec),
  ];
}

function validateGroup(group: string | undefined): FieldError[] {
  if (!group) return [fieldRequired('spec.group')];
  const faults = dnsSubdomainFaults(group);
  if (faults.length > 0) return [fieldInvalid('spec.group', group, faults.join(','))];
  if (group.includes('.')) return [];
  return [fieldInvalid('spec.group', group, 'should be a domain with at least one dot')];
}

function validateScope(scope: string | undefined): FieldError[] {
  if (!scope) return [fieldRequired('spec.scope')];
  const scopes = ['Cluster', 'Namespaced'];
  return scopes.includes(scope) ? [] : [fieldNotSupported('spec.scope', scope, scopes)];
}

function validateVersions(versions: readonly DefinitionVersion[]): FieldError[] {
  const faults: FieldError[] = [];
  const names = versions.map(({ name }) => name);
  if (new Set(names).size < names.length) {
    faults.push(fieldInvalid('spec.versions', versions, 'must contain unique version names'));
  }
  if (versions.filter(({ storage }) => storage).length !== 1) {
    const why = 'must have exactly one version marked as storage version';
    faults.push(fieldInvalid('spec.versions', versions, why));
  }
  return faults;
}

function validateRequiredNames({ names }: DefinitionSpec): FieldError[] {
  return (['plural', 'singular', 'kind', 'listKind'] as const)
    .filter((name) => !names?.[name])
    .map((name) => fieldRequired(`spec.names.${name}`));
}

/** Parts of a version that are looked at once when all versions have the same. */
const PARTS = ['schema', 'subresources', 'additionalPrinterColumns', 'selectableFields'] as const;
type Part = (typeof PARTS)[number];

function isCommon({ versions }: DefinitionSpec, part: Part): boolean {
  const [first] = versions;
  return versions.every((version) =>
    equalJson((version[part] ?? null) as Json, (first?.[part] ?? null) as Json),
  );
}

function hasStatus({ subresources }: DefinitionVersion): boolean {
  return subresources?.status !== undefined && subresources.status !== null;
}

/** Faults of what is a version's own. */
function validateVersion(
  spec: DefinitionSpec,
  version: DefinitionVersion,
  index: number,
  cel: CelCompiler | undefined,
): FieldError[] {
  const path = `spec.versions[${index}]`;
  const { name = '', schema, subresources, additionalPrinterColumns = [] } = version;
  const labelFaults = dns1035LabelFaults(name);
  const own = (part: Part, faults: () => FieldError[]) => (isCommon(spec, part) ? [] : faults());
  return [
    ...(labelFaults.length > 0 ? [fieldInvalid(`${path}.name`, name, labelFaults.join(','))] : []),
    ...validateDeprecation(version, path),
    ...own('schema', () =>
      validateSchema(schema?.openAPIV3Schema, `${path}.schema`, hasStatus(version), cel),
    ),
    ...own('subresources', () => validateSubresources(subresources, `${path}.subresources`)),
    ...own('additionalPrinterColumns', () =>
      additionalPrinterColumns.flatMap((column, i) =>
        validateColumn(column, `${path}.additionalPrinterColumns[${i}]`),
      ),
    ),
    ...own('selectableFields', () =>
      validateSelectableFields(
        version.selectableFields ?? [],
        schema?.openAPIV3Schema,
        `${path}.selectableFields`,
      ),
    ),
  ];
}

/** Faults of what all versions have in common. */
function validateCommon(spec: DefinitionSpec, cel: CelCompiler | undefined): FieldError[] {
  const [first] = spec.versions ?? [];
  if (!first) return [];
  const { schema, subresources, additionalPrinterColumns = [], selectableFields = [] } = first;
  const common = (part: Part, faults: () => FieldError[]) => (isCommon(spec, part) ? faults() : []);
  return [
    ...common('schema', () =>
      validateSchema(
        schema?.openAPIV3Schema,
        'spec.validation',
        spec.versions.some(hasStatus),
        cel,
      ),
    ),
    ...common('subresources', () => validateSubresources(subresources, 'spec.subresources')),
    ...common('additionalPrinterColumns', () =>
      additionalPrinterColumns.flatMap((column, i) =>
        validateColumn(column, `spec.additionalPrinterColumns[${i}]`),
      ),
    ),
    ...common('selectableFields', () =>
      validateSelectableFields(
        selectableFields,
        isCommon(spec, 'schema') ? schema?.openAPIV3Schema : undefined,
        'spec.selectableFields',
      ),
    ),
  ];
}

/** With a status subresource the schema of `status` is looked at alone: what the root says of it would be lost. */
const ALLOWED_AT_ROOT: Readonly<Record<string, string>> = {
  description: 'Description',
  type: 'Type',
  format: 'Format',
  title: 'Title',
  maximum: 'Maximum',
  exclusiveMaximum: 'ExclusiveMaximum',
  minimum: 'Minimum',
  exclusiveMinimum: 'ExclusiveMinimum',
  maxLength: 'MaxLength',
  minLength: 'MinLength',
  pattern: 'Pattern',
  maxItems: 'MaxItems',
  minItems: 'MinItems',
  uniqueItems: 'UniqueItems',
  multipleOf: 'MultipleOf',
  required: 'Required',
  items: 'Items',
  properties: 'Properties',
  externalDocs: 'ExternalDocs',
  example: 'Example',
  'x-kubernetes-preserve-unknown-fields': 'XPreserveUnknownFields',
  'x-kubernetes-validations': 'XValidations',
};

function validateSchema(
  schema: JsonSchema | undefined,
  path: string,
  isStatusEnabled: boolean,
  cel: CelCompiler | undefined,
): FieldError[] {
  if (!schema) return [];
  const at = `${path}.openAPIV3Schema`;
  const atRoot = isStatusEnabled ? validateRootKeywords(schema, at) : [];
  if (schema.nullable) {
    atRoot.push(fieldForbidden(`${at}.nullable`, 'nullable cannot be true at the root'));
  }
  const keywords = validateKeywords(schema, at);
  const structure = validateStructural(schema, at);
  // A later check counts on what the ones before it made sure of.
  const defaults = structure.length > 0 || keywords.length > 0 ? [] : validateDefaults(schema, at);
  const faults = [...atRoot, ...structure, ...defaults, ...keywords];
  return faults.length > 0 ? faults : validateRules(schema, at, cel);
}

function validateRootKeywords(schema: JsonSchema, path: string): FieldError[] {
  if (schema.type !== undefined && schema.type !== 'object') {
    const why =
      'only "object" is allowed as the type at the root of the schema if the status subresource is enabled';
    return [fieldInvalid(`${path}.type`, schema.type, why)];
  }
  const isSet = (value: unknown) => value !== undefined && value !== null && value !== false;
  const odd = Object.entries(schema).some(([name, v]) => isSet(v) && !(name in ALLOWED_AT_ROOT));
  if (!odd) return [];
  const list = Object.values(ALLOWED_AT_ROOT).join(' ');
  const why = `only [${list}] fields are allowed at the root of the schema if the status subresource is enabled`;
  return [fieldInvalid(path, schema, why)];
}

function validateConversion({ conversion }: DefinitionSpec): FieldError[] {
  const { strategy, webhook } = conversion ?? {};
  if (!strategy) return [fieldRequired('spec.conversion.strategy')];
  if (strategy === 'Webhook') {
    const why = 'this server does not convert by webhooks: use None';
    return [fieldForbidden('spec.conversion.strategy', why)];
  }
  if (strategy !== 'None') {
    return [fieldNotSupported('spec.conversion.strategy', strategy, ['None', 'Webhook'])];
  }
  const why = 'should not be set when strategy is not set to Webhook';
  const faults: FieldError[] = [];
  if (webhook?.clientConfig) {
    faults.push(fieldForbidden('spec.conversion.webhookClientConfig', why));
  }
  if (webhook?.conversionReviewVersions?.length) {
    faults.push(fieldForbidden('spec.conversion.conversionReviewVersions', why));
  }
  return faults;
}
