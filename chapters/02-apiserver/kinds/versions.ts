/**
 * Kinds that are served in more versions than the one they are stored in. Given.
 *
 * HorizontalPodAutoscalers are stored as autoscaling/v2 and served as v1 too; Events are stored as
 * core v1 and served as events.k8s.io/v1 too. Each version converts by its `toStorage` and
 * `fromStorage`.
 */

import type { Kind } from './kind.ts';

/**
 * The kind that the registry's verbs work on when a request comes in a version in which nothing is
 * stored: the stored kind, with the checks of the version that was asked for.
 *
 * @remarks A create through `kind`:
 *
 * ```text
 * kind.setDefaults(sent)
 * create(registry of storedFormOf(kind, stored), kind.toStorage(sent), …)
 * answer with kind.fromStorage(what was stored)
 * ```
 *
 * @param kind - one with a `storageVersion`
 * @param stored - the kind of that version
 */
export function storedFormOf(kind: Kind, stored: Kind): Kind {
  return {
    ...stored,
    nameFaults: kind.nameFaults,
    validate: (object) => kind.validate(object),
    validateUpdate: (object, old) => kind.validateUpdate(object, old),
    ...(kind.validateStatusUpdate && { validateStatusUpdate: kind.validateStatusUpdate }),
  };
}
