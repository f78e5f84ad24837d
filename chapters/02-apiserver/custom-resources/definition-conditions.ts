/**
 * Whether a definition gets the names it asks for, and whether its objects are served.
 *
 * Two definitions of one group may not be known by the same name: a client that asks for `cron`
 * must know whose objects it gets. Who was first keeps it. Next: `controller.ts`.
 */

import { NotImplemented } from '#not-implemented';
import type { CustomResourceDefinition, DefinitionStatus } from './definition.ts';

/**
 * Works out a definition's accepted names and its conditions.
 *
 * @remarks Given, in `name-conflicts.ts`, are `takenNames`, `namesIn`, `pickName`, and the
 * conditions below.
 *
 * *Names.* `takenNames` says for each field of the spec's names which ones are taken: accepted
 * already, for a definition of the same group, this one's own included. Each field is judged alone:
 *
 * - `plural`, `singular`, `kind`, `listKind`: granted when it is the name accepted before, or not
 *   taken.
 * - `shortNames`: granted when each of them is among those accepted before, or not taken.
 *
 * What is granted is accepted (a field that the spec leaves out is left out). Else what was
 * accepted before stays. `categories` are always accepted: several definitions may share one.
 * `plural` and `kind` are the empty text as long as none was accepted.
 *
 * *NamesAccepted.* `NAMES_ACCEPTED` when all wishes were granted. Else `nameConflict` of the last
 * one that was not, in the order of `NAME_FIELDS` (plural, singular, shortNames, kind, listKind),
 * and of the names in it that are somebody else's.
 *
 * *Established.* Once it is True it stays as it is, whatever becomes of later wishes: the objects
 * are there. Else, when all wishes were granted, it is `ESTABLISHED`. Else it stays as it is, and
 * when there is no such condition it is `NOT_ESTABLISHED`.
 *
 * Both are set by `setCondition` of `#apimachinery`, in this order, in a copy of the conditions
 * there were; others stay.
 *
 * ```text
 * foos (plural foos, kind Foo, short f) exists. Now bars (plural bars, kind Bar, short f):
 * acceptedNames {plural bars, singular bar, kind Bar, listKind BarList}
 * NamesAccepted=False ShortNamesConflict "f" is already in use
 * Established=False   NotAccepted        not all names are accepted
 *
 * foos is deleted; bars is looked at again:
 * acceptedNames as wished, NamesAccepted=True, Established=True
 * ```
 *
 * @param definition - is not changed
 * @param others - all other definitions, of whatever group
 * @param clock - tells what time it is now
 * @returns the new status; `storedVersions` are as they were
 * @see k8s.io/apiextensions-apiserver/pkg/controller/status/naming_controller.go,
 * pkg/controller/establish/establishing_controller.go (1.33)
 * @exercise apiserver/custom-resources
 */
export function definitionConditions(
  definition: CustomResourceDefinition,
  others: readonly CustomResourceDefinition[],
  clock: { now(): number },
): DefinitionStatus {
  throw new NotImplemented('apiserver/custom-resources', 'definitionConditions');
}
