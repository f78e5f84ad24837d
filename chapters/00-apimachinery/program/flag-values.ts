/**
 * How the values of programs' flags are read. Given.
 *
 * All throw `InvalidArgumentError`, of which commander makes one line that names the flag.
 */

import { InvalidArgumentError } from 'commander';

export function parseBoolean(text: string): boolean {
  if (/^(?:true|t|1)$/i.test(text)) return true;
  if (/^(?:false|f|0)$/i.test(text)) return false;
  throw new InvalidArgumentError('expected true or false');
}

export function parseCount(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('expected a number from 0 on');
  return Number(text);
}

/** A number that may have a fraction: a rate. */
export function parseRate(text: string): number {
  if (!/^\d{1,9}(\.\d{1,9})?$/.test(text)) {
    throw new InvalidArgumentError('expected a number from 0 on');
  }
  return Number(text);
}

export function parseShare(text: string): number {
  const share = parseRate(text);
  if (share > 1) throw new InvalidArgumentError('expected a number from 0 to 1');
  return share;
}

export function parsePort(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) {
    throw new InvalidArgumentError('expected a port from 0 to 65535');
  }
  return Number(text);
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/**
 * A duration as Go writes it: `15s`, `1m30s`.
 *
 * @returns milliseconds, more than 0
 */
export function parseDurationMs(text: string): number {
  let totalMs = 0;
  if (/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) {
    for (const [, amount, unit = ''] of text.matchAll(/([\d.]+)(ms|s|m|h)/g)) {
      totalMs += Number(amount) * (UNITS[unit] ?? 0);
    }
  }
  if (totalMs > 0) return totalMs;
  throw new InvalidArgumentError('expected a duration above 0 such as 15s or 1m30s');
}

/** What does not fit is an error of this one flag. */
export function checked<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
    }
  };
}
