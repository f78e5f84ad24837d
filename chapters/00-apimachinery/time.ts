/** Times as the API writes them. Given. */

/**
 * A time in whole seconds, as `metadata.creationTimestamp` is: `2025-01-01T00:00:00Z`.
 *
 * @param ms - milliseconds since 1970, as `Clock.now()` gives them
 */
export function timestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** A time in microseconds, as a Lease's `renewTime` is: `2025-01-01T00:00:00.000000Z`. */
export function microTimestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 23)}000Z`;
}
