/** The error for text that is no selector. Given; thrown by `selector.ts`. */

/** Thrown for a label or field selector that cannot be understood. */
export class SelectorError extends Error {
  override readonly name = 'SelectorError';
}
