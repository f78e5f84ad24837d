/**
 * `property`: a test over many generated cases, by fast-check, with the release's seed.
 *
 * `property('a range is sorted', fc.array(fc.string()), (keys) => { … })`. The body fails by
 * throwing, usually through `expect`; it makes its own objects each time. `property.core` marks it
 * as a core test. A last argument `{ runs: 1000 }` asks for more cases than 100.
 */

import * as fc from 'fast-check';
import { asNotImplemented } from '#not-implemented';
import { declareRaw } from './cases.ts';
import { failureOf } from './failure.ts';
import { startRecording } from './recording.ts';
import { literal } from './render.ts';
import { propertySeed } from './seed.ts';

/** How hard to look. */
export interface PropertyOptions {
  /** Generated cases; 100 when not said. */
  readonly runs?: number;
}

type Arbitraries<Values extends unknown[]> = { [I in keyof Values]: fc.Arbitrary<Values[I]> };
type PropertyBody<Values extends unknown[]> = (...values: Values) => void | Promise<void>;

/** Declares a property. */
export interface Property {
  <Values extends [unknown, ...unknown[]]>(
    name: string,
    ...rest: [...arbitraries: Arbitraries<Values>, body: PropertyBody<Values>]
  ): void;
  <Values extends [unknown, ...unknown[]]>(
    name: string,
    ...rest: [
      ...arbitraries: Arbitraries<Values>,
      body: PropertyBody<Values>,
      options: PropertyOptions,
    ]
  ): void;
}

/** Declares a property: a test that holds for every generated case. */
export const property: Property & { readonly core: Property } = Object.assign(
  declareProperty(false),
  { core: declareProperty(true) },
);

function declareProperty(core: boolean): Property {
  return (name: string, ...rest: unknown[]): void => {
    const last = rest.at(-1);
    const options = typeof last === 'function' ? {} : (rest.pop() as PropertyOptions);
    const body = rest.pop() as PropertyBody<unknown[]>;
    const arbitraries = rest as fc.Arbitrary<unknown>[];
    declareRaw(name, core, () => holds(name, arbitraries, body, options));
  };
}

async function holds(
  name: string,
  arbitraries: readonly fc.Arbitrary<unknown>[],
  body: PropertyBody<unknown[]>,
  options: PropertyOptions,
): Promise<void> {
  const seed = propertySeed();
  let stub: unknown;
  const predicate = async ([values]: [unknown[]]): Promise<void> => {
    if (stub !== undefined) throw stub; // Not written yet: no smaller case says it better.
    startRecording(false);
    try {
      await body(...values);
    } catch (thrown) {
      if (asNotImplemented(thrown)) stub = thrown;
      throw thrown;
    }
  };
  const asked = fc.asyncProperty(fc.tuple(...arbitraries), (values) => predicate([values]));
  const result = await fc.check(asked, { seed, numRuns: options.runs ?? 100 });
  if (!result.failed) return;
  const values = result.counterexample?.[0] ?? [];
  const counterexample = values.map((value) => literal(value)).join(', ');
  throw await failAgain(name, values, body, result.errorInstance, { seed, counterexample });
}

/** Runs the smallest failing case once more, so that the steps shown are its steps. */
async function failAgain(
  name: string,
  values: unknown[],
  body: PropertyBody<unknown[]>,
  found: unknown,
  about: { seed: number; counterexample: string },
): Promise<Error> {
  const recording = startRecording();
  try {
    await body(...values);
  } catch (thrown) {
    return failureOf(name, thrown, recording, about);
  }
  return failureOf(name, found, recording, about);
}
