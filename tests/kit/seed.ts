/**
 * The seed of properties: fixed for a release, so that everybody is tested with the same cases.
 *
 * `npm run grade -- --explore` tries others, for no points.
 */

/** The seed of this release. */
export const RELEASE_SEED = 20_260_101;

let seed = RELEASE_SEED;

/** The seed that properties use now. */
export function propertySeed(): number {
  return seed;
}

/** Chooses another seed for this process; for the runner, never for a test. */
export function setPropertySeed(value: number): void {
  seed = value;
}
