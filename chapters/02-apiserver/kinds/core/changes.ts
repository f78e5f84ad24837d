/**
 * What is different between two values, in a few lines for an error message. Given.
 *
 * The real server prints a diff of its own internal objects, which nobody has to read but people.
 */

import { semanticallyEqual } from '#apimachinery';

/** More would not be read. */
const MAX_LINES = 20;

/**
 * Says what changed, a line for each place.
 *
 * @returns lines such as `-   spec.nodeName: "a"` and `+   spec.nodeName: "b"`; each ends a line
 */
export function changesText(old: unknown, now: unknown, path: string): string {
  const lines = changes(old, now, path);
  const shown = lines.slice(0, MAX_LINES);
  if (lines.length > MAX_LINES) shown.push('  …');
  return shown.map((line) => `${line}\n`).join('');
}

function changes(old: unknown, now: unknown, path: string): string[] {
  if (semanticallyEqual(old, now)) return [];
  if (!isContainer(old) || !isContainer(now) || Array.isArray(old) !== Array.isArray(now)) {
    const line = (sign: string, value: unknown) =>
      value === undefined ? [] : [`${sign}   ${path}: ${JSON.stringify(value)}`];
    return [...line('-', old), ...line('+', now)];
  }
  const keys = [...new Set([...Object.keys(old), ...Object.keys(now)])];
  const isList = Array.isArray(old);
  return keys.flatMap((key) =>
    changes(old[key], now[key], isList ? `${path}[${key}]` : `${path}.${key}`),
  );
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
