/** Durations as Go writes them: `1h30m0s`, `500ms`. Given. */

import { ValueError } from './value-error.ts';

const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};
const PART = /(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/y;
const MAX = 2n ** 63n - 1n;

/**
 * Reads a duration.
 *
 * @param text - `90s`, `1.5h`, `-1m`, `0`
 * @returns nanoseconds
 * @throws ValueError with the text Go would have
 * @see time.ParseDuration of Go
 */
export function parseDuration(text: string): bigint {
  const invalid = () => new ValueError(`time: invalid duration ${JSON.stringify(text)}`);
  const unsigned = /^[+-]/.test(text) ? text.slice(1) : text;
  if (unsigned === '0') return 0n;
  // No duration that fits needs more.
  if (unsigned === '' || unsigned.length > 200) throw invalid();
  let sum = 0n;
  PART.lastIndex = 0;
  while (PART.lastIndex < unsigned.length) {
    const [, whole = '', fraction = '', unit = ''] = PART.exec(unsigned) ?? [];
    const nanoseconds = UNITS[unit];
    if (nanoseconds === undefined || whole + fraction === '') throw invalid();
    sum += BigInt(whole || '0') * nanoseconds;
    sum += (BigInt(fraction || '0') * nanoseconds) / 10n ** BigInt(fraction.length);
  }
  if (sum > MAX) throw invalid();
  return text.startsWith('-') ? -sum : sum;
}

/**
 * Writes a duration.
 *
 * @param nanoseconds - 90 seconds
 * @returns `1m30s`
 * @see time.Duration.String of Go
 */
export function durationText(nanoseconds: bigint): string {
  if (nanoseconds === 0n) return '0s';
  const sign = nanoseconds < 0n ? '-' : '';
  const amount = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  if (amount < 1_000n) return `${sign}${amount}ns`;
  if (amount < 1_000_000n) return `${sign}${withFraction(amount, 3)}µs`;
  if (amount < 1_000_000_000n) return `${sign}${withFraction(amount, 6)}ms`;
  const minutes = amount / 60_000_000_000n;
  const seconds = `${withFraction(amount % 60_000_000_000n, 9)}s`;
  if (minutes === 0n) return `${sign}${seconds}`;
  if (minutes < 60n) return `${sign}${minutes}m${seconds}`;
  return `${sign}${minutes / 60n}h${minutes % 60n}m${seconds}`;
}

/** A number of which the last `digits` stand behind the dot, without zeros at its end. */
function withFraction(amount: bigint, digits: number): string {
  const text = amount.toString().padStart(digits + 1, '0');
  const fraction = text.slice(-digits).replace(/0+$/, '');
  return `${text.slice(0, -digits)}${fraction && `.${fraction}`}`;
}
