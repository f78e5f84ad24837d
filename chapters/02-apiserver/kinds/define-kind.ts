/**
 * Makes a `Kind` of what is special about it; the rest is what most kinds have. Given.
 *
 * The form is `kind.ts`; the kinds are the files beside this one.
 */

import { dnsSubdomainFaults, type FieldError } from '#apimachinery';
import { schemaOfKind } from '../schema/built-in.ts';
import type { Kind } from './kind.ts';

/** What every kind says of itself, and whatever else it needs. */
export type KindDefinition = Pick<Kind, 'group' | 'version' | 'kind' | 'resource' | 'namespaced'> &
  Partial<Omit<Kind, 'schema'>>;

/**
 * Makes a built-in kind.
 *
 * @remarks Left out: `singular` is the kind in lower case; names are DNS subdomains; there is no
 * generation and no subresource; a PUT without a resourceVersion is fine; nothing has a default and
 * nothing is wrong; a change is judged by `validate` alone. The schema is looked up when it is first
 * asked for.
 */
export function defineKind(definition: KindDefinition): Kind {
  const validate = definition.validate ?? ((): FieldError[] => []);
  return {
    singular: definition.kind.toLowerCase(),
    shortNames: [],
    categories: [],
    nameFaults: dnsSubdomainFaults,
    hasGeneration: false,
    subresources: {},
    allowUnconditionalUpdate: true,
    setDefaults: () => {},
    validateUpdate: (object) => validate(object),
    ...definition,
    validate,
    get schema() {
      return schemaOfKind(definition);
    },
  };
}
