/** Durations as Go writes them, since they are part of messages: `10s`, `1m30s`, `15m0s`, `1.5s`. Given. */

/**
 * A duration as text.
 *
 * @param ms - whole milliseconds, 0 or more
 */
export function goDuration(ms: number): string {
  if (ms === 0) return '0s';
  if (ms < 1000) return `${ms}ms`;
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor(ms / 60_000) % 60;
  const seconds = `${(ms % 60_000) / 1000}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}
