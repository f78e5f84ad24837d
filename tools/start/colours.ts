/**
 * Colours for a stream: real ones on a terminal, none for pipes and where NO_COLOR is set.
 */

import picocolors from 'picocolors';
import { type Colours, PLAIN } from './board.ts';

/** @see https://no-color.org: any value but an empty one turns colours off. */
export function coloursFor(
  stream: { readonly isTTY?: boolean },
  environment: Readonly<Record<string, string | undefined>>,
): Colours {
  const wanted = Boolean(stream.isTTY) && !environment.NO_COLOR && environment.TERM !== 'dumb';
  if (!wanted) return PLAIN;
  const { green, red, yellow, dim, bold } = picocolors.createColors(true);
  return { good: green, bad: red, note: yellow, quiet: dim, strong: bold };
}
