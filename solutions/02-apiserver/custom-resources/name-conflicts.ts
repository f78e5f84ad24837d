/**
 * The names that definitions of a group have taken, and what conditions say of them. Given;
 * `definition-conditions.ts` judges.
 *
 * @see k8s.io/apiextensions-apiserver/pkg/controller/status/naming_controller.go (1.33)
 */

import type { Condition } from '#apimachinery';
import type { CustomResourceDefinition, DefinitionNames } from './definition.ts';

/** A field of the spec's names that two definitions of a group may not share. */
export type NameField = 'plural' | 'singular' | 'shortNames' | 'kind' | 'listKind';

/** All such fields; of conflicts in several, the one of the last is told. */
export const NAME_FIELDS: readonly NameField[] = [
  'plural',
  'singular',
  'shortNames',
  'kind',
  'listKind',
];

/** The names that stand in a field: one, all short names, or none. */
export function namesIn(names: Partial<DefinitionNames>, field: NameField): readonly string[] {
  const found = names[field] ?? [];
  return typeof found === 'string' ? [found] : found;
}

/** One field of names by itself; `{}` when it is left out. */
export function pickName(
  names: Partial<DefinitionNames>,
  field: keyof DefinitionNames,
): Partial<DefinitionNames> {
  const found = names[field];
  return found === undefined ? {} : { [field]: found };
}

/**
 * The names accepted for any of some definitions.
 *
 * @returns for each field the names it may not have: plurals, singulars and short names are one
 * set, kinds and list kinds another
 */
export function takenNames(
  definitions: readonly CustomResourceDefinition[],
): Readonly<Record<NameField, ReadonlySet<string>>> {
  const names = definitions.flatMap(({ status }) => status?.acceptedNames ?? []);
  const present = (list: (string | undefined)[]) =>
    new Set(list.filter((name) => name !== undefined && name !== '')) as Set<string>;
  const resources = present(
    names.flatMap(({ plural, singular, shortNames = [] }) => [plural, singular, ...shortNames]),
  );
  const kinds = present(names.flatMap(({ kind, listKind }) => [kind, listKind]));
  return {
    plural: resources,
    singular: resources,
    shortNames: resources,
    kind: kinds,
    listKind: kinds,
  };
}

const REASONS: Readonly<Record<NameField, string>> = {
  plural: 'PluralConflict',
  singular: 'SingularConflict',
  shortNames: 'ShortNamesConflict',
  kind: 'KindConflict',
  listKind: 'ListKindConflict',
};

/**
 * `NamesAccepted` when some names are somebody else's.
 *
 * @param names - at least one
 */
export function nameConflict(field: NameField, names: readonly string[]): Condition {
  const texts = names.map((name) => `${JSON.stringify(name)} is already in use`);
  const message = texts.length > 1 ? `[${texts.join(', ')}]` : (texts[0] ?? '');
  return { type: 'NamesAccepted', status: 'False', reason: REASONS[field], message };
}

export const NAMES_ACCEPTED: Condition = {
  type: 'NamesAccepted',
  status: 'True',
  reason: 'NoConflicts',
  message: 'no conflicts found',
};

export const ESTABLISHED: Condition = {
  type: 'Established',
  status: 'True',
  reason: 'InitialNamesAccepted',
  message: 'the initial names have been accepted',
};

export const NOT_ESTABLISHED: Condition = {
  type: 'Established',
  status: 'False',
  reason: 'NotAccepted',
  message: 'not all names are accepted',
};
