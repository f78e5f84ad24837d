/**
 * From a definition to a `Kind`, with which the registry's verbs serve its objects like any others.
 * Given.
 *
 * What it calls for the work (`prune-unknown.ts`, `schema-defaults.ts`, `validate-by-schema.ts`) is
 * yours.
 */

import {
  apiVersionOf,
  deepCopy,
  dnsSubdomainFaults,
  type FieldError,
  fieldInvalid,
  semanticallyEqual,
} from '#apimachinery';
import type { ApiObject, Json } from '../api-object.ts';
import type { Kind, Subresources } from '../kinds/kind.ts';
import { type CelCompiler, CelError } from './cel-compiler.ts';
import {
  type CustomResourceDefinition,
  type DefinitionVersion,
  namesOf,
  storageVersionOf,
  versionOf,
} from './definition.ts';
import { deprecationWarningOf } from './deprecation.ts';
import { validateEmbedded } from './embedded-objects.ts';
import { finalizerWarnings } from './finalizer-warnings.ts';
import type { JsonSchema } from './json-schema.ts';
import { validateListTypes } from './list-types.ts';
import { pruneUnknown } from './prune-unknown.ts';
import { checkRules, compileRules, hasRules, type RuleTree } from './rules.ts';
import { validateScaleSpec, validateScaleStatus } from './scale-faults.ts';
import { setSchemaDefaults } from './schema-defaults.ts';
import { faultsOfField } from './schema-faults.ts';
import { toKindSchema } from './to-schema.ts';
import { validateBySchema } from './validate-by-schema.ts';

const NOT_CHECKED =
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';

/**
 * Makes the `Kind` of one version of a definition.
 *
 * @remarks *What it is called.* Group and scope are the definition's; plural (`resource`), kind,
 * `listKind`, singular, short names and categories are those of `namesOf(definition)` (lists left
 * out are empty); the version is the one asked for. `storagePrefix` is `group/plural`. Names are
 * DNS subdomains. `allowUnconditionalUpdate` is false.
 *
 * *Carried along* from the version, where it has them: its columns (`printerColumns`), its schema
 * (`openApiSchema`; and `schema`, by `toKindSchema`), `selectableFields` (paths without the first
 * dot), `deprecationWarning` (`deprecationWarningOf`). `warnings` are `finalizerWarnings`.
 * `subresources` are `status`, true when the version has it, and `scale`, its three paths without
 * their first dots; a selector's path is there only when the version has one.
 *
 * *Before a write.* `pruneUnknown` and `setDefaults` are the functions of the same work here
 * (`setDefaults` prunes first). Generations are counted. On create, a version with a status
 * subresource loses the object's `status`. Without that subresource, a status is content like
 * everything else: so when an update changes `status` and nothing else beside metadata,
 * `prepareForUpdate` makes the generation one more (all else the registry counts itself). An update
 * of the status changes nothing in metadata but `managedFields`: `prepareForStatusUpdate` puts
 * everything else back as it was.
 *
 * *Faults*, in this order:
 *
 * ```text
 *                   validate             validateUpdate        validateStatusUpdate
 * validateBySchema  the object           the same, with old    status, with the old one, by the schema of
 *                                                              properties.status (if there are both); told with faultsOfField
 * scale             spec and status      spec and status       status alone
 * validateEmbedded  the object           the object            -
 * validateListTypes the object           only when the old object has no such faults
 * rules             the object           the object and the old one
 * ```
 *
 * Rules are asked last (`checkRules`, on what `compileRules` made, once). They may count on the
 * schema: when there is already a fault of the types `FieldValueNotSupported`,
 * `FieldValueRequired`, `FieldValueTooLong`, `FieldValueTooMany` or `FieldValueTypeInvalid`, they
 * are not asked, and there is one more fault instead: Invalid, field `<nil>`, value null, with
 * {@link NOT_CHECKED}.
 *
 * *Versions.* Objects are stored in one version, and shown in all; nothing but `apiVersion`
 * differs. What is stored may be older than the definition is now. So `fromStorage` gives a copy
 * with this version's apiVersion, pruned and with defaults. A version in which nothing is stored
 * has `storageVersion` (`storageVersionOf`), too, and a `toStorage` that gives a copy with that
 * version's apiVersion.
 *
 * @param version - the name of one of its versions
 * @param cel - compiles rules
 * @throws Error when there is no such version (as `versionOf` does); CelError `rules in CEL cannot
 * be compiled here` when the schema has rules (`hasRules`) and `cel` is left out
 * @see k8s.io/apiextensions-apiserver/pkg/registry/customresource/strategy.go,
 * pkg/apiserver/conversion/nop_converter.go (1.33)
 */
export function kindOf(
  definition: CustomResourceDefinition,
  version: string,
  cel?: CelCompiler,
): Kind {
  const found = versionOf(definition, version);
  const {
    additionalPrinterColumns,
    selectableFields,
    schema: { openAPIV3Schema: schema = {} } = {},
  } = found;
  const { group, scope } = definition.spec;
  const names = namesOf(definition);
  const deprecationWarning = deprecationWarningOf(definition, version);
  const setDefaults = (object: ApiObject): void => {
    pruneUnknown(object, schema);
    setSchemaDefaults(object, schema);
  };
  return {
    group,
    version,
    kind: names.kind,
    listKind: names.listKind ?? `${names.kind}List`,
    resource: names.plural,
    isCustom: true,
    singular: names.singular ?? names.kind.toLowerCase(),
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    namespaced: scope === 'Namespaced',
    storagePrefix: `${group}/${names.plural}`,
    nameFaults: dnsSubdomainFaults,
    hasGeneration: true,
    allowUnconditionalUpdate: false,
    subresources: subresourcesOf(found),
    schema: toKindSchema(schema),
    openApiSchema: schema as Json,
    ...(additionalPrinterColumns && { printerColumns: additionalPrinterColumns }),
    ...(selectableFields && {
      selectableFields: selectableFields.map(({ jsonPath }) => withoutDot(jsonPath)),
    }),
    ...(deprecationWarning !== undefined && { deprecationWarning }),
    warnings: finalizerWarnings,
    pruneUnknown: (object) => pruneUnknown(object, schema),
    setDefaults,
    ...preparations(found),
    ...checks(found, schema, cel),
    ...conversions(definition, version, setDefaults),
  };
}

function withoutDot(path: string): string {
  return path.replace(/^\./, '');
}

function subresourcesOf({ subresources: { status, scale } = {} }: DefinitionVersion): Subresources {
  return {
    ...(status && { status: true }),
    ...(scale && {
      scale: {
        specReplicasPath: withoutDot(scale.specReplicasPath),
        statusReplicasPath: withoutDot(scale.statusReplicasPath),
        ...(scale.labelSelectorPath && { selectorPath: withoutDot(scale.labelSelectorPath) }),
      },
    }),
  };
}

function preparations({ subresources: { status } = {} }: DefinitionVersion): Partial<Kind> {
  return {
    prepareForCreate: (object) => {
      if (status) delete object.status;
    },
    prepareForUpdate: (object, old) => {
      if (status || semanticallyEqual(object.status, old.status)) return;
      if (!semanticallyEqual(contentOf(object), contentOf(old))) return;
      object.metadata.generation = (old.metadata.generation ?? 0) + 1;
    },
    prepareForStatusUpdate: (object, old) => {
      const { managedFields, resourceVersion } = object.metadata;
      object.metadata = deepCopy(old.metadata);
      if (resourceVersion !== undefined) object.metadata.resourceVersion = resourceVersion;
      if (managedFields === undefined) delete object.metadata.managedFields;
      else object.metadata.managedFields = managedFields;
    },
  };
}

function contentOf(object: ApiObject): object {
  const { apiVersion: _, kind: __, metadata: ___, status: ____, ...content } = object;
  return content;
}

function checks(
  { subresources: { scale } = {} }: DefinitionVersion,
  schema: JsonSchema,
  cel: CelCompiler | undefined,
): Pick<Kind, 'validate' | 'validateUpdate' | 'validateStatusUpdate'> {
  const rules = rulesOf(schema, cel);
  const statusSchema = schema.properties?.status;
  const listFaults = (object: ApiObject, old: ApiObject) =>
    validateListTypes(old, schema, '').length > 0 ? [] : validateListTypes(object, schema, '');
  return {
    validate: (object) =>
      withRules(rules, object, undefined, [
        ...validateBySchema(object, schema, ''),
        ...validateScaleSpec(object, scale),
        ...validateScaleStatus(object, scale),
        ...validateEmbedded(object, schema, ''),
        ...validateListTypes(object, schema, ''),
      ]),
    validateUpdate: (object, old) =>
      withRules(rules, object, old, [
        ...validateBySchema(object, schema, '', old),
        ...validateScaleSpec(object, scale),
        ...validateScaleStatus(object, scale),
        ...validateEmbedded(object, schema, ''),
        ...listFaults(object, old),
      ]),
    validateStatusUpdate: (object, old) =>
      withRules(rules, object, old, [
        ...(statusSchema && object.status !== undefined
          ? faultsOfField('status', validateBySchema(object.status, statusSchema, '', old.status))
          : []),
        ...validateScaleStatus(object, scale),
        ...listFaults(object, old),
      ]),
  };
}

function rulesOf(schema: JsonSchema, cel: CelCompiler | undefined): RuleTree | undefined {
  if (!hasRules(schema)) return undefined;
  if (cel === undefined) throw new CelError('rules in CEL cannot be compiled here');
  return compileRules(schema, cel, true);
}

/** Faults after which a rule might stumble over what it may count on. */
const BLOCKING: ReadonlySet<FieldError['type']> = new Set([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
]);

function withRules(
  rules: RuleTree | undefined,
  object: ApiObject,
  old: ApiObject | undefined,
  faults: FieldError[],
): FieldError[] {
  if (rules === undefined) return faults;
  if (faults.some(({ type }) => BLOCKING.has(type))) {
    return [...faults, fieldInvalid('<nil>', null, NOT_CHECKED)];
  }
  return [...faults, ...checkRules(rules, object, old, '')];
}

function conversions(
  definition: CustomResourceDefinition,
  version: string,
  setDefaults: Kind['setDefaults'],
): Partial<Kind> {
  const stored = storageVersionOf(definition);
  const apiVersion = apiVersionOf({ ...stored, version });
  const fromStorage = (object: ApiObject): ApiObject => {
    const shown = { ...deepCopy(object), apiVersion };
    setDefaults(shown);
    return shown;
  };
  if (stored.version === version) return { fromStorage };
  const toStorage = (object: ApiObject): ApiObject => ({
    ...deepCopy(object),
    apiVersion: apiVersionOf(stored),
  });
  return { fromStorage, storageVersion: stored, toStorage };
}
