/** Real chance: an adapter, made in mains only. Everybody else gets a `Random` (`random.ts`). */

import { Random } from './random.ts';

/** Random numbers nobody can foresee. */
export function realRandom(): Random {
  const word = new Uint32Array(1);
  return new Random(() => crypto.getRandomValues(word)[0] as number);
}
