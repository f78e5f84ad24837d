/** What a running example calls for each `// → value`: does the value read as the handout says? */

import { inspect, isDeepStrictEqual } from 'node:util';

/** What did not come out as the handout says, one line each. */
export const problems: string[] = [];

/**
 * @param line - of the example, counted from 1
 * @param expected - a JavaScript value (`{ count: 2 }`), or `throws Name: message`
 */
export async function check(
  line: number,
  expected: string,
  run: () => Promise<unknown>,
): Promise<void> {
  let actual: string;
  try {
    const value = await run();
    if (sameValue(value, expected)) return;
    actual = inspect(value, { depth: 9, breakLength: Number.POSITIVE_INFINITY });
  } catch (error) {
    const { name = 'Error', message = '' } = error as Error;
    actual = `throws ${name}: ${message}`;
    if (actual === expected || actual.startsWith(`${expected}:`)) return;
  }
  problems.push(`line ${line}: the handout says ${expected}, it is ${actual}`);
}

function sameValue(value: unknown, expected: string): boolean {
  let wanted: unknown;
  try {
    wanted = new Function(`return (${expected});`)();
  } catch {
    // Not JavaScript: how Node would print it, such as `Map(1) { 'a' => 1 }`.
    const shown = inspect(value, { depth: 9, breakLength: Number.POSITIVE_INFINITY });
    return shown === expected;
  }
  return isDeepStrictEqual(plain(value), plain(wanted));
}

/** A copy in which an instance of a class equals a literal with the same fields. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object') return value;
  if (value instanceof Map || value instanceof Set || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, plain(field)]));
}
