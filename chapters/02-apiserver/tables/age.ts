/**
 * How long something has been there, in a few letters: `5m30s`, `3d4h`, `2y10d`. Given.
 *
 * @see k8s.io/apimachinery/pkg/util/duration/duration.go (1.33), HumanDuration
 */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/**
 * A duration with the two or three figures that matter.
 *
 * @remarks `119s`, `2m`, `9m59s`, `179m`, `3h`, `7h59m`, `47h`, `2d`, `7d23h`, `729d`, `2y`,
 * `7y364d`, `8y`. Up to two seconds into the future are `0s`: clocks differ a little. More is
 * `<invalid>`.
 *
 * @param ms - milliseconds
 */
export function humanDuration(ms: number): string {
  const seconds = Math.trunc(ms / SECOND);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 2 * 60) return `${seconds}s`;
  const minutes = Math.trunc(ms / MINUTE);
  if (minutes < 10) return `${minutes}m${orNothing(seconds % 60, 's')}`;
  if (minutes < 3 * 60) return `${minutes}m`;
  const hours = Math.trunc(ms / HOUR);
  if (hours < 8) return `${hours}h${orNothing(minutes % 60, 'm')}`;
  if (hours < 48) return `${hours}h`;
  return humanDays(hours);
}

function humanDays(hours: number): string {
  const days = Math.trunc(hours / 24);
  if (days < 8) return `${days}d${orNothing(hours % 24, 'h')}`;
  if (days < 2 * 365) return `${days}d`;
  const years = Math.trunc(days / 365);
  if (years < 8) return `${years}y${orNothing(days % 365, 'd')}`;
  return `${years}y`;
}

function orNothing(amount: number, unit: string): string {
  return amount === 0 ? '' : `${amount}${unit}`;
}

/**
 * How long ago a time was.
 *
 * @param time - RFC 3339; absent: `<unknown>`
 * @param nowMs - milliseconds since 1970
 */
export function age(time: string | null | undefined, nowMs: number): string {
  if (!time) return '<unknown>';
  return humanDuration(nowMs - Date.parse(time));
}
