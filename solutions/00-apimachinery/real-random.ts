/** Real chance: an adapter, made in mains only. Everybody else gets a `Random` (`random.ts`). */

import { Random } from './random.ts';

/** So many numbers are fetched at once: each call to the system costs more than a hundred numbers. */
const WORDS = 256;

/** Random numbers nobody can foresee. */
export function realRandom(): Random {
  const words = new Uint32Array(WORDS);
  let next = WORDS;
  return new Random(() => {
    if (next === WORDS) {
      crypto.getRandomValues(words);
      next = 0;
    }
    const word = words[next] as number;
    // What was given out is nobody else's to read.
    words[next++] = 0;
    return word;
  });
}
