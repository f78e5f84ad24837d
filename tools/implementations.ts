/**
 * Whose code a run uses: the student's or the reference's, per component.
 *
 * One choice becomes conditions of `package.json` `imports`; tsx, Vitest, tsc, `component` and
 * `cluster` all get them from here. The grader links by itself and does not use conditions.
 */

/** For each component name: is it the reference's? A component not named is the student's. */
export type Choice = ReadonlyMap<string, 'mine' | 'reference'>;

/**
 * @param components - all components of the syllabus
 * @param mine - those that are the student's; all others are the reference's
 */
export function chooseMine(components: readonly string[], mine: readonly string[]): Choice {
  for (const name of mine) {
    if (!components.includes(name)) {
      throw new Error(`there is no component ${name}; there are: ${components.join(', ')}`);
    }
  }
  return new Map(components.map((name) => [name, mine.includes(name) ? 'mine' : 'reference']));
}

/** The conditions that make `#x` imports follow the choice, for example `['ref-etcd']`. */
export function conditionsFor(choice: Choice): string[] {
  return [...choice].filter(([, whose]) => whose === 'reference').map(([name]) => `ref-${name}`);
}

/** The same as arguments for `node` and `tsx`: `-C ref-etcd …`. */
export function conditionArguments(choice: Choice): string[] {
  return conditionsFor(choice).flatMap((condition) => ['-C', condition]);
}
