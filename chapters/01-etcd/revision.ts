/**
 * A revision: the store's only clock.
 *
 * Every change of the store takes the next main revision; changes made together in one transaction
 * share it and are told apart by `sub`. Next: `key-index.ts`.
 */

/** Names one change: the `sub`-th (from 0) change of main revision `main`. */
export interface Revision {
  readonly main: number;
  readonly sub: number;
}

/**
 * Orders revisions: by main, then by sub; (5,1) is later than (5,0).
 *
 * @returns negative when `a` is earlier, positive when `a` is later, 0 when they are the same
 */
export function compareRevisions(a: Revision, b: Revision): number {
  return a.main - b.main || a.sub - b.sub;
}
